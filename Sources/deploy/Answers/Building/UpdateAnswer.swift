import Darksites
import Primitives

/// How an update moved the lock. People have been told on the way, in events.
struct UpdateAnswer: Answer {
    let comparison: LockComparison

    init(_ comparison: LockComparison) { self.comparison = comparison }

    func text(_ style: Style) -> [TextLine] { [] }

    var json: JSON? {
        .fields([
            "same": .bool(comparison.isEmpty), "distributions": .list(comparison.distributions, JSON.difference),
        ])
    }
}

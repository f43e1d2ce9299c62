import Darksites
import Locking
import Primitives

extension LockComparison {
    /// What moved in a few words: "cowsay added", "4 packages upgraded, 1 added"; nil where nothing did.
    var inShort: String? {
        guard !isEmpty else { return nil }
        let changes = distributions.flatMap(\.changes).map(\.change)
        guard !changes.isEmpty else { return "the archives moved, and no package" }
        let words = ["added", "removed", "upgraded", "downgraded", "replaced"]
        func word(_ change: LockDifference.Change) -> String {
            switch change.kind {
            case .added: words[0]
            case .removed: words[1]
            case .upgraded: words[2]
            case .downgraded: words[3]
            case .replaced: words[4]
            }
        }
        if changes.count <= 2 { return changes.map { "\($0.name) \(word($0))" }.joined(separator: ", ") }
        let parts = words.compactMap { kind in
            let count = changes.count { word($0) == kind }
            return count > 0 ? (count, kind) : nil
        }
        return parts.enumerated().map { index, part in
            "\(index == 0 ? part.0.counted("package") : "\(part.0)") \(part.1)"
        }.joined(separator: ", ")
    }
}

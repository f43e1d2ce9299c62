import BuildGraph
import Primitives
private import Synchronization

/// Writes down what one build says of itself while it goes on, with the time since it began.
final class BuildJournal: Sendable {
    /// Seconds since 1970, when the build began.
    let started: Int64
    private let start = ContinuousClock.now
    private let chronicle = Mutex(BuildChronicle())
    private let ending = Mutex<BuildRecord?>(nil)

    init(started: Int64) { self.started = started }

    /// Since the build began.
    var time: Duration { ContinuousClock.now - start }

    /// What was said so far.
    var soFar: BuildChronicle { chronicle.withLock { $0 } }

    /// What the build came to, once it has ended; nil for one that did not come to its graph.
    var record: BuildRecord? {
        get { ending.withLock { $0 } }
        set { ending.withLock { $0 = newValue } }
    }

    func note(_ event: BuildEvent) {
        let time = time
        chronicle.withLock { $0.note(event, at: time) }
    }

    /// Runs `body`, and notes how long it took, also where it throws.
    func during<T>(_ phase: String, _ body: () async throws -> T) async rethrows -> T {
        let began = time
        defer { note(phase, from: began) }
        return try await body()
    }

    /// Notes a phase that ends now.
    func note(_ phase: String, from began: Duration) {
        let ended = time
        chronicle.withLock { $0.note(phase: phase, from: began, to: ended) }
    }
}

package import Primitives

/// What is tried next for one request: a value that is told what failed and says which source to ask, and when.
///
/// Sources are asked in their order. One that may work later (no connection, stalled, 5xx, 429, half a file) is asked
/// again after an exponentially growing pause, but sources that were asked less often come first. One that
/// answered for good (404, other bytes) is not asked again. Times count from any fixed moment.
struct RequestPlan {
    /// The state of one source.
    struct Source {
        var tries = 0
        /// Tries that made no headway; `RetryPolicy.tries` of them are enough.
        var idleTries = 0
        var notBefore = Duration.zero
        var failure: SourceFailure?
        var isGivenUp = false
        var startedOver = false
    }

    private let policy: RetryPolicy
    private(set) var sources: [Source]
    /// The longest that the file ever was.
    private var furthest: Int64 = 0

    init(sources: Int, policy: RetryPolicy) {
        self.policy = policy
        self.sources = Array(repeating: Source(), count: sources)
    }

    /// The source to ask next and the earliest time for it; nil when all are given up. Sources that `isSuspect`
    /// come after all others.
    func next(isSuspect: (Int) -> Bool) -> (source: Int, notBefore: Duration)? {
        let open = sources.indices.filter { !sources[$0].isGivenUp }
        let best = open.min { a, b in
            (isSuspect(a) ? 1 : 0, sources[a].idleTries, a) < (isSuspect(b) ? 1 : 0, sources[b].idleTries, b)
        }
        return best.map { ($0, sources[$0].notBefore) }
    }

    /// Records that `source` failed at time `now`, when the file was `reached` bytes long. The server's
    /// `Retry-After` is respected within the policy's bound. `jitter` is from 0 to 1.
    mutating func failed(
        _ source: Int, _ failure: SourceFailure, at now: Duration, reached: Int64, retryAfter: Duration?, jitter: Double
    ) {
        sources[source].tries += 1
        sources[source].failure = failure
        switch failure.remedy {
        case .leaveSource:
            sources[source].isGivenUp = true
        case .startOver:
            // Once; a server that says so of a whole file is odd enough to be left.
            if sources[source].startedOver { sources[source].isGivenUp = true }
            sources[source].startedOver = true
        case .tryAgain:
            if reached >= furthest + policy.headway.bytes {
                furthest = reached
                sources[source].idleTries = 0
            }
            sources[source].idleTries += 1
            let idle = sources[source].idleTries
            if idle >= policy.tries { sources[source].isGivenUp = true }
            let pause = min(policy.firstPause * (1 << min(idle - 1, 16)), policy.longestPause) * (0.5 + jitter / 2)
            sources[source].notBefore = now + max(pause, min(retryAfter ?? .zero, policy.longestRetryAfter))
        }
    }

    /// Gives `source` up without asking it.
    mutating func skip(_ source: Int, _ failure: SourceFailure) {
        sources[source].isGivenUp = true
        if sources[source].failure == nil { sources[source].failure = failure }
    }
}

/// How often and how fast a source is asked again.
package struct RetryPolicy: Sendable {
    /// How often a source is asked that fails without getting any further.
    package var tries = 5
    /// The pause after the first failure; each further one is twice as long. Shortened at random by up to half.
    package var firstPause = Duration.milliseconds(500)
    /// What the doubling ends at.
    package var longestPause = Duration.seconds(15)
    /// The most that a server's `Retry-After` is waited for.
    package var longestRetryAfter = Duration.seconds(60)
    /// A broken try that brought the file this much further does not count.
    package var headway = ByteCount(1_000_000)

    package init() {}
}

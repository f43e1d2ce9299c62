package import BuildGraph
import ContentStore
package import Primitives
import Synchronization

/// A cache that others use, too, as one build sees it: whether it answers, what it can do, what was asked of it.
///
/// Nothing that goes wrong with it fails the build, unless it is required: what it does not give is made here. It is said once
/// that it went wrong, and then it is not asked any more.
package final class RemoteCache: Sendable {
    /// What a call is for: that decides what its failure means.
    enum Purpose {
        /// Finding and fetching.
        case reading
        /// Keeping what was made here.
        case writing
        /// Running steps.
        case executing
    }

    /// What went between this build and the server.
    package struct Traffic: Hashable, Sendable {
        /// Results that it had, and that it had not.
        package var hits = 0
        package var misses = 0
        /// Blobs that came from it, and that went there.
        package var fetched = 0
        package var uploaded = 0
        /// Their sizes together.
        package var bytesFetched = ByteCount.zero
        package var bytesUploaded = ByteCount.zero

        /// In a sentence; nil where nothing was asked.
        package var summary: String? {
            guard hits + misses + fetched + uploaded > 0 else { return nil }
            let parts = [
                hits + misses > 0 ? "\(hits) of \(hits + misses) results" : nil,
                fetched > 0 ? "\(bytesFetched) came from it" : nil, uploaded > 0 ? "\(bytesUploaded) went there" : nil,
            ]
            return "remote cache: \(parts.compactMap { $0 }.joined(separator: ", "))"
        }
    }

    /// What it said when it was asked for a result.
    struct Answer {
        /// What it had.
        let found: StepRecord?
        /// Whether that is made here as well, and compared, before it is used.
        let isDoubted: Bool

        /// What is used without more ado.
        var record: StepRecord? { isDoubted ? nil : found }
        /// What something else that is made here would contradict.
        var doubted: StepRecord? { isDoubted ? found : nil }
    }

    private struct State {
        var capabilities: ServerCapabilities?
        /// Why it is not asked any more.
        var isAway: CallFailure?
        /// Why nothing is put into it any more.
        var isClosed: CallFailure?
        /// Why no step is run there any more.
        var isIdle: CallFailure?
        var traffic = Traffic()
        var answers: [StepKey: Answer] = [:]
        /// Blobs that it is known to have.
        var known: Set<Blob> = []
        /// How long was waited for calls of which nothing came, and until when.
        var lost = Duration.zero
        var lostUntil = ContinuousClock.now

        /// Notes a call that was waited for in vain since `start`; others that were waited for meanwhile took no longer together.
        mutating func lose(since start: ContinuousClock.Instant) {
            let now = ContinuousClock.now
            lost += now - max(start, lostUntil)
            lostUntil = now
        }
    }

    /// How long a build waits in vain, in all: it is tried again where one call hung, and not where the server does.
    private static let mostLost = Duration.seconds(30)

    /// How it is used.
    package let options: RemoteOptions
    let server: RemoteServer
    private let state = Mutex(State())
    private let events: @Sendable (BuildEvent) -> Void

    /// The cache that `options` name; it is not asked before something is wanted of it. `events` gets the sentence that says why
    /// it is not used any more.
    package init(_ options: RemoteOptions, events: @escaping @Sendable (BuildEvent) -> Void) {
        self.options = options
        self.events = events
        server = RemoteServer(options.address, login: options.login)
    }

    /// What went to and fro so far.
    package var traffic: Traffic { state.withLock { $0.traffic } }

    /// Whether it is still asked.
    var isAway: Bool { state.withLock { $0.isAway != nil } }

    /// Whether steps are run there.
    var executes: Bool { state.withLock { options.executes && $0.isAway == nil && $0.isIdle == nil } }

    func count(_ change: (inout Traffic) -> Void) { state.withLock { change(&$0.traffic) } }

    /// Those of `blobs` that it is not known to have.
    func unknown(of blobs: Set<Blob>) -> Set<Blob> { state.withLock { blobs.subtracting($0.known) } }

    /// What it said of the run with this key; nil where it was not asked yet.
    func answer(about key: StepKey) -> Answer? { state.withLock { $0.answers[key] } }

    func keep(_ answer: Answer, about key: StepKey) { state.withLock { $0.answers[key] = answer } }

    func learn(_ blobs: some Sequence<Blob>) { state.withLock { $0.known.formUnion(blobs) } }

    func forget(_ blobs: some Sequence<Blob>) { state.withLock { $0.known.subtract(blobs) } }

    /// What the server can do; asked once. Throws `CallFailure`.
    func capabilities() async throws -> ServerCapabilities {
        if let known = state.withLock({ $0.capabilities }) { return known }
        let found = try await server.capabilities()
        state.withLock { $0.capabilities = found }
        return found
    }

    /// Does `body`, and again after a pause where that may help. Nil where the server has not got what is asked for, or is not
    /// asked any more. Throws `RemoteFailed` where it is required, and `CancellationError`.
    func ask<T>(_ purpose: Purpose, _ body: (ServerCapabilities) async throws -> T) async throws -> T? {
        if purpose == .writing, options.isReadOnly || state.withLock({ $0.isClosed != nil }) { return nil }
        if purpose == .executing, state.withLock({ $0.isIdle != nil }) { return nil }
        var pauses = Self.pauses(isFirst: state.withLock { $0.capabilities == nil }).makeIterator()
        while !isAway {
            let start = ContinuousClock.now
            do {
                return try await body(try await capabilities())
            } catch let failure as CallFailure {
                try Task.checkCancellation()
                if purpose == .reading, failure.code == .notFound { return nil }
                if failure.code == .deadlineExceeded { state.withLock { $0.lose(since: start) } }
                let isHanging = state.withLock { $0.lost > Self.mostLost }
                if failure.isPassing, !isHanging, let pause = pauses.next() {
                    try await Task.sleep(for: pause)
                    continue
                }
                try giveUp(purpose, server.login.hidden(in: failure))
                return nil
            }
        }
        return nil
    }

    /// The pauses between tries of a call that failed. A server that has never answered is given less time than one that has.
    private static func pauses(isFirst: Bool) -> [Duration] {
        let base: [Duration] =
            isFirst ? [.milliseconds(300)] : [.milliseconds(200), .milliseconds(800), .milliseconds(2500)]
        // Many that were turned away together must not come back together.
        return base.map { $0 * Double.random(in: 0.7...1.3) }
    }

    /// Whether results may be put there, as far as it says so itself: where it takes none, it is spared their blobs.
    func takesResults() async throws -> Bool {
        try await ask(.writing) { capabilities in
            guard capabilities.mayUpdateResults else { throw CallFailure(.permissionDenied, "it takes no results") }
            return true
        } ?? false
    }

    /// Stops asking it, for good or for this purpose, and says so once.
    func giveUp(_ purpose: Purpose, _ failure: CallFailure) throws {
        let isFirst = state.withLock { state in
            switch purpose {
            case .reading:
                defer { state.isAway = state.isAway ?? failure }
                return state.isAway == nil
            case .executing:
                defer { state.isIdle = state.isIdle ?? failure }
                return state.isIdle == nil
            case .writing:
                // Whoever does not answer at all gives nothing either.
                if failure.code == .unavailable || failure.code == .deadlineExceeded {
                    defer { state.isAway = state.isAway ?? failure }
                    return state.isAway == nil
                }
                defer { state.isClosed = state.isClosed ?? failure }
                return state.isClosed == nil
            }
        }
        if options.isRequired {
            throw RemoteFailed(address: options.address, failure: failure, use: purpose == .writing ? .written : .read)
        }
        guard isFirst else { return }
        let goesOn =
            if isAway { "this build goes on without it" } else if purpose == .writing {
                "what this build makes stays here"
            } else {
                "steps run here"
            }
        events(.warning("the remote cache \(options.address): \(failure); \(goesOn)"))
    }
}

/// A remote cache that is required, or asked about, and failed.
struct RemoteFailed: UserError {
    let address: RemoteAddress
    let failure: CallFailure
    let use: Use

    enum Use: Sendable {
        case asked
        case read
        case written
    }

    var what: String {
        let cache = "the remote cache \(address)"
        return switch use {
        case .asked: "\(cache) does not answer as it should: \(failure)"
        case .read: "\(cache) can't be used, and it is required: \(failure)"
        case .written: "\(cache) takes nothing, and it is required: \(failure)"
        }
    }
    var hint: String? {
        switch failure.code {
        case .unauthenticated:
            "a token or a certificate shows who asks: `remote:` in deploy.yaml, or DEPLOY_REMOTE_TOKEN"
        case .permissionDenied: "a build that may not write there says so: --remote-readonly"
        default:
            use == .asked
                ? "a server of the Remote Execution API should listen there, by gRPC: name another with --remote"
                : "`deploy remote status` shows whether it answers; without it: --no-remote"
        }
    }
}

/// What a server says of itself.
struct ServerCapabilities: Sendable, Equatable {
    /// The most that a batch may hold, in bytes.
    let mostBatchBytes: Int
    /// Whether results may be put into it.
    let mayUpdateResults: Bool
    /// Whether blobs may be packed with zstd on their way.
    let packsWithZstd: Bool
    /// Whether it runs actions.
    let executes: Bool
}

extension RemoteServer {
    /// What it can do. Throws `CallFailure`, also where it does not know SHA-256.
    func capabilities() async throws -> ServerCapabilities {
        let request = InstanceRequest(instance: address.instance)
        let found: CapabilitiesMessage = try await ask(
            "/build.bazel.remote.execution.v2.Capabilities/GetCapabilities", request,
            patience: Patience(stall: .seconds(10), limit: .seconds(10)))
        guard found.digestFunctions.contains(1) else {
            throw CallFailure(.failedPrecondition, "it does not name blobs by their SHA-256")
        }
        // gRPC's own limit is 4 MiB a message where nobody says another; what is around the blobs has to fit in, too.
        let most = 3_500_000
        return ServerCapabilities(
            mostBatchBytes: found.mostBatchBytes > 0 ? min(most, Int(clamping: found.mostBatchBytes)) : most,
            mayUpdateResults: found.mayUpdateResults, packsWithZstd: found.compressors.contains(1),
            executes: found.executes)
    }
}

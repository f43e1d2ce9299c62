private import Synchronization

/// Time that was allowed and is over.
struct DeadlineOver: Error {}

/// Does `body`, and cancels it when `limit` is over.
///
/// Throws `DeadlineOver` then, and what `body` throws else.
func withDeadline<T: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T?.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            return nil
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() ?? nil else { throw DeadlineOver() }
        return result
    }
}

/// Something that one task waits for and others announce. What is announced while nobody waits is not lost.
final class Bell: Sendable {
    private enum State {
        case silent
        case rung
        case awaited(CheckedContinuation<Void, any Error>)
    }

    private let state = Mutex(State.silent)

    /// Returns after the next `ring`, or at once where one came since the last wait. Throws `CancellationError`.
    func wait() async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isRung = state.withLock { state in
                    if case .rung = state {
                        state = .silent
                        return true
                    }
                    state = .awaited(continuation)
                    return false
                }
                if isRung { continuation.resume() } else if Task.isCancelled { cancel() }
            }
        } onCancel: {
            cancel()
        }
    }

    func ring() { change(to: .rung) { $0.resume() } }

    private func cancel() { change(to: nil) { $0.resume(throwing: CancellationError()) } }

    private func change(to new: State?, _ wake: (CheckedContinuation<Void, any Error>) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            if case .awaited(let continuation) = state {
                state = .silent
                return continuation
            }
            if let new { state = new }
            return nil
        }
        if let waiter { wake(waiter) }
    }
}

/// That something ended, for one who waits for it.
final class EndSignal: Sendable {
    private let state = Mutex(false)
    private let bell = Bell()

    var isSet: Bool { state.withLock { $0 } }

    func set() {
        state.withLock { $0 = true }
        bell.ring()
    }

    /// Returns when it is set. Throws `CancellationError`.
    func wait() async throws { while !isSet { try await bell.wait() } }
}

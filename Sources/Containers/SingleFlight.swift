/// Sees to it that the same work is done once, however many ask for it at the same time, and remembers what it gave.
///
/// A failure goes to everyone who waited, and is not remembered. Where the one that works is cancelled, the next who waits
/// does the work; whoever waits can be cancelled alone.
actor SingleFlight<Key: Hashable & Sendable, Value: Sendable> {
    private var values: [Key: Value] = [:]
    private var waiting: [Key: [AsyncStream<Result<Value, any Error>>.Continuation]] = [:]

    /// What `work` gives for `key`. Throws what it throws, or `CancellationError`.
    func value(for key: Key, work: @Sendable () async throws -> Value) async throws -> Value {
        while true {
            if let value = values[key] { return value }
            guard waiting[key] != nil else { return try await fly(key, work) }
            let (stream, continuation) = AsyncStream.makeStream(of: Result<Value, any Error>.self)
            waiting[key]?.append(continuation)
            var result: Result<Value, any Error>?
            for await outcome in stream { result = outcome }
            try Task.checkCancellation()
            if let result { return try result.get() }
        }
    }

    /// Forgets what is known for `key`, so that the next who asks does the work.
    func forget(_ key: Key) { values[key] = nil }

    private func fly(_ key: Key, _ work: @Sendable () async throws -> Value) async throws -> Value {
        waiting[key] = []
        let outcome: Result<Value, any Error>
        do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
        let cancelled = Task.isCancelled
        for continuation in waiting.removeValue(forKey: key) ?? [] {
            if case .success = outcome {
                continuation.yield(outcome)
            } else if !cancelled {
                continuation.yield(outcome)
            }
            continuation.finish()
        }
        let value = try outcome.get()
        values[key] = value
        return value
    }
}

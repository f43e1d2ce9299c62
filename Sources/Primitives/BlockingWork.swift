private import Synchronization

#if canImport(Glibc)
private import Glibc
#endif

/// Work that blocks its thread: hashing, unpacking, calls into C libraries.
package enum BlockingWork {
    private final class Job {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own, so that the few threads of Swift's concurrency stay free. It is not
    /// interrupted by cancellation: keep it short, or have it ask. No signal is delivered to the thread: those are for the
    /// main thread, and a connection that breaks must not end the process by SIGPIPE.
    package static func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            if let thread = start({ continuation.resume(with: Result(catching: body)) }) { pthread_detach(thread) }
        }
    }

    /// Calls `body` with each number below `count`, up to `threads` of them at the same time, and returns when all are done:
    /// what they returned, in order. For a thread that blocks anyway.
    package static func concurrently<T: Sendable>(
        _ count: Int, threads: Int, _ body: @Sendable (Int) -> T
    ) -> [T] {
        let next = Atomic(0)
        let results = Mutex<[T?]>(Array(repeating: nil, count: count))
        let work = {
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < count else { return }
                let result = body(number)
                results.withLock { $0[number] = result }
            }
        }
        withoutActuallyEscaping(work) { work in
            let others = (1..<max(min(threads, count), 1)).compactMap { _ in start(work) }
            work()
            for thread in others { pthread_join(thread, nil) }
        }
        return results.withLock { $0.compactMap { $0 } }
    }

    /// Runs `other` on a thread of its own while `body` runs on this one, and returns when both are done. Where no thread is
    /// to be had, `body` alone runs, and is told so by a false.
    package static func beside<T>(_ other: () -> Void, _ body: (Bool) throws -> T) rethrows -> T {
        try withoutActuallyEscaping(other) { other in
            let thread = create(Unmanaged.passRetained(Job(other)))
            defer { if let thread { pthread_join(thread, nil) } }
            return try body(thread != nil)
        }
    }

    /// A new thread that does `body`; nil where none is to be had: then it was done here, more slowly for others.
    private static func start(_ body: @escaping () -> Void) -> pthread_t? {
        let job = Job(body)
        if let thread = create(Unmanaged.passRetained(job)) { return thread }
        job.body()
        return nil
    }

    /// A new thread that does `job` and releases it; nil where none is to be had.
    private static func create(_ job: Unmanaged<Job>) -> pthread_t? {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 8 << 20)
        let result = pthread_create(
            &thread, &attributes,
            { pointer in
                guard let pointer else { return nil }
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                Unmanaged<Job>.fromOpaque(pointer).takeRetainedValue().body()
                return nil
            }, job.toOpaque())
        pthread_attr_destroy(&attributes)
        guard result != 0 else { return thread }
        job.release()
        return nil
    }
}

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
            let job = Unmanaged.passRetained(Job { continuation.resume(with: Result(catching: body)) })
            var thread = pthread_t()
            var attributes = pthread_attr_t()
            pthread_attr_init(&attributes)
            pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
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
            // No thread is to be had: the work is done here, more slowly for others, but it is done.
            if result != 0 { job.takeRetainedValue().body() }
        }
    }
}

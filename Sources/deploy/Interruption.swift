#if canImport(Glibc)
private import Glibc
#endif

/// Ctrl-C, `kill` and a closed terminal: they cancel the command, which then stops its containers and tidies up. Under nohup(1) a
/// terminal may close.
enum Interruption {
    /// Runs `body` and ends the process with what it returns. The first signal cancels it, and it is waited for; the third one
    /// ends the process at once: what a killed build leaves behind, the next one removes.
    ///
    /// It must be called on the main thread before any other thread exists, so that all of them leave these signals to it.
    /// Children start with them unblocked: swift-subprocess resets the mask.
    static func watch(_ body: @escaping @Sendable () async -> Int32) -> Never {
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM] { sigaddset(&signals, signal) }
        // One that is blocked would be waited for though it is ignored.
        if !isIgnored(SIGHUP) { sigaddset(&signals, SIGHUP) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        // A reader that went away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let command = Task { exit(await body()) }
        for count in 1... {
            var received: Int32 = 0
            sigwait(&signals, &received)
            command.cancel()
            if count == 3 { break }
        }
        _exit(130)
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        sigaction(number, nil, &action)
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
            == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

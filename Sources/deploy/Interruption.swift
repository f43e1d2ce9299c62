import Primitives

#if canImport(Glibc)
private import Glibc
#endif

/// Ctrl-C, `kill` and a closed terminal: they cancel the command, which then stops its containers and tidies up.
enum Interruption {
    /// Runs `body`; the first signal cancels it, and it is waited for. A third one ends the process at once: what a killed
    /// build leaves behind, the next one removes.
    static func watch(_ body: @escaping @Sendable () async -> Int32) async -> Int32 {
        // Children start with these signals unblocked: swift-subprocess resets the mask.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        let command = Task { await body() }
        let waiter = Task { [signals] in
            try? await BlockingWork.run {
                var awaited = signals
                for count in 1... {
                    var received: Int32 = 0
                    sigwait(&awaited, &received)
                    command.cancel()
                    if count == 3 { _exit(130) }
                }
            }
        }
        defer { waiter.cancel() }
        return await command.value
    }
}

/// The environment of this process.
enum ProcessEnvironment {
    static var all: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let pointer = entry.pointee {
            let text = String(cString: pointer)
            if let equals = text.firstIndex(of: "=") { result[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
            entry = entry.advanced(by: 1)
        }
        return result
    }
}

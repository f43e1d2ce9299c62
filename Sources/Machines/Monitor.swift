package import Primitives
private import Synchronization
package import SystemPackage

/// QEMU's monitor: commands to the machine itself, and what happened to it (the QEMU Machine Protocol).
package final class Monitor: Sendable {
    private struct State {
        var rest: [UInt8] = []
        /// Those who wait for an answer; QEMU answers in order.
        var waiters: [CheckedContinuation<JSON, any Error>] = []
        var hasEnded = false
        /// Why the machine went off, in QEMU's words: "guest-shutdown", "guest-reset", "guest-panic".
        var shutdownReason: String?
    }

    private let connection: LocalConnection
    private let state = Mutex(State())

    init(_ connection: LocalConnection) { self.connection = connection }

    /// Takes what QEMU says, until it ends.
    func receive() async {
        await connection.receive { [self] in take($0) }
        let waiters = state.withLock { state in
            state.hasEnded = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(throwing: Self.gone) }
    }

    private static let gone = MachineError.refused(command: "a command", reason: "it has ended")

    private func take(_ bytes: [UInt8]) {
        let answers = state.withLock { state -> [(CheckedContinuation<JSON, any Error>, JSON)] in
            state.rest += bytes
            var answers: [(CheckedContinuation<JSON, any Error>, JSON)] = []
            while let end = state.rest.firstIndex(of: 0x0A) {
                let message = JSON(parsing: state.rest[..<end])
                state.rest.removeSubrange(...end)
                guard let message else { continue }
                if message["return"] != nil || message["error"] != nil {
                    if !state.waiters.isEmpty { answers.append((state.waiters.removeFirst(), message)) }
                } else if message["event"]?.string == "SHUTDOWN" {
                    state.shutdownReason = message["data"]?["reason"]?.string ?? "unknown"
                }
            }
            return answers
        }
        for (waiter, answer) in answers { waiter.resume(returning: answer) }
    }

    /// Why the machine went off; nil as long as it is on.
    package var shutdownReason: String? { state.withLock { $0.shutdownReason } }

    /// Has QEMU do `command`, and returns its answer. Throws `MachineError.refused`.
    @discardableResult
    package func execute(_ command: String, _ arguments: [(String, JSON)] = []) async throws -> JSON {
        var fields: [(String, JSON)] = [("execute", .string(command))]
        if !arguments.isEmpty { fields.append(("arguments", .object(arguments))) }
        let line = Array((JSON.object(fields).text + "\n").utf8)
        let answer = try await withCheckedThrowingContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.waiters.append(continuation) }
                return state.hasEnded
            }
            if hasEnded {
                continuation.resume(throwing: Self.gone)
            } else {
                // Where this fails the connection is at its end, and with it comes the answer to all who wait.
                try? connection.sendLine(line)
            }
        }
        guard let result = answer["return"] else {
            throw MachineError.refused(command: command, reason: answer["error"]?["desc"]?.string ?? "no reason given")
        }
        return result
    }

    /// Agrees with QEMU on its capabilities: before that it takes no other command.
    func greet() async throws { try await execute("qmp_capabilities") }

    /// A picture of the screen, as PNG. Throws `MachineError.refused`, also where this QEMU can't make one.
    package func screenshot(to path: FilePath) async throws {
        try await execute("screendump", [("filename", .string(path.string)), ("format", .string("png"))])
    }

    /// What the screen shows now; `path` is where QEMU puts it in the meantime. Throws `MachineError.refused`, `FileError`.
    package func picture(by path: FilePath) async throws -> ScreenPicture? {
        try await execute("screendump", [("filename", .string(path.string))])
        defer { try? Files.remove(path) }
        return try ScreenPicture(ppm: path)
    }

    /// Presses keys one after the other, as fingers do: letters and digits of a keyboard of the United States, a blank, and the
    /// return key for an end of line. Throws `MachineError.refused`.
    package func press(_ text: String) async throws {
        for character in text {
            let key = character == " " ? "spc" : character == "\n" ? "ret" : String(character)
            try await execute(
                "send-key", [("keys", .array([.object([("type", .string("qcode")), ("data", .string(key))])]))])
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Makes a drive another size to the machine. Throws `MachineError.refused`.
    func resize(_ drive: String, to size: ByteCount) async throws {
        try await execute("block_resize", [("device", .string(drive)), ("size", .number(Double(size.bytes)))])
    }

    /// Presses the power button.
    package func powerButton() async throws { try await execute("system_powerdown") }
}

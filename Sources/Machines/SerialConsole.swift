import Primitives
private import Synchronization
import SystemPackage

/// The serial console of a machine: what it says, with times, and somebody to type on it.
///
/// One task waits at a time. The log gets each line, with the seconds since power-on before it.
package final class SerialConsole: Sendable {
    /// A line, and when it was complete.
    package struct Line: Hashable, Sendable {
        /// Since power-on.
        package let time: Duration
        /// What a person would see, without what moves a cursor or changes colours.
        package let text: String
    }

    /// Something to wait for.
    package struct Pattern: Sendable {
        /// In words for an error: "the login prompt".
        package let name: String
        let isPrompt: Bool
        let matches: @Sendable (String) -> Bool

        /// A line for which `matches` is true.
        package static func line(_ name: String, _ matches: @escaping @Sendable (String) -> Bool) -> Pattern {
            Pattern(name: name, isPrompt: false, matches: matches)
        }

        /// A line that holds one of `texts`.
        package static func line(containing texts: String...) -> Pattern {
            line("“\(texts[0])”") { line in texts.contains { line.contains($0) } }
        }

        /// A line without an end, whose last visible characters are one of `ends`.
        package static func prompt(_ name: String, ending ends: String...) -> Pattern {
            Pattern(name: name, isPrompt: true) { line in ends.contains { line.hasSuffix($0) } }
        }

        /// A line without an end that holds `text`.
        package static func prompt(containing text: String) -> Pattern {
            Pattern(name: "“\(text)”", isPrompt: true) { $0.contains(text) }
        }
    }

    private struct State {
        var text = ConsoleText()
        var lines: [Line] = []
        /// The first line that no wait has looked at.
        var position = 0
        /// The unfinished line that a wait has taken already; it counts again when it changes.
        var takenPrompt: String?
        var hasEnded = false
    }

    private let connection: LocalConnection
    private let log: FileDescriptor
    private let start: ContinuousClock.Instant
    private let onLine: @Sendable (Line) -> Void
    private let state = Mutex(State())
    private let bell = Bell()

    /// `log` is made anew. Throws `FileError`.
    init(
        _ connection: LocalConnection, log path: FilePath, start: ContinuousClock.Instant,
        onLine: @escaping @Sendable (Line) -> Void
    ) throws {
        self.connection = connection
        self.start = start
        self.onLine = onLine
        do {
            log = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
    }

    deinit { try? log.close() }

    /// Takes what comes, until the machine is off.
    func receive() async {
        await connection.receive { [self] bytes in
            let time = ContinuousClock.now - start
            let lines = state.withLock { state in
                let lines = state.text.append(bytes).map { Line(time: time, text: $0) }
                state.lines += lines
                return lines
            }
            write(lines)
            for line in lines { onLine(line) }
            bell.ring()
        }
        let last = state.withLock { state in
            state.hasEnded = true
            return state.text.prompt
        }
        if !last.isEmpty { write([Line(time: ContinuousClock.now - start, text: last)]) }
        bell.ring()
    }

    /// A log that can't be written is no reason to stop a machine.
    private func write(_ lines: [Line]) {
        let text = lines.map { line in
            let hundredths = Int64(line.time / .milliseconds(10))
            let digits = "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
            return String(repeating: " ", count: max(8 - digits.count, 0)) + "\(digits) \(line.text)\n"
        }
        _ = try? log.writeAll(text.joined().utf8)
    }

    /// All lines so far.
    package var lines: [Line] { state.withLock { $0.lines } }

    /// How long the machine has been on.
    package var time: Duration { ContinuousClock.now - start }

    /// The first line, of those after the last wait, that one of `patterns` matches, and the number of that pattern.
    ///
    /// Throws `MachineError.hopeless` at a line that one of `hopeless` matches, `.silent` after `limit`, `.switchedOff` where the
    /// machine goes off before; `CancellationError`.
    package func wait(
        for patterns: [Pattern], unless hopeless: [Pattern] = hopelessLines, within limit: Duration
    ) async throws -> (pattern: Int, line: Line) {
        let name = patterns.map(\.name).joined(separator: " or ")
        do {
            return try await withDeadline(limit) { [self] in
                while true {
                    switch try search(patterns, hopeless: hopeless, name: name) {
                    case .found(let pattern, let line): return (pattern, line)
                    case .off: throw MachineError.switchedOff(waitingFor: name, last: last(5))
                    case .notYet: try await bell.wait()
                    }
                }
            }
        } catch is DeadlineOver {
            throw MachineError.silent(waitingFor: name, seconds: Int(limit / .seconds(1)), last: last(5))
        }
    }

    /// Like the other, for one pattern.
    @discardableResult package func wait(for pattern: Pattern, within limit: Duration) async throws -> Line {
        try await wait(for: [pattern], within: limit).line
    }

    /// Has the next wait look at all lines since power-on again.
    package func rewind() { state.withLock { $0.position = 0 } }

    private enum Finding {
        case found(Int, Line)
        case notYet
        case off
    }

    private func search(_ patterns: [Pattern], hopeless: [Pattern], name: String) throws(MachineError) -> Finding {
        let result = state.withLock { state -> Result<Finding, MachineError> in
            while state.position < state.lines.count {
                let line = state.lines[state.position]
                state.position += 1
                if let number = patterns.firstIndex(where: { !$0.isPrompt && $0.matches(line.text) }) {
                    return .success(.found(number, line))
                }
                if hopeless.contains(where: { !$0.isPrompt && $0.matches(line.text) }) {
                    return .failure(.hopeless(line: line.text, waitingFor: name))
                }
            }
            let prompt = state.text.prompt
            if !prompt.isEmpty, prompt != state.takenPrompt {
                if let number = patterns.firstIndex(where: { $0.isPrompt && $0.matches(prompt) }) {
                    state.takenPrompt = prompt
                    return .success(.found(number, Line(time: ContinuousClock.now - start, text: prompt)))
                }
                if hopeless.contains(where: { $0.isPrompt && $0.matches(prompt) }) {
                    return .failure(.hopeless(line: prompt, waitingFor: name))
                }
            } else if prompt.isEmpty {
                state.takenPrompt = nil
            }
            return .success(state.hasEnded ? .off : .notYet)
        }
        return try result.get()
    }

    private func last(_ count: Int) -> [String] {
        state.withLock { $0.lines.suffix(count).map(\.text) + [$0.text.prompt] }.filter { !$0.isEmpty }
    }

    /// Types `text` and the return key.
    package func type(_ text: String) async throws {
        state.withLock { $0.takenPrompt = nil }
        try await connection.send(Array((text + "\r").utf8))
    }

    /// What a Linux says after which nothing good comes.
    package static let hopelessLines: [Pattern] = [
        .line(containing: "Kernel panic"), .line(containing: "Entering emergency mode", "You are in emergency mode"),
        .line(containing: "No bootable device", "BdsDxe: No bootable option"),
        .prompt("the initramfs's shell", ending: "(initramfs)"), .prompt("the firmware's shell", ending: "Shell>"),
    ]
}

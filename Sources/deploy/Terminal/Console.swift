import BuildGraph
import Primitives
private import Synchronization
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Where a command talks to people: results on standard output, progress and everything else on standard error.
final class Console: Sendable {
    enum Mode: Sendable {
        /// A terminal: a moving part below lines that stay.
        case live
        /// A pipe or a log: lines only.
        case plain
        /// Objects, a line each, on standard output.
        case json
    }

    private struct State {
        var view = BuildView()
        /// How many lines of the moving part are on the screen.
        var drawn = 0
        var lastSpoken: [StepName: Double] = [:]
        /// Something that no step is about, and how far it is.
        var work: WorkProgress?
        /// When that was last told to those who get lines.
        var workSpoken = 0.0
        /// Why results could not be written.
        var lost: Errno?
    }

    let mode: Mode
    let style: Style
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(json: Bool, environment: [String: String]) {
        let isTerminal = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
        mode = json ? .json : isTerminal && environment["CI"] == nil ? .live : .plain
        style = Style(hasColours: isTerminal && !json && (environment["NO_COLOR"] ?? "").isEmpty)
    }

    private var time: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Takes note of an event and shows what it changes.
    func show(_ event: BuildEvent) {
        let now = time
        guard mode != .json else {
            print(EventJSON.object(event))
            return
        }
        state.withLock { state in
            let lines = state.view.note(event, at: now, style: style)
            switch mode {
            case .live:
                if !lines.isEmpty { draw(&state, permanent: lines, at: now) }
            case .plain, .json:
                write(lines.map { $0 + "\n" }.joined() + plainProgress(event, &state, now))
            }
        }
    }

    /// Starting steps, and what long ones have to say every half minute, for those who read a log.
    private func plainProgress(_ event: BuildEvent, _ state: inout State, _ now: Double) -> String {
        switch event {
        case .stepStarted(let name, _, _, let here):
            state.lastSpoken[name] = now
            return "… \(name)\(here.map { " (here: \($0))" } ?? "")\n"
        case .stepProgress(let name, let progress) where now - (state.lastSpoken[name] ?? now) > 30:
            state.lastSpoken[name] = now
            let total = progress.total.map { " of \(progress.unit == .bytes ? "\(ByteCount($0))" : "\($0)")" } ?? ""
            let done = progress.unit == .bytes ? "\(ByteCount(progress.completed))" : "\(progress.completed)"
            // What counts nothing only says what it does.
            let counts = progress.unit == .items && progress.total == nil ? "" : ", \(done)\(total)"
            return "… \(name): \(progress.activity)\(counts)\n"
        default: return ""
        }
    }

    /// Shows how far something is that is no step of a build. A terminal sees it move; a log has a line of it each half minute, a
    /// program an event each second.
    func show(activity: String, completed: ByteCount, of total: ByteCount) {
        let now = time
        state.withLock { state in
            if state.work?.activity != activity {
                state.work = WorkProgress(activity: activity, completed: .zero, total: total, start: now)
                state.workSpoken = now
            }
            state.work?.completed = completed
            guard mode != .live, let work = state.work, now - state.workSpoken >= (mode == .json ? 1 : 30) else {
                return
            }
            state.workSpoken = now
            if mode == .json {
                write(result: EventJSON.stamped(work.json, at: now).text, &state)
            } else {
                write("… \(work.plainLine)\n")
            }
        }
    }

    /// The thing that was shown by `show(activity:completed:of:)` is over.
    func endActivity() {
        state.withLock { $0.work = nil }
        clear()
    }

    /// Asks, and waits for a line of the one at the terminal; nil where there is none, or where it ends. Throws `CancellationError`.
    func ask(_ question: String) async throws -> String? {
        guard mode != .json, isatty(STDIN_FILENO) == 1, isatty(STDERR_FILENO) == 1 else { return nil }
        clear()
        write(question)
        while true {
            try Task.checkCancellation()
            var standardInput = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
            // A terminal has a whole line, or nothing.
            if poll(&standardInput, 1, 0) > 0 { return readLine() }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Draws the moving part again, ten times a second, until the task is cancelled; then removes it.
    func animate() async {
        guard mode == .live else { return }
        while !Task.isCancelled {
            state.withLock { draw(&$0, permanent: [], at: time) }
            try? await Task.sleep(for: .milliseconds(100))
        }
        clear()
    }

    /// Removes the moving part.
    func clear() {
        guard mode == .live else { return }
        state.withLock { state in
            write(Self.erase(state.drawn))
            state.drawn = 0
        }
    }

    private func draw(_ state: inout State, permanent: [String], at time: Double) {
        let moving =
            state.view.lines(at: time, width: Self.width, style: style)
            + (state.work.map { [$0.line(at: time, width: Self.width)] } ?? [])
        guard !moving.isEmpty || !permanent.isEmpty || state.drawn > 0 else { return }
        write(Self.erase(state.drawn) + (permanent + moving).map { $0 + "\n" }.joined())
        state.drawn = moving.count
    }

    private static func erase(_ lines: Int) -> String { lines > 0 ? "\u{1B}[\(lines)A\u{1B}[J" : "" }

    private static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Shows what a command says, in the way that was asked for.
    func show(_ statement: some Statement) {
        clear()
        guard mode != .json else {
            if let json = statement.json { print(json) }
            return
        }
        // Neighbours are written together: some answers have thousands of lines.
        var results: [String] = []
        func printResults() {
            if !results.isEmpty { print(results.joined(separator: "\n")) }
            results = []
        }
        for line in statement.text(style) {
            switch line {
            case .result(let text): results.append(text)
            case .aside(let text):
                printResults()
                write(text + "\n")
            }
        }
        printResults()
    }

    /// Shows text that was asked for in place of an answer: help, the version.
    func show(help text: String) { print(text) }

    /// Shows an error to people, and to programs, too.
    func show(error: any Error) {
        if mode == .json { for object in ErrorReport.json(error) { print(object) } }
        explain(error)
    }

    /// Shows to people alone why the answer is what it is.
    func explain(_ error: any Error) {
        clear()
        write(ErrorReport(style: style).lines(error).joined(separator: "\n") + "\n")
    }

    /// Shows that a request is none: `text` in whole, `what` in a sentence.
    func show(refusal text: String, what: String) {
        if mode == .json { print(ErrorReport.json(what)) }
        write(text + "\n")
    }

    private func print(_ object: JSON) { print(EventJSON.stamped(object, at: time).text) }

    /// Writes a result on standard output.
    private func print(_ text: String) { state.withLock { write(result: text, &$0) } }

    private func write(result text: String, _ state: inout State) {
        do {
            try FileDescriptor.standardOutput.writeAll((text + "\n").withoutCredentials.utf8)
        } catch Errno.brokenPipe {
            return  // it has what it wanted
        } catch {
            state.lost = error as? Errno ?? .ioError
        }
    }

    /// Throws `OutputLost` where a result could not be written: for the end of a command, which must not look as if it had.
    func finish() throws {
        if let reason = state.withLock({ $0.lost }) { throw OutputLost(reason: reason) }
    }

    /// Everything that is shown goes this way, and shows no password. A reader that went away, and a standard error that can't be
    /// written, must not end the build: these errors are dropped.
    private func write(_ text: String) {
        guard !text.isEmpty else { return }
        _ = try? FileDescriptor.standardError.writeAll(text.withoutCredentials.utf8)
    }
}

/// Results that nobody got: the disk is full, or standard output is closed.
struct OutputLost: UserError {
    let reason: Errno
    var what: String { "the results can't be written to standard output: \(reason)" }
}

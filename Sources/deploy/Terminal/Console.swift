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
        /// An event a line, on standard output.
        case json
    }

    private struct State {
        var view = BuildView()
        /// How many lines of the moving part are on the screen.
        var drawn = 0
        var lastSpoken: [StepName: Double] = [:]
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
            print(EventJSON.line(event, at: now))
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
        case .stepStarted(let name, _, _):
            state.lastSpoken[name] = now
            return "… \(name)\n"
        case .stepProgress(let name, let progress) where now - (state.lastSpoken[name] ?? now) > 30:
            state.lastSpoken[name] = now
            let total = progress.total.map { " of \(progress.unit == .bytes ? "\(ByteCount($0))" : "\($0)")" } ?? ""
            let done = progress.unit == .bytes ? "\(ByteCount(progress.completed))" : "\(progress.completed)"
            return "… \(name): \(progress.activity), \(done)\(total)\n"
        default: return ""
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
        let moving = state.view.lines(at: time, width: Self.width, style: style)
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

    /// Shows a sentence on standard error.
    func say(_ text: String) {
        clear()
        write(text + "\n")
    }

    /// Writes a result on standard output.
    func print(_ text: String) { write(text + "\n", to: .standardOutput) }

    /// Shows an error.
    func show(error: any Error) {
        clear()
        if error is CancellationError {
            write("interrupted; what was finished is kept, and the next build goes on from there\n")
        } else {
            write(ErrorReport(style: style).lines(error).joined(separator: "\n") + "\n")
        }
    }

    /// A reader that went away must not end the build: errors of writing are dropped.
    private func write(_ text: String, to descriptor: FileDescriptor = .standardError) {
        guard !text.isEmpty else { return }
        _ = try? descriptor.writeAll(text.utf8)
    }
}

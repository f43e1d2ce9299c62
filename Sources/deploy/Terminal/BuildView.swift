import BuildGraph
import Primitives

/// What a build looks like at one moment: a value that events change, and lines that are drawn from it alone.
struct BuildView: Sendable {
    fileprivate struct Running {
        let step: PlannedStep
        let start: Double
        let expected: Double?
        var progress: StepProgress?
        /// Bytes a second, averaged over the step so far.
        var rate: Double?
    }

    private var planned: [StepName: PlannedStep] = [:]
    private var running: [StepName: Running] = [:]
    /// Steps that are done, and those among them that had nothing to do. Sets, since a step can be both in turn: on record,
    /// and then made again after all, where its bytes are gone.
    private var finished: Set<StepName> = []
    private var cached: Set<StepName> = []

    init() {}

    /// Takes note of an event at `time` (seconds on any clock). Returns lines that stand for good, above the moving part.
    mutating func note(_ event: BuildEvent, at time: Double, style: Style) -> [String] {
        switch event {
        case .planned(let steps):
            self = BuildView()
            planned = Dictionary(steps.map { ($0.name, $0) }) { first, _ in first }
            return []
        case .waitingForStore(let holder):
            return ["another build uses this store (\(holder.split(separator: "\n").first ?? "")); waiting for it"]
        case .notice(let text):
            return [text]
        case .warning(let text):
            return [style.warning("warning:") + " \(text)"]
        case .stepStarted(let name, _, let expected, _):
            guard let step = planned[name] else { return [] }
            finished.remove(name)
            cached.remove(name)
            running[name] = Running(step: step, start: time, expected: expected.map { $0 / .seconds(1) })
            return []
        case .stepProgress(let name, let progress):
            guard var state = running[name] else { return [] }
            state.progress = progress
            if progress.unit == .bytes, time > state.start + 0.2 {
                state.rate = Double(progress.completed) / (time - state.start)
            }
            running[name] = state
            return []
        case .stepFinished(let name, let outcome):
            running[name] = nil
            guard let step = planned[name] else { return [] }
            finished.insert(name)
            switch outcome {
            case .cached:
                cached.insert(name)
                return []
            case .ran(let duration, let summary, let isRemote):
                let text = (isRemote ? "on a worker: " : "") + (summary ?? step.title)
                return [BuildView.line(step, style.good("✓"), text, duration.shown)]
            case .failed(let duration, _):
                return [BuildView.line(step, style.bad("✗"), "failed", duration.shown)]
            case .cancelled:
                return [BuildView.line(step, style.warning("–"), "stopped", "")]
            }
        case .finished:
            return []
        }
    }

    private static func line(_ step: PlannedStep, _ mark: String, _ text: String, _ time: String) -> String {
        "\(mark) \(step.stage.number) \(step.name.text.padded(22)) \(text.padded(46)) \(time)"
    }

    /// The moving part: a line for each running step, and one for the whole, none longer than `width`. Bars go first where
    /// there is little room.
    func lines(at time: Double, width: Int, style: Style) -> [String] {
        let rows = running.values.sorted { ($0.step.stage.number, $0.step.name) < ($1.step.stage.number, $1.step.name) }
        guard !rows.isEmpty else { return [] }
        var lines = rows.map { row in
            let elapsed = time - row.start
            let bar = width >= 80 ? " " + Self.bar(row.fraction(elapsed), width: 16) : ""
            let text = "  \(row.step.stage.number) \(row.step.name.text.padded(22))\(bar) \(row.text(elapsed))"
            return Self.cut(text, width)
        }
        lines.append(
            style.faint(
                Self.cut("  \(finished.count) of \(planned.count) steps done, \(cached.count) of them cached", width)))
        return lines
    }

    static func cut(_ text: String, _ width: Int) -> String {
        text.count <= width ? text : String(text.prefix(max(width - 1, 0))) + "…"
    }

    static func bar(_ fraction: Double?, width: Int) -> String {
        guard let fraction else { return String(repeating: "░", count: width) }
        let full = Int((min(max(fraction, 0), 1) * Double(width)).rounded(.down))
        return String(repeating: "█", count: full) + String(repeating: "░", count: width - full)
    }
}

extension BuildView.Running {
    /// How much of the step is done, by what it says or else by the time it took last.
    fileprivate func fraction(_ elapsed: Double) -> Double? {
        if let progress, let total = progress.total, total > 0 {
            return min(Double(progress.completed) / Double(total), 1)
        }
        guard let expected, expected > 0 else { return nil }
        return min(elapsed / expected, 0.99)
    }

    fileprivate func text(_ elapsed: Double) -> String {
        var parts = [progress?.activity ?? step.title]
        if let progress {
            switch (progress.unit, progress.total) {
            case (.bytes, let total?): parts.append("\(ByteCount(progress.completed)) of \(ByteCount(total))")
            case (.bytes, nil): parts.append("\(ByteCount(progress.completed))")
            case (.items, let total?): parts.append("\(progress.completed) of \(total)")
            case (.items, nil): break
            }
        }
        if let rate { parts.append("\(ByteCount(Int64(exactly: rate.rounded()) ?? .max))/s") }
        parts.append(Duration.seconds(elapsed).shown)
        if let left = timeLeft(elapsed), left >= 1 { parts.append("about \(Duration.seconds(left).shown) left") }
        return parts.joined(separator: " · ")
    }

    private func timeLeft(_ elapsed: Double) -> Double? {
        if let rate, rate > 0, let total = progress?.total {
            return max(Double(total - (progress?.completed ?? 0)) / rate, 0)
        }
        return expected.map { max($0 - elapsed, 0) }
    }
}

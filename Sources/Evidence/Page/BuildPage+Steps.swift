import BuildGraph
import ContentStore
import Primitives

extension BuildPage {
    /// When each step ran, and what it said: a line each, which opens.
    var steps: Markup {
        let ran = build.steps.filter { ![.cached, .skipped].contains($0.outcome) }.sorted {
            ($0.began, $0.name) < ($1.began, $1.name)
        }
        guard !ran.isEmpty || build.steps.contains(where: \.isRemote) else { return "" }
        let scale = TimeScale(build.duration)
        let phases = build.phases.filter { $0.ended - $0.began >= build.duration / 500 }.map { phase -> Markup in
            let bar = Self.bar(phase.began, phase.ended, "phase", scale)
            return
                "<div class=\"row step\"><span class=\"name\">\(phase.name)</span><span class=\"track\">\(bar)</span><span class=\"when num\">\((phase.ended - phase.began).shown)</span></div>"
        }
        let ticks = scale.ticks.map { tick -> Markup in
            "<span style=\"left:\(scale.percent(tick))%\">\(TimeScale.words(tick))</span>"
        }
        let rows = ran.map { step($0, scale) }
        let others = [
            Self.names("came from the remote cache", build.steps.filter { $0.outcome == .cached && $0.isRemote }),
            Self.names(
                "were on record here, and nothing that they read had changed",
                build.steps.filter { $0.outcome == .cached && !$0.isRemote }),
            Self.names("did not begin", build.steps.filter { $0.outcome == .skipped }),
        ]
        return Self.section(
            "steps", ran.isEmpty ? "Nothing had to run" : "What ran, when and why",
            ran.isEmpty ? "" : "Each line opens: what made the step run, and what it said.",
            """
            <div class="timeline" style="--tick:\(scale.percent(scale.tick))%">
            <div class="axis" aria-hidden="true"><span class="track">\(ticks.joined())</span></div>
            \(phases.joined("\n"))
            \(rows.joined("\n"))
            </div>
            \(others.joined("\n"))
            """)
    }

    private static func names(_ what: Markup, _ steps: [StepRun]) -> Markup {
        guard !steps.isEmpty else { return "" }
        let names = steps.map { step -> Markup in
            "<li title=\"\(step.summary ?? step.title)\">\(step.name.text)</li>"
        }
        return "<p>\(steps.count) \(what):</p><ul class=\"names\">\(names.joined())</ul>"
    }

    private func step(_ step: StepRun, _ scale: TimeScale) -> Markup {
        let kind = Self.kind(step)
        let bar = Self.bar(step.began, step.ended, kind, scale)
        let why: Markup =
            step.causes.isEmpty
            ? "" : "<dt>because of</dt><dd>\(step.causes.map { "\($0)" as Markup }.joined("<br>"))</dd>"
        let reads: Markup =
            step.needs.isEmpty ? "" : "<dt>reads</dt><dd>\(step.needs.map(\.text).joined(separator: ", "))</dd>"
        // Of those that ran here nothing is said where no other ran elsewhere.
        let place: Markup = build.steps.contains(where: \.isRemote) ? "<dt>ran</dt><dd>\(step.place)</dd>" : ""
        let made: Markup = step.made > .zero ? "<dt>made</dt><dd>\(step.made.description)</dd>" : ""
        let key: Markup = step.key.map { "<dt>key</dt><dd><code>\($0.digest.hex)</code></dd>" } ?? ""
        let log = logs[step.name].map { Self.log($0) } ?? "<p class=\"aside\">It said nothing.</p>"
        return """
            <details class="step"\(step.outcome == .failed ? " open" : "" as Markup)><summary class="row"><span class="name">\(step.name.text)\(step.isRemote ? " <small>on a worker</small>" : "" as Markup)</span><span class="track">\(bar)</span><span class="when num">\(step.duration.shown)</span></summary>
            <div class="inside"><p>\(step.summary ?? step.title)</p><dl>\(place)\(why)\(reads)\(made)\(key)</dl>\(log)</div></details>
            """
    }

    private static func log(_ document: Document) -> Markup {
        let cut: Markup =
            document.leftOut > .zero
            ? "<p class=\"aside\">the end of its log; \(document.leftOut.description) before that are left out here</p>"
            : ""
        return "\(cut)<pre>\(document.text)</pre>"
    }

    private static func bar(_ began: Duration, _ ended: Duration, _ kind: Markup, _ scale: TimeScale) -> Markup {
        "<span class=\"bar \(kind)\" style=\"left:\(scale.percent(began))%;width:\(scale.percent(ended - began))%\"></span>"
    }

    /// What CSS calls what became of a step.
    static func kind(_ step: StepRun) -> Markup {
        switch step.outcome {
        case .ran: step.isRemote ? "ran far" : "ran"
        case .cached: step.isRemote ? "cached far" : "cached"
        case .failed: "bad"
        case .stopped: "warn"
        case .skipped: "skipped"
        }
    }
}

/// The time of a build as a line with marks at round numbers.
struct TimeScale: Hashable, Sendable {
    let total: Duration
    /// Between two marks.
    let tick: Duration

    init(_ total: Duration) {
        self.total = max(total, .milliseconds(1))
        let seconds: [Double] = [
            0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
            3600,
            7200, 14_400, 43_200,
        ]
        let length = self.total / .seconds(1)
        tick = .seconds(seconds.first { length / $0 <= 6 } ?? 86_400)
    }

    /// From nothing on; none so near to the end that its words would not fit.
    var ticks: [Duration] {
        (0...6).map { tick * $0 }.filter { percent($0) <= 94 }
    }

    /// A mark in words: "0", "20 ms", "5 s", "1:30".
    static func words(_ time: Duration) -> String {
        let milliseconds = Int((time / .milliseconds(1)).rounded())
        switch milliseconds {
        case 0: return "0"
        case ..<1000: return "\(milliseconds) ms"
        case ..<60_000 where milliseconds % 1000 == 0: return "\(milliseconds / 1000) s"
        default: return time.shown
        }
    }

    /// Where on the line, from 0 to 100.
    func percent(_ time: Duration) -> Double { min(max(time / total * 100, 0), 100) }
}

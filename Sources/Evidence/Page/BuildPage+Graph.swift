import BuildGraph
import Primitives

extension BuildPage {
    private static let node = (width: 127.0, height: 38.0, across: 140.0, down: 64.0)

    /// Every step of the build, what it reads, and what became of it.
    var graph: Markup {
        guard build.steps.count > 1 else { return "" }
        let layout = StepLayout(build.steps.map { ($0.name, $0.needs) })
        let widest = layout.layers.map(\.count).max() ?? 0
        let (width, height) = (Double(widest) * Self.node.across, Double(layout.layers.count) * Self.node.down)
        var places: [StepName: (x: Double, y: Double)] = [:]
        for (number, names) in layout.layers.enumerated() {
            let left = (width - Double(names.count) * Self.node.across) / 2
            for (index, name) in names.enumerated() {
                places[name] = (
                    left + Double(index) * Self.node.across + (Self.node.across - Self.node.width) / 2,
                    Double(number) * Self.node.down + 8
                )
            }
        }
        let byName = Dictionary(build.steps.map { ($0.name, $0) }) { first, _ in first }
        let lines = build.steps.flatMap { step in
            (layout.links[step.name] ?? []).compactMap { need in
                places[need].flatMap { start in places[step.name].map { line(start, $0, byName[need], step) } }
            }
        }
        let nodes = build.steps.compactMap { step in places[step.name].map { node(step, $0) } }
        let legend = [StepRun.Outcome.ran, .cached, .failed, .stopped, .skipped].flatMap { outcome in
            let steps = build.steps.filter { $0.outcome == outcome }
            return [steps.filter { !$0.isRemote }, steps.filter(\.isRemote)].compactMap { steps -> Markup? in
                steps.first.map {
                    "<li><span class=\"swatch \(Self.kind($0))\"></span>\(steps.count) \(word($0))</li>"
                }
            }
        }
        return Self.section(
            "graph", "How the steps hang together",
            "Each stands below what it reads; a line is left out where others lead the same way.",
            """
            <ul class="legend">\(legend.joined())</ul>
            <div class="scroll" tabindex="0" role="img" aria-label="the steps, each below those that it reads">
            <svg viewBox="0 0 \(width) \(height)" width="\(width)" height="\(height)" class="graph">
            \(lines.joined("\n"))
            \(nodes.joined("\n"))
            </svg>
            </div>
            """)
    }

    private func word(_ step: StepRun) -> Markup {
        switch step.outcome {
        case .ran: step.isRemote ? "ran on a worker" : build.steps.contains(where: \.isRemote) ? "ran here" : "ran"
        case .cached: step.isRemote ? "from the remote cache" : "cached"
        case .failed: "failed"
        case .stopped: "stopped"
        case .skipped: "did not begin"
        }
    }

    private func line(
        _ start: (x: Double, y: Double), _ end: (x: Double, y: Double), _ maker: StepRun?, _ reader: StepRun
    ) -> Markup {
        let (x, y) = (start.x + Self.node.width / 2, start.y + Self.node.height)
        let (endX, endY) = (end.x + Self.node.width / 2, end.y)
        let bend = min((endY - y) / 2, 60)
        let isHot = maker.map { ![.cached, .skipped].contains($0.outcome) } ?? false
        let kind: Markup = isHot && ![.cached, .skipped].contains(reader.outcome) ? " class=\"hot\"" : ""
        return "<path\(kind) d=\"M\(x) \(y)C\(x) \(y + bend) \(endX) \(endY - bend) \(endX) \(endY)\"/>"
    }

    private func node(_ step: StepRun, _ place: (x: Double, y: Double)) -> Markup {
        let parts = step.name.text.split(separator: "/", maxSplits: 1).map(String.init)
        let (over, name) = parts.count == 2 ? (parts[0], parts[1]) : (step.stage.name, step.name.text)
        let time = step.outcome == .cached || step.outcome == .skipped ? "" : " · \(step.duration.shown)"
        let tip =
            [step.name.text + time + (step.isRemote ? " · \(step.place)" : ""), step.summary ?? step.title]
            + step.causes.prefix(4).map { "because of \($0)" }
        let shown = name.count > 20 ? name.prefix(19) + "…" : Substring(name)
        return """
            <g class="\(Self.kind(step))"><title>\(tip.joined(separator: "\n"))</title><rect x="\(place.x)" y="\(place.y)" width="\(Self.node.width)" height="\(Self.node.height)" rx="6"/><text class="over" x="\(place.x + 9)" y="\(place.y + 14)">\(over)\(time)</text><text x="\(place.x + 9)" y="\(place.y + 29)">\(String(shown))</text></g>
            """
    }
}

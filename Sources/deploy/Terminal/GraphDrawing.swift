import BuildGraph

/// A step graph as text, in the language of Graphviz, and as a picture.
struct GraphDrawing {
    private let graph: StepGraph

    init(_ graph: StepGraph) { self.graph = graph }

    private var steps: [Step] { graph.order.compactMap { graph.steps[$0] } }

    /// A line a step, in an order in which they could run.
    var text: String {
        steps.map { step in
            let needs = step.dependencies.sorted().map(\.text).joined(separator: ", ")
            return "\(step.stage.number) \(step.name.text.padded(24)) \(needs.isEmpty ? "" : "← \(needs)")"
        }.joined(separator: "\n")
    }

    /// See https://graphviz.org/doc/info/lang.html
    var dot: String {
        var lines = ["digraph build {", "  rankdir=LR; node [shape=box, fontname=\"sans-serif\"];"]
        for stage in graph.stages {
            let names = steps.filter { $0.stage == stage }.map { "\(Self.quoted($0.name.text));" }.joined(
                separator: " ")
            lines.append(
                "  subgraph \(Self.quoted("cluster_\(stage.name)")) { label=\(Self.quoted("\(stage.number) \(stage.title)")); \(names) }"
            )
        }
        for step in steps {
            for need in step.dependencies.sorted() {
                lines.append("  \(Self.quoted(need.text)) -> \(Self.quoted(step.name.text));")
            }
        }
        return (lines + ["}"]).joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    /// `text` as character data of XML.
    private static func escaped(_ text: String) -> String {
        text.map { $0 == "&" ? "&amp;" : $0 == "<" ? "&lt;" : $0 == ">" ? "&gt;" : String($0) }.joined()
    }

    /// Columns by distance from the first steps, so that all lines run from left to right.
    var svg: String {
        let layers = StepLayout(steps.map { ($0.name, Array($0.dependencies)) }).layers
        var place: [StepName: (x: Int, y: Int)] = [:]
        for (column, names) in layers.enumerated() {
            for (row, name) in names.enumerated() { place[name] = (column * 230 + 20, row * 56 + 20) }
        }
        let width = layers.count * 230 + 20
        let height = (layers.map(\.count).max() ?? 0) * 56 + 20
        let colours = ["#dbe9f6", "#e2f0d9", "#fde9d9", "#f4dcea", "#fff2cc"]
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" font-family=\"sans-serif\" font-size=\"13\">"
        ]
        for step in steps {
            guard let end = place[step.name] else { continue }
            for need in step.dependencies.sorted() {
                guard let start = place[need] else { continue }
                lines.append(
                    "<path d=\"M\(start.x + 190) \(start.y + 18) C\(start.x + 210) \(start.y + 18) \(end.x - 20) \(end.y + 18) \(end.x) \(end.y + 18)\" fill=\"none\" stroke=\"#888\"/>"
                )
            }
        }
        for step in steps {
            guard let (x, y) = place[step.name] else { continue }
            let colour = colours[(step.stage.number - 1) % colours.count]
            lines.append(
                "<rect x=\"\(x)\" y=\"\(y)\" width=\"190\" height=\"36\" rx=\"4\" fill=\"\(colour)\" stroke=\"#666\"/>")
            lines.append("<text x=\"\(x + 10)\" y=\"\(y + 23)\">\(Self.escaped(step.name.text))</text>")
        }
        return (lines + ["</svg>"]).joined(separator: "\n")
    }
}

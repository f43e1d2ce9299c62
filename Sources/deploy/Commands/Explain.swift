import ArgumentParser
import BuildGraph
import Pipeline
import Primitives

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a step ran, or would run: which inputs changed, and what is behind that.")

    @OptionGroup var options: CommonOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The step; without one, every step that would run, or else the image.")
    var step: String?

    func run() async throws {
        let freshness = freshness
        let step = step
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            let explanations = try await project.explain(step)
            for (index, explanation) in explanations.enumerated() {
                if index > 0 { console.print("") }
                for line in ExplanationText(style: console.style).lines(explanation) { console.print(line) }
            }
        }
    }
}

/// An explanation as text: the causes indented below what they caused.
struct ExplanationText {
    let style: Style

    func lines(_ explanation: Explanation) -> [String] {
        let name = style.bold(explanation.step.text)
        var lines: [String]
        switch explanation.verdict {
        case .neverRan: lines = ["\(name) would run: \(explanation.remark ?? "")"]
        case .wouldRun: lines = ["\(name) would run because an input changed:"]
        case .ran(let ago, let took):
            let why = explanation.remark.map { ": \($0)" } ?? " because an input changed:"
            lines = ["\(name) ran \(Self.ago(ago)) (\(took.shown))\(why)"]
        }
        lines += explanation.causes.flatMap { cause($0, depth: 1) }
        if !explanation.rootCauses.isEmpty {
            lines.append("root cause: \(explanation.rootCauses.joined(separator: ", "))")
        }
        return lines
    }

    private func cause(_ cause: Explanation.Cause, depth: Int) -> [String] {
        let indent = String(repeating: "  ", count: depth)
        let because = depth > 1 ? style.faint("because ") : ""
        var lines = ["\(indent)\(because)\(cause.subject)"]
        if cause.details.count == 1 {
            lines[0] += "   \(cause.details[0])"
        } else {
            lines += cause.details.map { "\(indent)    \($0)" }
        }
        return lines + cause.because.flatMap { self.cause($0, depth: depth + 1) }
    }

    private static func ago(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "just now"
        case ..<3600: "\(seconds / 60) minutes ago"
        case ..<172_800: "\(seconds / 3600) hours ago"
        default: "\(seconds / 86_400) days ago"
        }
    }
}

import BuildGraph
import Primitives

/// Why steps ran, or would run: the causes indented below what they caused.
struct ExplanationAnswer: Answer {
    let explanations: [StepExplanation]

    init(_ explanations: [StepExplanation]) { self.explanations = explanations }

    func text(_ style: Style) -> [TextLine] {
        .results(explanations.enumerated().flatMap { ($0 > 0 ? [""] : []) + lines($1, style) })
    }

    private func lines(_ explanation: StepExplanation, _ style: Style) -> [String] {
        let name = style.bold(explanation.step.text)
        var lines: [String]
        switch explanation.verdict {
        case .neverRan: lines = ["\(name) would run: \(explanation.remark ?? "")"]
        case .wouldRun: lines = ["\(name) would run because an input changed:"]
        case .ran(let ago, let took):
            let why = explanation.remark.map { ": \($0)" } ?? " because an input changed:"
            lines = ["\(name) ran \(Self.ago(ago)) (\(took.shown))\(Self.place(explanation))\(why)"]
        case .failed(let ago, let took):
            let why = explanation.remark.map { ": \($0)" } ?? " because an input had changed:"
            lines = ["\(name) failed \(Self.ago(ago)) (\(took.shown)), and ran\(why)"]
        case .wasCached: lines = ["\(name) was cached: \(explanation.remark ?? "")"]
        case .neverBegan: lines = ["\(name) did not begin: \(explanation.remark ?? "")"]
        }
        lines += explanation.causes.flatMap { cause($0, depth: 1, style) }
        if !explanation.rootCauses.isEmpty {
            lines.append("root cause: \(explanation.rootCauses.joined(separator: ", "))")
        }
        return lines
    }

    private func cause(_ cause: StepExplanation.Cause, depth: Int, _ style: Style) -> [String] {
        let indent = String(repeating: "  ", count: depth)
        let because = depth > 1 ? style.faint("because ") : ""
        var lines = ["\(indent)\(because)\(cause.subject)"]
        if cause.details.count == 1 {
            lines[0] += "   \(cause.details[0])"
        } else {
            lines += cause.details.map { "\(indent)    \($0)" }
        }
        return lines + cause.because.flatMap { self.cause($0, depth: depth + 1, style) }
    }

    private static func place(_ explanation: StepExplanation) -> String {
        switch explanation.place {
        case .worker: " on a worker"
        case .cache(let address): " elsewhere, and came from \(address)"
        case nil: ""
        }
    }

    private static func ago(_ seconds: Int64) -> String {
        switch seconds {
        case ..<60: "just now"
        case ..<3600: "\(Int(seconds / 60).counted("minute")) ago"
        case ..<172_800: "\(Int(seconds / 3600).counted("hour")) ago"
        default: "\(seconds / 86_400) days ago"
        }
    }

    var json: JSON? { .fields(["explanations": .list(explanations, Self.explanation)]) }

    private static func explanation(_ explanation: StepExplanation) -> JSON {
        let verdict: String
        var ago: JSON?
        var took: JSON?
        switch explanation.verdict {
        case .neverRan: verdict = "never ran"
        case .wouldRun: verdict = "would run"
        case .ran(let secondsAgo, let duration):
            verdict = "ran"
            ago = .number(Double(secondsAgo))
            took = .time(duration)
        case .failed(let secondsAgo, let duration):
            verdict = "failed"
            ago = .number(Double(secondsAgo))
            took = .time(duration)
        case .wasCached: verdict = "cached"
        case .neverBegan: verdict = "skipped"
        }
        var source: String?
        if case .cache(let address) = explanation.place { source = address }
        return .fields([
            "step": .string(explanation.step.text), "verdict": .string(verdict), "seconds_ago": ago, "seconds": took,
            "remote": explanation.place == nil ? nil : .bool(true), "source": source.map(JSON.string),
            "remark": explanation.remark.map(JSON.string), "causes": .list(explanation.causes, cause),
            "root_causes": .strings(explanation.rootCauses),
        ])
    }

    private static func cause(_ cause: StepExplanation.Cause) -> JSON {
        .fields([
            "subject": .string(cause.subject), "details": .strings(cause.details), "root": .bool(cause.isRoot),
            "because": .list(cause.because, self.cause),
        ])
    }
}

import BuildGraph
import Packages
import Pipeline
import Primitives

/// What a step said in a build.
struct StepLogAnswer: Answer {
    let log: KeptLog

    init(_ log: KeptLog) { self.log = log }

    func text(_ style: Style) -> [TextLine] {
        var lines: [TextLine] = []
        if log.step.outcome == .cached {
            lines.append(
                .aside("\(log.step.name) was cached in build \(log.build.number): this is what it said when it ran"))
        }
        let text = log.text.hasSuffix("\n") ? String(log.text.dropLast()) : log.text
        return lines + [.result(text)]
    }

    var json: JSON? {
        .fields([
            "build": .count(log.build.number), "step": .string(log.step.name.text),
            "outcome": .string(log.step.outcome.rawValue), "text": .string(log.text),
        ])
    }
}

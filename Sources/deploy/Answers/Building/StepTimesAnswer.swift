import BuildGraph
import Primitives

/// How long steps took over the builds that are kept.
struct StepTimesAnswer: Answer {
    let times: [StepTimes]

    init(_ times: [StepTimes]) { self.times = times }

    func text(_ style: Style) -> [TextLine] {
        guard !times.isEmpty else { return [.aside("no step ran to its end in the builds that are kept")] }
        let heads = ["step", "runs", "last", "median", "shortest", "longest"].map(style.faint)
        let rows = times.map {
            [$0.step.text, "\($0.runs)", $0.last.shown, $0.median.shown, $0.least.shown, $0.most.shown]
        }
        return .results(Table.lines([heads] + rows, alignedRight: [1, 2, 3, 4, 5]))
    }

    var json: JSON? {
        .fields([
            "steps": .list(times) {
                .fields([
                    "step": .string($0.step.text), "runs": .count($0.runs), "last": .time($0.last),
                    "median": .time($0.median), "shortest": .time($0.least), "longest": .time($0.most),
                ])
            }
        ])
    }
}

import BuildGraph
import Evidence
import Pipeline
import Primitives
import SystemPackage

/// What building again came to.
struct ReproductionAnswer: Answer {
    let reproduction: Reproduction

    init(_ reproduction: Reproduction) { self.reproduction = reproduction }

    var ending: Ending { isSame ? .success : .failure }

    private var isSame: Bool { reproduction.steps.allSatisfy { $0.verdict == .same || $0.verdict == .sameWithKey } }
    private func count(_ verdict: Reproduction.Verdict) -> Int { reproduction.steps.count { $0.verdict == verdict } }

    func text(_ style: Style) -> [TextLine] {
        let steps = reproduction.steps.count
        let same = count(.same) + count(.sameWithKey)
        var lines = [
            "\(same) of \(steps.counted("step")) made the same bytes again, \(count(.same)) of them with another signing key"
        ]
        if let image = reproduction.image { lines.append("the image is the same: sha256 \(image.hex)") }
        if let (name, output, difference) = reproduction.difference {
            lines.append("\(style.bold("first difference:")) \(name), output \(output)")
            lines.append("  \((difference.place + [difference.what]).joined(separator: ": "))")
            let others = reproduction.steps.filter {
                if case .differs = $0.verdict { $0.name != name } else { false }
            }
            if !others.isEmpty {
                lines.append("also: \(others.map(\.name.text).joined(separator: ", "))")
            }
            lines += reproduction.report.map { "  \($0)" }
        }
        if let folder = reproduction.folder { lines.append("the second build is in \(folder)") }
        return .results(lines + [reproduction.duration.shown])
    }

    var json: JSON? {
        .fields([
            "event": .string("reproduction"), "same": .bool(isSame),
            "image": reproduction.image.map { .string($0.hex) },
            "varied": Self.list(reproduction.conditions.filter(\.isVaried)),
            "equal": Self.list(reproduction.conditions.filter { !$0.isVaried }),
            "steps": .list(reproduction.steps) { step in
                .fields(["name": .string(step.name.text), "verdict": .string(Self.word(step.verdict))])
            },
            "difference": reproduction.difference.map { name, output, difference in
                .fields([
                    "step": .string(name.text), "output": .string(output), "place": .strings(difference.place),
                    "what": .string(difference.what),
                ])
            },
            "folder": reproduction.folder.map { .string($0.string) }, "seconds": .time(reproduction.duration),
        ])
    }

    private static func list(_ conditions: [Condition]) -> JSON {
        .list(conditions) {
            .fields(["name": .string($0.name), "first": .string($0.first), "second": .string($0.second)])
        }
    }

    private static func word(_ verdict: Reproduction.Verdict) -> String {
        switch verdict {
        case .same: "same"
        case .sameWithKey: "same with the same key"
        case .differs: "differs"
        case .follows: "follows"
        }
    }
}

import Pipeline
import Primitives

/// What this machine has and lacks.
struct DoctorAnswer: Answer {
    let checks: [HostCheck]

    private var isWell: Bool { checks.allSatisfy(\.isWell) }

    var ending: Ending { isWell ? .success : .failure }

    func text(_ style: Style) -> [TextLine] {
        .results(
            checks.flatMap { check in
                let mark = check.isWell ? style.good("✓") : style.bad("✗")
                return ["\(mark) \(check.subject.padded(20)) \(check.finding)"]
                    + (check.remedy.map { ["  \(" ".padded(20)) → \($0)"] } ?? [])
            })
    }

    var json: JSON? {
        let checks = checks.map { check in
            JSON.fields([
                "subject": .string(check.subject), "finding": .string(check.finding), "well": .bool(check.isWell),
                "remedy": check.remedy.map(JSON.string),
            ])
        }
        return .fields(["well": .bool(isWell), "checks": .array(checks)])
    }
}

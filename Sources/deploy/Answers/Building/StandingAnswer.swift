import BuildGraph
import Packages
import Pipeline
import Primitives

/// How steps stand: each of them, or for people those alone that would run.
struct StandingAnswer: Answer {
    private let standing: [(step: Step, standing: StepStanding)]
    /// Stages of distributions that are declared, and not in use.
    private let unused: [Stage]
    private let leavesOutCached: Bool

    init(_ standing: [(step: Step, standing: StepStanding)], unused: [Stage] = [], leavesOutCached: Bool = false) {
        self.standing = standing
        self.unused = unused
        self.leavesOutCached = leavesOutCached
    }

    func text(_ style: Style) -> [TextLine] { .results(leavesOutCached ? wouldRun(style) : all(style)) }

    /// A line a stage, and below it a line a step.
    private func all(_ style: Style) -> [String] {
        BuildStage.all.flatMap { stage in
            let steps = standing.filter { $0.step.stage == stage }.sorted { $0.step.name < $1.step.name }
            let title = "\(stage.number) \(style.bold(stage.title)) (\(stage.name))"
            guard !steps.isEmpty else {
                let isUnused = unused.contains(stage)
                return [
                    isUnused
                        ? "\(title): not in use; `deploy build \(stage.name)` makes it, iso.darksites puts it on the image"
                        : "\(title): deploy.yaml declares none"
                ]
            }
            return [title] + steps.map { "  " + line($0.step, $0.standing, style) }
        }
    }

    /// A line for each step that is not up to date.
    private func wouldRun(_ style: Style) -> [String] {
        let stale = standing.filter { if case .cached = $0.standing { false } else { true } }
        guard !stale.isEmpty else { return ["nothing to do: \(standing.count) steps are up to date"] }
        return stale.map { line($0.step, $0.standing, style) }
    }

    private func line(_ step: Step, _ standing: StepStanding, _ style: Style) -> String {
        let name = step.name.text.padded(24)
        switch standing {
        case .cached(let record):
            let summary = record.summary ?? step.title
            return "\(style.good("✓")) \(name) \(summary.padded(46)) \(style.faint(record.duration.shown))"
        case .mustRun(_, let reason): return "\(style.warning("•")) \(name) \(reason.shown)"
        case .waits(let names): return "\(style.faint("◦")) \(name) after \(names.map(\.text).joined(separator: ", "))"
        }
    }

    var json: JSON? {
        .fields(["steps": .list(standing, Self.step), "unused_stages": .strings(unused.map(\.name))])
    }

    private static func step(_ step: Step, _ standing: StepStanding) -> JSON {
        let (name, stage) = (JSON.string(step.name.text), JSON.string(step.stage.name))
        switch standing {
        case .cached(let record):
            return .fields([
                "step": name, "stage": stage, "state": .string("up to date"),
                "finished": .date(LockDate(secondsSince1970: record.finished)), "seconds": .time(record.duration),
                "summary": record.summary.map(JSON.string),
            ])
        case .mustRun(_, let reason):
            return .fields([
                "step": name, "stage": stage, "state": .string("must run"), "reason": .string(reason.shown),
            ])
        case .waits(let names):
            return .fields([
                "step": name, "stage": stage, "state": .string("waits"), "for": .strings(names.map(\.text)),
            ])
        }
    }
}

extension RebuildReason {
    /// "first run", "changed: includes, image".
    var shown: String {
        switch self {
        case .firstRun: "first run"
        case .requested: "asked for"
        case .outputMissing: "its result is missing or damaged in the store"
        case .inputsChanged(let changes): "changed: " + changes.map(\.input).joined(separator: ", ")
        }
    }
}

import ArgumentParser
import BuildGraph
import Pipeline
import Primitives

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show each stage and step, and whether it is up to date.")

    @OptionGroup var options: CommonOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let freshness = freshness
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            let report = StandingReport(
                try await project.standing(BuildRequest()), unused: project.unusedStages, style: console.style)
            if console.mode == .json {
                console.print(report.json)
            } else {
                for line in report.all { console.print(line) }
            }
        }
    }
}

/// How all steps stand, as text.
struct StandingReport {
    private let standing: [(step: Step, standing: StepStanding)]
    /// Stages of distributions that are declared, and not in use.
    private let unused: [Stage]
    private let style: Style

    init(_ standing: [(step: Step, standing: StepStanding)], unused: [Stage] = [], style: Style) {
        self.standing = standing
        self.unused = unused
        self.style = style
    }

    /// A line a stage, and below it a line a step.
    var all: [String] {
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
            return [title] + steps.map { "  " + line($0.step, $0.standing) }
        }
    }

    /// A line for each step that is not up to date.
    var wouldRun: [String] {
        let stale = standing.filter { if case .cached = $0.standing { false } else { true } }
        guard !stale.isEmpty else { return ["nothing to do: \(standing.count) steps are up to date"] }
        return stale.map { line($0.step, $0.standing) }
    }

    var json: String {
        JSON.array(
            standing.map { step, standing in
                var fields: [(String, JSON)] = [("step", .string(step.name.text)), ("stage", .string(step.stage.name))]
                switch standing {
                case .cached(let record):
                    fields.append(("state", .string("up to date")))
                    fields.append(("finished", .number(Double(record.finished))))
                    fields.append(("seconds", .number(record.duration / .seconds(1))))
                case .mustRun(_, let reason):
                    fields.append(("state", .string("must run")))
                    fields.append(("reason", .string(reason.shown)))
                case .waits(let names):
                    fields.append(("state", .string("waits")))
                    fields.append(("for", .array(names.map { .string($0.text) })))
                }
                return .object(fields)
            }
        ).text
    }

    private func line(_ step: Step, _ standing: StepStanding) -> String {
        let name = step.name.text.padded(24)
        switch standing {
        case .cached(let record):
            let summary = record.summary ?? step.title
            return "\(style.good("✓")) \(name) \(summary.padded(46)) \(style.faint(record.duration.shown))"
        case .mustRun(_, let reason): return "\(style.warning("•")) \(name) \(reason.shown)"
        case .waits(let names): return "\(style.faint("◦")) \(name) after \(names.map(\.text).joined(separator: ", "))"
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

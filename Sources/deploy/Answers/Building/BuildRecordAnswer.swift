import BuildGraph
import ContentStore
import Packages
import Primitives

/// One build: what was asked, what came of it, and each of its steps.
struct BuildRecordAnswer: Answer {
    let build: BuildRecord

    init(_ build: BuildRecord) { self.build = build }

    func text(_ style: Style) -> [TextLine] { .results(head(style) + [""] + steps(style) + foot) }

    private func head(_ style: Style) -> [String] {
        var lines = [
            style.bold("build \(build.number)") + " · \(build.begin) UTC · \(build.duration.shown) · "
                + build.outcome.mark(style) + " \(build.outcome.word)",
            "asked for   deploy \(build.request.joined(separator: " "))",
        ]
        let digest = build.lock.map { ["deploy.lock \($0.digest.short)"] } ?? []
        let origin = digest + (build.commit.map { ["commit \($0)"] } ?? [])
        if !origin.isEmpty { lines.append("made from   \(origin.joined(separator: ", "))") }
        lines += build.causes.enumerated().map { ($0 == 0 ? "because of  " : "            ") + $1 }
        if let what = build.outcome.what { lines.append("error       \(what)") }
        if let image = build.image {
            lines.append("image       \(image.name)   \(image.blob.size)   sha256 \(image.blob.digest.short)…")
            lines += image.proofs.map { "proven      \($0)" } + image.unproven.map { "not proven  \($0)" }
        }
        return lines
    }

    private func steps(_ style: Style) -> [String] {
        let rows = build.steps.map { step in
            let ran = step.outcome != .cached && step.outcome != .skipped
            return [
                step.outcome.mark(style), step.name.text, ran ? "at \(step.began.shown)" : "",
                ran ? step.duration.shown : "", text(step, style),
            ]
        }
        return Table.lines(rows, alignedRight: [2, 3])
    }

    private func text(_ step: StepRun, _ style: Style) -> String {
        switch step.outcome {
        case .cached: style.faint(step.place)
        case .skipped: style.faint("did not begin")
        case .stopped: style.warning("stopped")
        case .failed: style.bad("failed") + Self.because(step)
        case .ran:
            (step.isRemote ? "\(step.place): " : "") + (step.summary ?? step.title) + style.faint(Self.because(step))
        }
    }

    private static func because(_ step: StepRun) -> String {
        guard let first = step.causes.first else { return "" }
        return " ← \(first)" + (step.causes.count > 1 ? "; \(step.causes.count - 1) more" : "")
    }

    private var foot: [String] {
        let told = build.steps.first { $0.outcome == .failed } ?? build.steps.last { $0.outcome == .ran }
        guard let step = told?.name else { return [] }
        return [
            "", "what a step said: deploy log \(build.number) \(step)",
            "why it ran: deploy explain \(step) --build \(build.number)",
        ]
    }

    var json: JSON? {
        guard case .object(let fields) = JSON.build(build) else { return nil }
        return .object(
            fields + [("phases", .list(build.phases, Self.phase)), ("steps", .list(build.steps, Self.step))])
    }

    private static func phase(_ phase: BuildRecord.Phase) -> JSON {
        .fields([
            "name": .string(phase.name), "began": .time(phase.began), "seconds": .time(phase.ended - phase.began),
        ])
    }

    private static func step(_ step: StepRun) -> JSON {
        let ran = step.outcome != .cached && step.outcome != .skipped
        return .fields([
            "step": .string(step.name.text), "stage": .string(step.stage.name),
            "outcome": .string(step.outcome.rawValue), "remote": step.isRemote ? .bool(true) : nil,
            "key": step.key.map { .string("\($0)") }, "began": ran ? .time(step.began) : nil,
            "seconds": ran ? .time(step.duration) : nil, "cores": .count(step.cores), "made": .size(step.made),
            "needs": .strings(step.needs.map(\.text)), "summary": step.summary.map(JSON.string),
            "causes": .strings(step.causes), "error": step.error.map(JSON.string),
            "log": step.log.map { .string($0.digest.hex) },
        ])
    }
}

extension StepRun.Outcome {
    func mark(_ style: Style) -> String {
        switch self {
        case .ran: style.good("✓")
        case .cached: style.faint("·")
        case .failed: style.bad("✗")
        case .stopped: style.warning("–")
        case .skipped: style.faint("◦")
        }
    }
}

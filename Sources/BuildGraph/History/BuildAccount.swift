import ContentStore
import Primitives
import SystemPackage

/// What became of each step of a build that has ended, and why: out of what the build said and of what is on record by then.
///
/// The store must still be held: the last run of a step on record is taken for that of the build.
package struct BuildAccount: Sendable {
    /// All that were wanted, each after those it reads.
    package let steps: [StepRun]
    /// Files of the user's that changed, as root causes: "live-build/config/includes.chroot/etc/motd changed".
    package let userCauses: [String]
    /// All other root causes: values of declaration and lock, code, a first run.
    package let otherCauses: [String]

    /// Looks at the steps that `wanted` needs.
    package init(
        of wanted: Set<StepName>, in graph: StepGraph, _ chronicle: BuildChronicle, by engine: BuildEngine
    ) async {
        var accountant = Accountant(engine: engine, chronicle: chronicle)
        var steps: [StepRun] = []
        for name in graph.closure(of: wanted) {
            if let step = graph.steps[name] { steps.append(await accountant.run(of: step)) }
        }
        self.steps = steps
        let causes = steps.flatMap { accountant.roots[$0.name] ?? [] }
        userCauses = Self.distinct(causes.filter(\.isUser).map(\.text))
        otherCauses = Self.distinct(causes.filter { !$0.isUser }.map(\.text))
    }

    private static func distinct(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}

private struct RootCause: Hashable {
    let text: String
    let isUser: Bool
}

private struct Accountant {
    let engine: BuildEngine
    let chronicle: BuildChronicle
    let explainer: Explainer
    /// What lies behind each step that ran.
    var roots: [StepName: [RootCause]] = [:]
    private var found: [StepName: StepRecord] = [:]

    init(engine: BuildEngine, chronicle: BuildChronicle) {
        self.engine = engine
        self.chronicle = chronicle
        explainer = Explainer(store: engine.store, records: engine.records, now: engine.now())
    }

    mutating func run(of step: Step) async -> StepRun {
        let entry = chronicle.entries[step.name]
        let outcome: StepRun.Outcome = entry.map { $0.outcome ?? .stopped } ?? .skipped
        let last = await engine.records.lastRecord(of: step.name)
        var record: StepRecord?
        var evaluation: StepEvaluation?
        switch outcome {
        case .ran, .cached:
            record = last
            found[step.name] = last
        case .failed, .stopped:
            evaluation = step.evaluate(records: found, architecture: engine.architecture)
        case .skipped: break
        }
        var previous: StepKey?
        if case .inputsChanged(let changes) = entry?.reason {
            previous = record.map(\.previous) ?? last?.key
            if let previous, let inputs = record?.inputs ?? evaluation?.inputs,
                let before = await engine.records.record(previous)
            {
                roots[step.name] = await causes(
                    changes, from: before, inputs: inputs, code: record?.code ?? step.code,
                    fresh: record == nil ? step : nil)
            }
        } else if let reason = entry?.reason {
            roots[step.name] = [RootCause(text: Self.words(reason), isUser: false)]
        }
        return StepRun(
            name: step.name, stage: step.stage, title: step.title, needs: step.dependencies.sorted(), outcome: outcome,
            isRemote: entry?.isRemote ?? false, key: record?.key ?? evaluation?.key, previous: previous,
            began: entry?.began ?? .zero,
            ended: entry?.ended ?? .zero, cores: step.cores, log: await log(of: step.name, outcome, record),
            made: (record?.outputs.values.map(\.size) ?? []).reduce(.zero, +), summary: record?.summary,
            causes: (roots[step.name] ?? []).map(\.text), error: entry?.error)
    }

    private func log(of step: StepName, _ outcome: StepRun.Outcome, _ record: StepRecord?) async -> Blob? {
        guard outcome == .failed || outcome == .stopped else { return record?.log }
        let path = engine.logFolder.appending("\(step.fileName).log")
        guard Files.exists(path) else { return nil }
        return try? await engine.store.insert(copying: path)  // it is still where it was written
    }

    private static func words(_ reason: RebuildReason) -> String {
        switch reason {
        case .firstRun: "first run"
        case .requested: "asked for anew"
        case .outputMissing: "its result was missing or damaged in the store"
        case .inputsChanged: "an input changed"
        }
    }

    /// The root causes of `changes`: those of the steps that made what changed, where they ran in this build.
    private func causes(
        _ changes: [InputChange], from before: StepRecord, inputs: [String: StepRecord.Input], code: String,
        fresh: Step?
    ) async -> [RootCause] {
        var causes: [RootCause] = []
        func add(_ cause: RootCause) { if !causes.contains(cause) { causes.append(cause) } }
        for change in changes {
            if let producer = change.producer {
                if let known = roots[producer] {
                    known.forEach(add)
                } else {
                    add(RootCause(text: "\(producer) made \(change.input) anew", isUser: false))
                }
                continue
            }
            let cause = await explainer.cause(change, from: before, inputs: inputs, code: code, fresh: fresh)
            let origin = inputs[change.input]?.origin ?? before.inputs[change.input]?.origin
            if case .user = origin {
                add(RootCause(text: Self.words(ofFile: cause), isUser: true))
            } else {
                add(RootCause(text: Self.words(ofValue: cause), isUser: false))
            }
        }
        return causes
    }

    /// "…/etc/motd changed", "live-build/config/includes.chroot: 3 files".
    private static func words(ofFile cause: StepExplanation.Cause) -> String {
        let isFolder = cause.details.contains { $0.hasPrefix("\(cause.subject)/") }
        if isFolder { return "\(cause.subject): \(count(cause.details).counted("file"))" }
        let verbs = ["added", "changed", "removed"]
        if cause.details.count == 1, verbs.contains(cause.details[0]) { return "\(cause.subject) \(cause.details[0])" }
        return "\(cause.subject) changed"
    }

    /// "label: + KLDLOAD2", "packages: 5 lines", "key changed".
    private static func words(ofValue cause: StepExplanation.Cause) -> String {
        guard cause.subject != ChangeFinder.code else { return cause.subject }
        guard !cause.details.isEmpty else { return "\(cause.subject) changed" }
        if cause.details.count == 1 { return "\(cause.subject): \(cause.details[0].prefix(100))" }
        return "\(cause.subject): \(count(cause.details).counted("line"))"
    }

    /// How many lines there were before the last one became "and 12 more".
    private static func count(_ details: [String]) -> Int {
        let words = details.last?.split(separator: " ") ?? []
        guard details.count == 8, words.count == 3, words[0] == "and", words[2] == "more", let more = Int(words[1])
        else { return details.count }
        return details.count - 1 + more
    }
}

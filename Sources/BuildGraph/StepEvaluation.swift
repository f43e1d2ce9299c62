import ContentStore
import Primitives

/// What is known of a step before it runs: its inputs by digest, and so its key.
package struct StepEvaluation: Sendable {
    /// What its result is called, on record or not.
    package let key: StepKey
    /// By name; the size of a file of the user's is not known here, and 0.
    package let inputs: [String: StepRecord.Input]
}

/// How a step stands, with nothing run.
package enum StepStanding: Sendable {
    /// Its result is on record.
    case cached(StepRecord)
    /// It has to run.
    case mustRun(StepEvaluation, RebuildReason)
    /// It can't be said before these steps have run: they may give the same bytes as before.
    case waits(for: [StepName])
}

extension Step {
    /// What stands for the code of the step in records.
    var code: String {
        switch action {
        case .container(_, let script, let arguments, let environment):
            (["script \(Digest(of: script).short)"] + arguments
                + environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })
                .joined(separator: " ")
        case .native(let identifier, let version, _): "\(identifier) \(version)"
        }
    }

    /// The step with its inputs by digest, given the records of the steps it depends on; nil where one is missing.
    package func evaluate(records: [StepName: StepRecord], architecture: String) -> StepEvaluation? {
        var resolved: [String: StepRecord.Input] = [:]
        for (name, input) in inputs {
            switch input {
            case .literal(let bytes):
                resolved[name] = StepRecord.Input(artifact: Artifact(file: Blob(of: bytes)), origin: .literal)
            case .file(_, let blob, let shown):
                resolved[name] = StepRecord.Input(artifact: Artifact(file: blob), origin: .user(shown))
            case .folder(_, let tree, let shown):
                let artifact = Artifact(tree: tree.blob, size: tree.size)
                resolved[name] = StepRecord.Input(artifact: artifact, origin: .user(shown))
            case .output(let producer, let output):
                guard let record = records[producer], let artifact = record.outputs[output] else { return nil }
                resolved[name] = StepRecord.Input(
                    artifact: artifact, origin: .step(producer, output: output, key: record.key))
            }
        }
        return StepEvaluation(
            key: StepKey(of: self, inputs: resolved.mapValues(\.artifact.digest), architecture: architecture),
            inputs: resolved)
    }
}

/// Compares what a step reads now with what it read in the last run on record.
package struct ChangeFinder: Sendable {
    /// The subject of a change that is none of an input: the script, its arguments, or the version of a native step.
    static let code = "the step's own code"

    /// What the names of inputs begin with that are the words of a key of the declaration, "deploy.yaml/iso.systems": where such a key
    /// decides about the step's code, it is the cause, and the code is not told beside it.
    package static let choices = "deploy.yaml/"

    let records: any RecordStore

    package init(records: any RecordStore) { self.records = records }

    /// Why `step` has to run, given that no record has its key.
    package func reason(for step: Step, _ evaluation: StepEvaluation) async -> RebuildReason {
        guard let last = await records.lastRecord(of: step.name) else { return .firstRun }
        return .inputsChanged(changes(from: last, inputs: evaluation.inputs, code: step.code))
    }

    /// What differs between the run `before` and a run that reads `inputs` and has this code.
    package func changes(from before: StepRecord, inputs: [String: StepRecord.Input], code: String) -> [InputChange] {
        var changes: [InputChange] = []
        for name in Set(before.inputs.keys).union(inputs.keys).sorted() {
            let (old, new) = (before.inputs[name], inputs[name])
            guard old?.artifact.digest != new?.artifact.digest else { continue }
            var producer: StepName?
            if case .step(let step, _, _) = (new ?? old)?.origin { producer = step }
            changes.append(
                InputChange(input: name, before: old?.artifact.digest, after: new?.artifact.digest, producer: producer))
        }
        let isChosen = changes.contains { $0.input.hasPrefix(Self.choices) }
        if (before.code != code && !isChosen) || changes.isEmpty {
            // The same run, but by the word of a cache that is not believed now.
            let source = before.code == code ? before.source : nil
            let input = source.map { "its result came from \($0), which is not named now" } ?? ChangeFinder.code
            changes.append(InputChange(input: input, before: nil, after: nil, producer: nil))
        }
        return changes
    }
}

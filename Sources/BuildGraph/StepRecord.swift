package import ContentStore
import Primitives
import SystemPackage

/// What is remembered of a successful run of a step: enough to use its result again, and to say later why it ran.
package struct StepRecord: Hashable, Sendable {
    /// Where an input came from, as the record keeps it.
    package enum Origin: Hashable, Sendable {
        case literal
        /// A file or folder of the user's, by its shown path.
        case user(String)
        /// The named output of a step, and the key of the run that made it.
        case step(StepName, output: String, key: StepKey)
    }

    /// What a step read under one of its names.
    package struct Input: Hashable, Sendable {
        /// What it was. The size of a file of the user's is kept as 0.
        package let artifact: Artifact
        /// Who or what gave it.
        package let origin: Origin
    }

    /// What the result is found by.
    package let key: StepKey
    /// The step that ran; another one whose key is the same uses the record, too.
    package let step: StepName
    /// The key of the run on record before this one: what "changed" is measured against.
    package let previous: StepKey?
    /// Seconds since 1970.
    package let finished: Int64
    /// How long the run took, to the millisecond once it was stored.
    package let duration: Duration
    /// What the step said of its result in a few words, "325 packages, 362 MB"; nil where it said nothing.
    package let summary: String?
    /// The blob that its log is; nil where it wrote none, or the log could not be stored.
    package let log: Blob?
    /// All that it read, by name.
    package let inputs: [String: Input]
    /// All that it made, by name.
    package let outputs: [String: Artifact]
    /// What stands for the step's code in its key: "native fetch 3", or the digest of a script.
    package let code: String
    /// The cache that said so, where it was not made on this host: it is believed by builds that name this cache, and by no others.
    package private(set) var source: String?

    /// The same run, said to be the one after that with the key `previous`, as `source` has it.
    package func following(_ previous: StepKey?, from source: String?) -> StepRecord {
        StepRecord(
            key: key, step: step, previous: previous, finished: finished, duration: duration, summary: summary,
            log: log, inputs: inputs, outputs: outputs, code: code, source: source)
    }
}

extension StepRecord {
    /// A line a fact, so that people can read it too.
    package var serialized: String { RecordText.sealed(facts) }

    private var facts: [String] {
        var lines = [
            "record 2", "step \(RecordText.escaped(step.text))", "key \(key)", "finished \(finished)",
            "code \(RecordText.escaped(code, endsLine: true))",
        ]
        lines.append("milliseconds \(duration.milliseconds)")
        if let previous { lines.append("previous \(previous)") }
        if let summary { lines.append("summary \(RecordText.escaped(summary, endsLine: true))") }
        if let log { lines.append("log \(RecordText.words(log))") }
        if let source { lines.append("source \(RecordText.escaped(source, endsLine: true))") }
        // The line of a tree has the size of its files; its own is that of the list of them.
        let trees = (inputs.values.map(\.artifact) + outputs.values).filter { $0.kind == .tree }.map(\.blob)
        for tree in Set(trees).sorted(by: { $0.digest < $1.digest }) where tree.size > .zero {
            lines.append("tree \(tree.digest.hex) \(tree.size.bytes)")
        }
        for (name, input) in inputs.sorted(by: { $0.key < $1.key }) {
            let origin =
                switch input.origin {
                case .literal: "literal"
                case .user(let path): "user \(RecordText.escaped(path, endsLine: true))"
                case .step(let step, let output, let key):
                    "step \(RecordText.escaped(step.text)) \(RecordText.escaped(output)) \(key)"
                }
            lines.append("input \(RecordText.escaped(name)) \(Self.line(input.artifact)) \(origin)")
        }
        for (name, artifact) in outputs.sorted(by: { $0.key < $1.key }) {
            lines.append("output \(RecordText.escaped(name)) \(Self.line(artifact))")
        }
        return lines
    }

    private static func line(_ artifact: Artifact) -> String {
        "\(artifact.kind.rawValue) \(artifact.digest.hex) \(artifact.size.bytes)"
    }

    /// The record that `text` is; nil where it is none: a damaged record is as good as no record.
    package init?(serialized text: String) {
        guard let lines = RecordText.lines(of: text) else { return nil }
        var facts: [Substring: Substring] = [:]
        /// Older versions did not note the sizes of trees, nor of logs: there they are 0.
        var trees: [Digest: ByteCount] = [:]
        var inputs: [String: Input] = [:]
        var outputs: [String: Artifact] = [:]
        for line in lines {
            let fields = line.split(separator: " ", maxSplits: 5).map(String.init)
            switch fields.first {
            case "input":
                guard fields.count == 6, let artifact = Self.artifact(fields[2...4], trees),
                    let origin = Self.origin(fields[5])
                else { return nil }
                inputs[RecordText.unescaped(fields[1])] = Input(artifact: artifact, origin: origin)
            case "output":
                guard fields.count == 5, let artifact = Self.artifact(fields[2...4], trees) else { return nil }
                outputs[RecordText.unescaped(fields[1])] = artifact
            case "tree":
                guard let blob = RecordText.blob(fields[1...]) else { return nil }
                trees[blob.digest] = blob.size
            default:
                guard let space = line.firstIndex(of: " ") else { return nil }
                facts[line[..<space]] = line[line.index(after: space)...]
            }
        }
        guard facts["record"] == "2", let step = facts["step"], let code = facts["code"],
            let key = facts["key"].flatMap({ Digest(hex: String($0)) }),
            let finished = facts["finished"].flatMap({ Int64($0) }),
            let milliseconds = facts["milliseconds"].flatMap({ Int64($0) })
        else { return nil }
        self.init(
            key: StepKey(digest: key), step: StepName(RecordText.unescaped(step)),
            previous: facts["previous"].flatMap { Digest(hex: String($0)) }.map(StepKey.init(digest:)),
            finished: finished, duration: .milliseconds(milliseconds),
            summary: facts["summary"].map { RecordText.unescaped($0) },
            log: facts["log"].flatMap { RecordText.blob($0.split(separator: " ").map(String.init)[...]) },
            inputs: inputs,
            outputs: outputs, code: RecordText.unescaped(code),
            source: facts["source"].map { RecordText.unescaped($0) })
    }

    private static func artifact(_ fields: ArraySlice<String>, _ trees: [Digest: ByteCount]) -> Artifact? {
        guard let kind = fields.first.flatMap(ArtifactKind.init), let blob = RecordText.blob(fields.dropFirst()) else {
            return nil
        }
        switch kind {
        case .file: return Artifact(file: blob)
        case .tree: return Artifact(tree: Blob(blob.digest, size: trees[blob.digest] ?? .zero), size: blob.size)
        }
    }

    private static func origin(_ text: String) -> Origin? {
        let fields = text.split(separator: " ", maxSplits: 1).map(String.init)
        switch fields.first {
        case "literal": return .literal
        case "user" where fields.count == 2: return .user(RecordText.unescaped(fields[1]))
        case "step" where fields.count == 2:
            let parts = fields[1].split(separator: " ").map(String.init)
            guard parts.count == 3, let key = Digest(hex: parts[2]) else { return nil }
            return .step(
                StepName(RecordText.unescaped(parts[0])), output: RecordText.unescaped(parts[1]),
                key: StepKey(digest: key))
        default: return nil
        }
    }
}

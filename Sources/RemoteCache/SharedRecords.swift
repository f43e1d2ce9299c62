package import BuildGraph
package import ContentStore
import Primitives

/// The records of this host with those of a remote cache behind them.
///
/// Whoever can write to that cache says what a step makes: it is the declaration that names whom to believe. What is read is held
/// to what was asked for all the same: a record of another key, or with outputs that the server does not name, is none.
package struct SharedRecords: RecordStore {
    private let local: any RecordStore
    private let store: ContentStore
    private let remote: RemoteCache
    private let architecture: String

    /// `local` and `store` are those of this host.
    package init(
        _ local: any RecordStore, store: ContentStore, behind remote: RemoteCache, architecture: String
    ) {
        self.local = local
        self.store = store
        self.remote = remote
        self.architecture = architecture
    }

    /// Of this host, or found elsewhere by this build.
    package func record(_ key: StepKey) async -> StepRecord? {
        if let record = await local.record(key) { return record }
        return remote.answer(about: key)?.record
    }

    /// On this host.
    package func lastKey(of step: StepName) async -> StepKey? { await local.lastKey(of: step) }

    // MARK: Finding

    /// On this host, or else there: asked once in a build. Throws `RemoteFailed` where the cache is required.
    package func find(_ step: Step, _ evaluation: StepEvaluation) async throws -> FoundRecord? {
        if let found = try await local.find(step, evaluation) { return found }
        let known = remote.answer(about: evaluation.key)
        let answer = if let known { known } else { try await ask(step, evaluation) }
        return answer.record.map { FoundRecord($0, .remote) }
    }

    private func ask(_ step: Step, _ evaluation: StepEvaluation) async throws -> RemoteCache.Answer {
        let record = try await sharedRecord(step, evaluation)
        remote.count { if record == nil { $0.misses += 1 } else { $0.hits += 1 } }
        let answer = RemoteCache.Answer(
            found: record, isDoubted: remote.options.isVerified && Self.isSampled(evaluation.key))
        remote.keep(answer, about: evaluation.key)
        return answer
    }

    /// What the cache has of the run that `step` would be, whatever this host has.
    package func sharedRecord(_ step: Step, _ evaluation: StepEvaluation) async throws -> StepRecord? {
        let description = try StepDescription(of: step, evaluation, architecture: architecture)
        let result = try await remote.ask(.reading) { _ in
            try await remote.server.result(of: description.action, inline: [StepDescription.Path.record])
        }
        guard let result else { return nil }
        return try await record(in: result, of: step, evaluation)
    }

    /// One in eight, and always the same ones.
    private static func isSampled(_ key: StepKey) -> Bool { (key.digest.bytes.first ?? 0) & 7 == 0 }

    private func record(
        in result: ActionResultMessage, of step: Step, _ evaluation: StepEvaluation
    ) async throws -> StepRecord? {
        let files = Dictionary(result.files.map { ($0.path, $0) }) { first, _ in first }
        guard result.exitCode == 0, let kept = files[StepDescription.Path.record], let blob = kept.digest.blob else {
            return nil
        }
        var bytes = kept.contents
        if Blob(of: bytes) != blob {
            // It is small, and named by a result that there is: it is asked for without asking whether it is there.
            let found = try await remote.ask(.reading) { _ in try await remote.server.read([blob]) }
            guard let found = found?[blob] else { return nil }
            bytes = found
        }
        guard let record = StepRecord(serialized: String(decoding: bytes, as: UTF8.self)), record.key == evaluation.key,
            record.outputs.mapValues(\.kind) == step.outputs
        else { return nil }
        for (name, artifact) in record.outputs {
            let path =
                artifact.kind == .file ? StepDescription.Path.output(name) : StepDescription.Path.list(name)
            guard files[path]?.digest == DigestMessage(artifact.blob) else { return nil }
        }
        return record
    }

    /// The record of a run elsewhere becomes one of this host when its result is used.
    package func noteUse(of record: StepRecord, by step: StepName) async throws {
        if remote.answer(about: record.key)?.record == record {
            let last = await local.lastKey(of: record.step)
            try await local.save(
                record.following(last == record.key ? nil : last, from: "\(remote.options.address)"))
        }
        try await local.noteUse(of: record, by: step)
    }

    // MARK: Keeping

    /// Throws `RemoteDisagrees` where the cache said that something else would come of it.
    package func save(_ record: StepRecord) async throws {
        if let other = remote.answer(about: record.key)?.doubted, other.outputs != record.outputs {
            throw RemoteDisagrees(address: remote.options.address, here: record, there: other)
        }
        try await local.save(record)
    }

    /// Uploads all that the run made, its log and its record, and then says that they belong together. Throws `RemoteFailed` where the
    /// cache is required.
    package func share(_ record: StepRecord, of step: Step, _ evaluation: StepEvaluation) async throws -> Bool {
        guard remote.answer(about: record.key)?.doubted == nil, try await remote.takesResults() else { return false }
        let description = try StepDescription(of: step, evaluation, architecture: architecture)
        var result = ActionResultMessage()
        var blobs: Set<Blob> = []
        var made = description.messages
        func add(_ blob: Blob, at path: String) {
            result.files.append(OutputFileMessage(path, blob))
            blobs.insert(blob)
        }
        for (name, artifact) in record.outputs.sorted(by: { $0.key < $1.key }) {
            switch artifact.kind {
            case .file: add(artifact.blob, at: StepDescription.Path.output(name))
            case .tree:
                add(artifact.blob, at: StepDescription.Path.list(name))
                guard try await store.missing(of: [artifact.blob]).isEmpty else { return false }
                let tree = try FileTree(serialized: try await store.bytes(of: artifact.blob))
                let folders = DirectoryMessages(tree)
                let message = folders.tree.encoded
                let blob = Blob(of: message)
                // There are servers to which a Tree is only whole with the Directory messages in it beside it.
                made.merge(folders.encoded) { $1 }
                made[blob] = message
                result.directories.append(
                    OutputDirectoryMessage(
                        StepDescription.Path.output(name), tree: DigestMessage(blob), root: folders.root))
                blobs.formUnion(tree.blobs)
            }
        }
        if let log = record.log, log.size > .zero { add(log, at: StepDescription.Path.log) }
        let text = Array(record.following(nil, from: nil).serialized.utf8)
        let kept = Blob(of: text)
        add(kept, at: StepDescription.Path.record)
        made[kept] = text
        result.files.sort { $0.path < $1.path }
        // A result is only told of when all that it names is there.
        guard try await remote.upload(blobs.union(made.keys), from: store, beside: made) else { return false }
        return try await remote.ask(.writing) { [result] _ in
            try await remote.server.update(description.action, result)
            return true
        } ?? false
    }
}

/// A step that made something else here than the cache says.
struct RemoteDisagrees: UserError {
    let address: RemoteAddress
    let here: StepRecord
    let there: StepRecord
    var what: String { "\(here.step) made something else here than the remote cache \(address) has of it" }
    var details: [String] {
        here.outputs.sorted { $0.key < $1.key }.compactMap { name, artifact in
            guard let other = there.outputs[name], other != artifact else { return nil }
            return
                "\(name): here \(artifact.digest.short), \(artifact.size); there \(other.digest.short), \(other.size)"
        }
    }
    var hint: String? {
        """
        either the step does not make the same bytes each time, which `deploy reproduce` shows, or somebody put another result there: \
        use it no more until that is known (--no-remote)
        """
    }
}

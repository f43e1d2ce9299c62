package import BuildGraph
package import ContentStore
import Primitives
import SystemPackage

/// Runs container steps on the workers of a server, as Actions: the image's root file system is the input root, with the step's inputs
/// below `/in` and its outputs in `/out`, no network, and the environment that containers have here.
package struct RemoteExecutor: StepExecutor {
    /// How long a step may run there.
    private static let limit = Duration.seconds(3 * 3600)

    private let store: ContentStore
    private let artifacts: TieredStore
    private let remote: RemoteCache
    private let roots: RootTrees

    /// What is uploaded is taken out of `store`, and out of the cache itself.
    package init(_ store: ContentStore, on remote: RemoteCache) {
        self.store = store
        self.remote = remote
        artifacts = TieredStore(store, behind: remote)
        roots = RootTrees()
    }

    /// Why `step` runs here: it is none of a container, it needs something that a sandbox of one user has not, or there is no cache.
    package func objection(to step: Step) -> String? {
        step.stays ?? (remote.executes ? nil : "the server runs no steps")
    }

    /// A run whose server fails is begun again here; that is said.
    package func run(
        _ step: Step, _ evaluation: StepEvaluation, log: StepLog, report: @escaping @Sendable (StepProgress) -> Void
    ) async throws -> StepResult? {
        let start = ContinuousClock.now
        report(StepProgress(activity: "sending it to \(remote.options.address)"))
        guard let action = try await upload(step, evaluation) else { return nil }
        let result = try await remote.ask(.executing) { capabilities in
            guard capabilities.executes else { throw CallFailure(.failedPrecondition, "it runs no actions") }
            return try await remote.server.execute(action, limit: Self.limit) { stage in
                switch stage {
                case .queued: report(StepProgress(activity: "queued on \(remote.options.address)"))
                case .executing: report(StepProgress(activity: "runs on \(remote.options.address)"))
                case .unknown: report(StepProgress(activity: "is with \(remote.options.address)"))
                }
            }
        }
        guard let result else { return nil }
        let text = try await said(result)
        if !text.isEmpty { log.write(text.hasSuffix("\n") ? String(text.dropLast()) : text) }
        guard result.exitCode == 0 else {
            throw StepFailure(
                step: step.name, status: Int32(clamping: result.exitCode), duration: ContinuousClock.now - start,
                log: log)
        }
        guard let outputs = try await outputs(of: step, in: result) else { return nil }
        let summary = text.split(separator: "\n").compactMap { line in
            if case .summary(let text) = ScriptMessage(String(line)) { text } else { nil }
        }.last
        return StepResult(outputs: outputs, summary: summary)
    }

    /// Puts all there that the action of `step` names, and returns its digest; nil where some of it can't be had, or not be put there.
    private func upload(_ step: Step, _ evaluation: StepEvaluation) async throws -> DigestMessage? {
        guard case .container(.input(let image), let script, let arguments, let environment) = step.action,
            let root = evaluation.inputs[image]?.artifact, try await artifacts.fetch(root)
        else { return nil }
        let base = try await roots.tree(of: root.blob, in: store)
        var inputs = base.tree
        for (name, input) in evaluation.inputs where name != image {
            switch input.artifact.kind {
            case .file: try inputs.set(.file(input.artifact.blob), at: "in/\(name)")
            case .tree:
                let tree = try await artifacts.tree(input.artifact.blob)
                if tree.nodes.isEmpty { try inputs.set(.emptyFolder, at: "in/\(name)") }
                try inputs.merge(tree, at: "in/\(name)")
            }
        }
        let scriptBlob = Blob(of: script)
        try inputs.set(.file(scriptBlob), at: "in/script")
        for folder in ["out", "tmp"] { try inputs.set(.emptyFolder, at: folder) }
        let messages = DirectoryMessages(inputs)
        var command = CommandMessage()
        // One stream, in the order in which it was written; `$0` of the inner shell is not seen by the script.
        command.arguments = ["/bin/bash", "-c", #"exec /bin/bash /in/script "$@" 2>&1"#, "step"] + arguments
        command.environment = ContainerCommand.environment.merging(environment) { $1 }.sorted { $0.key < $1.key }.map {
            NameValueMessage($0.key, $0.value)
        }
        command.outputPaths = step.outputs.keys.map { "out/\($0)" }.sorted()
        var action = ActionMessage()
        let commandBytes = command.encoded
        let commandBlob = Blob(of: commandBytes)
        action.command = DigestMessage(commandBlob)
        action.inputRoot = messages.root
        action.timeout = SecondsMessage(seconds: Int64(Self.limit / .seconds(1)))
        let bytes = action.encoded
        let blob = Blob(of: bytes)
        let made = messages.encoded.merging([scriptBlob: script, commandBlob: commandBytes, blob: bytes]) { $1 }
        guard try await upload(rootFiles: base, of: root),
            try await remote.upload(inputs.blobs.subtracting(base.blobs).union(made.keys), from: store, beside: made)
        else { return nil }
        return DigestMessage(blob)
    }

    /// The files of the root lie in its archive, and nowhere else.
    private func upload(rootFiles base: RootTree, of root: Artifact) async throws -> Bool {
        var missing = try await remote.missing(of: base.blobs)
        // As many at once as do no harm to this host's memory.
        while !missing.isEmpty {
            let wanted = missing
            let piece = try await store.withFile(of: root.blob) { path in
                try await BlockingWork.run {
                    var piece: [Blob: [UInt8]] = [:]
                    var size = 0
                    try RootTree.contents(of: wanted, inArchive: path) { blob, bytes in
                        guard size < 512 << 20 else { return }
                        piece[blob] = bytes
                        size += bytes.count
                    }
                    return piece
                }
            }
            guard !piece.isEmpty, try await remote.upload(Set(piece.keys), from: store, beside: piece) else {
                return false
            }
            missing.subtract(piece.keys)
        }
        return true
    }

    /// What the script said.
    private func said(_ result: ActionResultMessage) async throws -> String {
        var bytes = result.stdoutRaw
        if bytes.isEmpty, let blob = result.stdout?.blob, blob.size > .zero,
            try await artifacts.fetchAbsent([blob]).isEmpty
        {
            bytes = try await store.bytes(of: blob)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What the step declares, out of what the action made: folders by the lists of their files, which are made here. Nil where the
    /// server has lost some of it.
    private func outputs(of step: Step, in result: ActionResultMessage) async throws -> [String: Artifact]? {
        var artifacts: [String: Artifact] = [:]
        for (name, kind) in step.outputs {
            switch kind {
            case .file:
                guard let blob = result.files.first(where: { $0.path == "out/\(name)" })?.digest.blob else {
                    throw GraphError(what: "\(step.name) ended well but did not write /out/\(name)")
                }
                artifacts[name] = Artifact(file: blob)
            case .tree:
                guard let folder = result.directories.first(where: { $0.path == "out/\(name)" })?.tree.blob else {
                    throw GraphError(what: "\(step.name) ended well but did not write /out/\(name)")
                }
                guard try await self.artifacts.fetchAbsent([folder]).isEmpty else { return nil }
                let tree = try FileTree(TreeMessage(try await store.bytes(of: folder)[...]))
                artifacts[name] = try await store.insert(tree)
            }
        }
        return artifacts
    }
}

/// The root file systems that were read in this build.
private actor RootTrees {
    private var trees: [Digest: RootTree] = [:]

    /// That in the archive `blob`, which is in `store`.
    func tree(of blob: Blob, in store: ContentStore) async throws -> RootTree {
        if let tree = trees[blob.digest] { return tree }
        let tree = try await store.withFile(of: blob) { path in
            try await BlockingWork.run { try RootTree(archive: path) }
        }
        trees[blob.digest] = tree
        return tree
    }
}

import ContentStore
import Primitives
private import Synchronization
import SystemPackage

/// One run of one step whose inputs are in the store.
struct StepRunner: Sendable {
    let engine: BuildEngine
    let step: Step
    let evaluation: StepEvaluation

    var log: StepLog { StepLog(path: engine.logFolder.appending("\(step.name.fileName).log")) }

    /// Runs the step, with its work folder removed afterwards whatever happens.
    func run() async throws -> StepResult {
        try Files.createDirectory(engine.logFolder)
        try Files.remove(log.path)
        let folder = try engine.store.workArea.makeFolder(step.name.fileName)
        let result: Result<StepResult, any Error>
        do {
            result = .success(try await act(in: folder))
        } catch {
            result = .failure(error)
        }
        do {
            try await BlockingWork.run { try Files.remove(folder) }
        } catch {
            // The next build removes it; what the step did, or why it failed, matters more.
            engine.events(.warning("\(error)"))
        }
        return try result.get()
    }

    private func act(in folder: FilePath) async throws -> StepResult {
        let report: @Sendable (StepProgress) -> Void = { [events = engine.events, name = step.name] progress in
            events(.stepProgress(name, progress))
        }
        switch step.action {
        case .native(_, _, let run):
            let context = StepContext(
                store: engine.store, inputs: evaluation.inputs.mapValues(\.artifact), workFolder: folder, log: log,
                report: report)
            do {
                let result = try await run(context)
                guard result.outputs.mapValues(\.kind) == step.outputs else {
                    throw GraphError(what: "\(step.name) did not make what it declares")
                }
                for (name, artifact) in result.outputs.sorted(by: { $0.key < $1.key }) {
                    guard await engine.store.has(artifact) else {
                        throw GraphError(what: "\(step.name) did not put its output \(name) into the store")
                    }
                }
                return result
            } catch let error as CancellationError {
                throw error
            } catch {
                throw StepFailure(step: step.name, error: error, log: log)
            }
        case .container:
            let start = ContinuousClock.now
            let command = try await command(in: folder)
            let summary = Mutex<String?>(nil)
            let status = try await engine.containers.run(command) { line in
                switch ScriptMessage(line) {
                case .summary(let text): summary.withLock { $0 = text }
                case .progress(let progress): report(progress)
                case nil: break
                }
            }
            try Task.checkCancellation()
            guard status == 0 else {
                throw StepFailure(step: step.name, status: status, duration: ContinuousClock.now - start, log: log)
            }
            return StepResult(outputs: try await ingestOutputs(of: command), summary: summary.withLock { $0 })
        }
    }

    /// The container of this step, its inputs laid out below `folder`.
    func command(in folder: FilePath) async throws -> ContainerCommand {
        guard case .container(let image, let script, let arguments, let environment) = step.action else {
            throw GraphError(what: "\(step.name) runs inside deploy itself, not in a container", isUsageError: true)
        }
        let output = folder.appending("out")
        try Files.createDirectory(output)
        var mounts: [String: FilePath] = [:]
        for (name, input) in evaluation.inputs.sorted(by: { $0.key < $1.key }) where image != .input(name) {
            try await engine.store.materialize(input.artifact, at: folder.appending("in").pushing(FilePath(name)))
            mounts[Self.mount(name)] = folder.appending("in").appending(Self.mount(name))
        }
        var containerImage: ContainerImage
        switch image {
        case .registry(let reference): containerImage = .registry(reference: reference)
        case .input(let name):
            guard let artifact = evaluation.inputs[name]?.artifact else {
                throw GraphError(what: "\(step.name) has no input \(name) to start a container from")
            }
            let archive = folder.appending("image")
            try await engine.store.materialize(artifact, at: archive)
            containerImage = .rootFilesystem(digest: artifact.digest, archive: archive)
        }
        return ContainerCommand(
            name: step.name.fileName, image: containerImage, script: script, arguments: arguments,
            environment: environment,
            mounts: mounts, output: output, log: log.path)
    }

    /// The name under `/in` of the folder or file that an input is, or is part of.
    private static func mount(_ input: String) -> String { String(input.prefix { $0 != "/" }) }

    private func ingestOutputs(of command: ContainerCommand) async throws -> [String: Artifact] {
        var artifacts: [String: Artifact] = [:]
        for (name, kind) in step.outputs {
            let path = command.output.appending(name)
            guard let status = try FileStatus(at: path) else {
                throw GraphError(what: "\(step.name) ended well but did not write /out/\(name)")
            }
            // A link in particular: outside of the container it leads elsewhere.
            guard status.kind == (kind == .tree ? .directory : .regular) else {
                throw GraphError(
                    what:
                        "\(step.name) wrote something to /out/\(name) that is no \(kind == .tree ? "folder" : "plain file")"
                )
            }
            switch kind {
            case .file: artifacts[name] = Artifact(file: try await engine.store.insert(file: path))
            case .tree:
                let tree = try await engine.store.insert(folder: path)
                artifacts[name] = Artifact(tree: tree.blob, size: tree.size)
            }
        }
        return artifacts
    }
}

/// What a script in a container may tell the build through its output.
///
///     summary: 131 packages configured
///     progress: 12/131 configuring packages
package enum ScriptMessage: Equatable {
    case summary(String)
    case progress(StepProgress)

    /// What `line` says; nil where it is meant for people.
    package init?(_ line: String) {
        let line = line.withoutControlCharacters
        if line.hasPrefix("summary: ") {
            self = .summary(String(line.dropFirst("summary: ".count)))
        } else if line.hasPrefix("progress: ") {
            let fields = line.dropFirst("progress: ".count).split(separator: " ", maxSplits: 1)
            let counts = fields.first?.split(separator: "/").compactMap { Int64($0) } ?? []
            guard counts.count == 2, fields.count == 2, counts[0] >= 0, counts[1] >= 0 else { return nil }
            self = .progress(StepProgress(activity: String(fields[1]), completed: counts[0], total: counts[1]))
        } else {
            return nil
        }
    }
}

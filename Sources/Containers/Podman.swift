package import BuildGraph
import Primitives
import Subprocess
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Runs containers by podman's command line.
///
/// Nothing of a container survives its run: not the container, no mount, no temporary file; what a killed process left is
/// taken away by `removeLeftovers`. Images stay, for the next build.
package struct Podman: ContainerRunner {
    let client: PodmanClient
    let state: FilePath
    let onNotice: @Sendable (String) -> Void
    /// Whether an image may be fetched from a registry.
    package var mayPull = true
    let images = SingleFlight<String, Void>()
    let choices = SingleFlight<String, Trial>()

    /// `environment` is what podman itself runs with (PATH, HOME, XDG_RUNTIME_DIR, …); `state` a folder for the result of
    /// the trial run and for temporary files, made on demand. `onNotice` gets the sentence that says how containers are
    /// started on this host, when a trial run found it out.
    package init(
        executable: String = "podman", environment: [String: String], state: FilePath,
        onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        client = PodmanClient(executable: executable, environment: environment)
        self.state = state
        self.onNotice = onNotice
    }

    /// What podman calls its version: "4.3.1". Throws `ContainerError.podmanMissing` where there is none.
    package func version() async throws -> String {
        let reply = try await client.call(PodmanArguments.version)
        guard reply.status == 0 else { throw ContainerError.podmanFailed(action: "be run", messages: reply.messages) }
        return String(reply.text.filter { !$0.isWhitespace })
    }

    /// Runs `command` to its end; see `ContainerRunner`. Throws `ContainerError`, `FileError` for the script or the log, and
    /// `CancellationError`.
    package func run(
        _ command: ContainerCommand, onLine: @escaping @Sendable (String) -> Void
    ) async throws -> Int32 {
        let image = try await provide(command.image)
        let trial = try await trial(image: image)
        switch try await start(command, image: image, choice: trial.choice, onLine: onLine) {
        case .ended(let status): return status
        case .notStarted(let messages):
            // What was found out earlier may have become wrong: the host was changed since.
            guard trial.isRemembered else { throw notStarted(command, trial.choice, messages) }
            try await forgetChoice(trial)
            guard let fresh = try await retrial(image: image) else { throw notStarted(command, trial.choice, messages) }
            switch try await start(command, image: image, choice: fresh.choice, onLine: onLine) {
            case .ended(let status): return status
            case .notStarted(let messages): throw notStarted(command, fresh.choice, messages)
            }
        }
    }

    /// A new trial; nil where nothing works in this image, which then is to blame, and not the host.
    private func retrial(image: String) async throws -> Trial? {
        do { return try await trial(image: image) } catch ContainerError.noRuntimeWorks { return nil }
    }

    /// Runs a shell in the container of `command` on the terminal of this process; see `ContainerRunner`.
    package func shell(_ command: ContainerCommand) async throws -> Int32 {
        let image = try await provide(command.image)
        let choice = try await trial(image: image).choice
        return try await inContainer(command) { name, script, owner in
            let terminal = isatty(STDIN_FILENO) == 1 ? client.program.environment?["TERM"] ?? "linux" : nil
            let arguments = PodmanArguments.shell(
                command, name: name, image: image, script: script, owner: owner, choice: choice, terminal: terminal)
            // In the process group of the terminal, which it reads from.
            let result = try await Subprocess.run(
                client.program.executable, arguments: Arguments(arguments), environment: client.program.variables,
                input: .currentStandardInput, output: .currentStandardOutput, error: .currentStandardError)
            return result.terminationStatus.code
        }
    }

    private func notStarted(_ command: ContainerCommand, _ choice: RuntimeChoice, _ messages: [String])
        -> ContainerError
    {
        .notStarted(container: command.name, runtime: choice.settings, messages: messages)
    }

    private enum Outcome {
        case ended(Int32)
        case notStarted([String])
    }

    private func start(
        _ command: ContainerCommand, image: String, choice: RuntimeChoice, onLine: @escaping @Sendable (String) -> Void
    ) async throws -> Outcome {
        try await inContainer(command) { name, script, owner in
            let log = try ContainerLog(path: command.log, startLine: PodmanArguments.startLine(name), onLine: onLine)
            let arguments = PodmanArguments.run(
                command, name: name, image: image, script: script, owner: owner, choice: choice)
            let result = try await Subprocess.run(
                client.program.executable, arguments: Arguments(arguments), environment: client.program.variables,
                platformOptions: client.program.options, input: .none, output: .sequence, error: .combinedWithOutput
            ) { execution in
                for try await piece in execution.standardOutput {
                    try piece.withUnsafeBytes { try log.append($0) }
                }
            }
            try Task.checkCancellation()
            let start = try log.finish()
            switch result.terminationStatus {
            case .signaled(let signal): throw ContainerError.interrupted(container: command.name, signal: signal)
            case .exited(let status):
                switch start {
                case .started: return .ended(status)
                case .silent(let messages): return .notStarted(messages)
                }
            }
        }
    }

    /// Does `work` with a fresh name, the script in a file, and the owner's label; sees to it that afterwards, however it
    /// ends, there is no container of that name and no file.
    private func inContainer<T: Sendable>(
        _ command: ContainerCommand, work: (_ name: String, _ script: FilePath, _ owner: String) async throws -> T
    ) async throws -> T {
        let owner = try ContainerOwner.current()
        let name = PodmanArguments.containerName(
            process: owner.processID, unique: .random(in: 0 ... .max), purpose: command.name)
        let folder = state.appending(name)
        try Files.createDirectory(folder)
        do {
            try Files.write(command.script, to: folder.appending("script"))
            let result = try await work(name, folder.appending("script"), owner.label)
            try Files.remove(folder)
            return result
        } catch {
            try await removeContainers([name])
            try Files.remove(folder)
            try Task.checkCancellation()
            throw (error as? SubprocessError).map { client.explain(ChildProgram.Failure($0)) } ?? error
        }
    }
}

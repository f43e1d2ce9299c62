private import Primitives
import Subprocess
import SystemPackage

/// podman's command line: runs it, and keeps what it says.
struct PodmanClient: Sendable {
    let executable: String
    let environment: [String: String]

    struct Reply: Sendable {
        let status: Int32
        let output: String
        let errors: String

        /// What it complained of, a line each.
        var messages: [String] { PodmanClient.lines(errors) }
    }

    /// Runs podman with `arguments` to its end and returns what it said; a signalled end is 128 + signal.
    ///
    /// Throws `CancellationError` after it has ended when the task is cancelled, `ContainerError` where there is no podman.
    func call(_ arguments: [String], temporary: FilePath? = nil) async throws -> Reply {
        do {
            let result = try await Subprocess.run(
                program, arguments: Arguments(arguments), environment: variables(temporary: temporary),
                platformOptions: Self.ownGroup(), output: .string(limit: 64 << 20), error: .string(limit: 1 << 20))
            try Task.checkCancellation()
            return Reply(
                status: result.terminationStatus.code, output: result.standardOutput, errors: result.standardError)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw explain(error)
        }
    }

    /// Like `call`, but to its end also where the task is cancelled: for cleaning up.
    ///
    /// A process started from a cancelled task would be killed at once; so it runs in a task of its own, which is awaited.
    func callRegardless(_ arguments: [String]) async throws -> Reply {
        try await Task { try await call(arguments) }.value
    }

    var program: Executable {
        executable.contains("/") ? .path(FilePath(executable)) : .name(executable)
    }

    /// The environment that podman gets: messages in English, and a folder for `temporary` files where one is given.
    func variables(temporary: FilePath? = nil) -> Environment {
        var values = environment
        values["LC_ALL"] = "C.UTF-8"
        if let temporary { values["TMPDIR"] = temporary.string }
        var variables: [Environment.Key: String] = [:]
        for (name, value) in values { variables[Environment.Key(stringLiteral: name)] = value }
        return .custom(variables)
    }

    /// A process group of its own, so that Ctrl-C at the terminal reaches deploy alone, and what podman started ends with it.
    static func ownGroup() -> PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(400))
        ]
        return options
    }

    func explain(_ error: SubprocessError) -> ContainerError {
        error.code == .executableNotFound || error.underlyingError == .noSuchFileOrDirectory
            ? .podmanMissing(executable: executable)
            : .podmanFailed(action: "be run", messages: ["\(error)"])
    }

    static func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.isEmpty }
    }
}

extension TerminationStatus {
    /// As a shell has it: the exit status, or 128 + signal.
    var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

private import Subprocess
internal import SystemPackage

/// Runs gpg, gpgv and gpgconf.
struct OpenPGPTool {
    struct Outcome {
        let output: [UInt8]
        /// What it said to people.
        let messages: [String]
        let isSuccess: Bool
    }

    enum Failure: Error {
        /// There is no such program on this machine.
        case notFound
        case failed(String)
    }

    /// "gpgv"; looked for in PATH, unless it is a path.
    let program: String

    /// Runs the program with `arguments` and waits for it; cancelling the task ends it.
    ///
    /// - Throws: `Failure` where it can't be run, `CancellationError`. That it fails is a normal result.
    func run(_ arguments: [String], input: [UInt8] = [], limit: Int = 64 << 20) async throws -> Outcome {
        let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        do {
            let result = try await Subprocess.run(
                executable, arguments: Arguments(arguments),
                environment: .inherit.updating(["LC_ALL": "C", "GNUPGHOME": nil]), platformOptions: options,
                input: .array(input), output: .bytes(limit: limit), error: .string(limit: 1 << 20))
            try Task.checkCancellation()
            let messages = result.standardError.split(separator: "\n").map(String.init)
            return Outcome(
                output: result.standardOutput, messages: messages, isSuccess: result.terminationStatus.isSuccess)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw error.code == .executableNotFound ? Failure.notFound : Failure.failed("\(error)")
        }
    }
}

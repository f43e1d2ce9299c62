package import Subprocess
import SystemPackage

/// A program of this machine's that is run as a child: which one, and with which variables.
package struct ChildProgram: Sendable {
    /// "gpgv"; looked for in PATH, unless it is a path.
    package let name: String
    /// All variables that it gets; nil: those of this process.
    package var environment: [String: String]?
    /// Those that it gets in their place; nil for one that it does not get.
    package var changes: [String: String?]
    /// How long it may take to end after it was asked to; nil: it is killed at once.
    package var grace: Duration?
    /// Whether it has a process group of its own, so that Ctrl-C at the terminal reaches this process alone, and what it starts ends
    /// with it.
    package var hasOwnGroup: Bool

    package init(
        _ name: String, environment: [String: String]?, changes: [String: String?] = [:],
        grace: Duration? = .seconds(2), hasOwnGroup: Bool = false
    ) {
        self.name = name
        self.environment = environment
        self.changes = changes
        self.grace = grace
        self.hasOwnGroup = hasOwnGroup
    }

    /// What a program that has ended said, and how it ended.
    package struct Outcome: Sendable {
        /// The exit status, or 128 + signal, as a shell has it.
        package let status: Int32
        /// What it wrote to standard output.
        package let output: [UInt8]
        /// What it wrote to standard error.
        package let errors: String

        /// Whether the status is 0.
        package var isSuccess: Bool { status == 0 }
        /// The output as text.
        package var text: String { String(decoding: output, as: UTF8.self) }
        /// The lines of the output that are not empty.
        package var lines: [String] { ChildProgram.lines(text) }
        /// What it complained of: the lines of standard error that are not empty.
        package var messages: [String] { ChildProgram.lines(errors) }
    }

    /// The lines of what a program said that are not empty.
    package static func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init).filter { !$0.isEmpty }
    }

    /// Why a program could not be run.
    package enum Failure: Error {
        /// There is no such program on this machine.
        case notFound
        /// The system's own words.
        case failed(String)
    }

    /// Runs it with `arguments` and waits for its end, which is sought when the task is cancelled. `limit` is how many bytes it may
    /// write to standard output; of standard error there may be a mebibyte.
    ///
    /// Throws `Failure` where it can't be run or writes more, and `CancellationError` once it has ended. That it fails is a normal
    /// result.
    package func run(_ arguments: [String], input: [UInt8] = [], limit: Int = 64 << 20) async throws -> Outcome {
        do {
            let result = try await Subprocess.run(
                executable, arguments: Arguments(arguments), environment: variables, platformOptions: options,
                input: .array(input), output: .bytes(limit: limit), error: .string(limit: 1 << 20))
            try Task.checkCancellation()
            return Outcome(
                status: result.terminationStatus.code, output: result.standardOutput, errors: result.standardError)
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw Failure(error)
        }
    }

    /// Runs it with `arguments` and waits for its end, which is sought when the task is cancelled; all that it says goes to this
    /// process's standard error. Returns the exit status, or 128 + signal.
    ///
    /// Throws `Failure` where it can't be run, and `CancellationError` once it has ended.
    package func runAloud(_ arguments: [String]) async throws -> Int32 {
        do {
            let result = try await Subprocess.run(
                executable, arguments: Arguments(arguments), environment: variables, platformOptions: options,
                input: .none, output: .currentStandardError, error: .currentStandardError)
            try Task.checkCancellation()
            return result.terminationStatus.code
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw Failure(error)
        }
    }

    /// For who reads its output while it runs: what Subprocess runs.
    package var executable: Executable { name.contains("/") ? .path(FilePath(name)) : .name(name) }

    /// For who reads its output while it runs: the variables, as Subprocess takes them.
    package var variables: Environment {
        func keyed<Value>(_ values: [String: Value]) -> [Environment.Key: Value] {
            Dictionary(uniqueKeysWithValues: values.map { (Environment.Key(stringLiteral: $0), $1) })
        }
        let base = environment.map { Environment.custom(keyed($0)) } ?? .inherit
        return base.updating(keyed(changes))
    }

    /// For who reads its output while it runs: its process group, and how it is ended.
    package var options: PlatformOptions {
        var options = PlatformOptions()
        if hasOwnGroup { options.processGroupID = 0 }
        options.teardownSequence =
            grace.map { grace in
                [.send(signal: .terminate, toProcessGroup: hasOwnGroup, allowedDurationToNextStep: grace)]
            } ?? []
        return options
    }
}

extension ChildProgram.Failure {
    /// What Subprocess threw, told apart as far as it matters to people.
    package init(_ error: SubprocessError) {
        let isMissing = error.code == .executableNotFound || error.underlyingError == .noSuchFileOrDirectory
        self = isMissing ? .notFound : .failed("\(error)")
    }
}

extension TerminationStatus {
    /// As a shell has it: the exit status, or 128 + signal.
    package var code: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

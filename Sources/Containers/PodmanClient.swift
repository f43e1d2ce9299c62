import Primitives
import SystemPackage

/// podman's command line: runs it, and keeps what it says.
struct PodmanClient: Sendable {
    /// With its messages in English.
    let program: ChildProgram

    init(executable: String, environment: [String: String]) {
        program = ChildProgram(
            executable, environment: environment, changes: ["LC_ALL": "C.UTF-8"], grace: .milliseconds(400),
            hasOwnGroup: true)
    }

    /// Runs podman with `arguments` to its end and returns what it said. Its own files are made in `temporary`, where that is given.
    ///
    /// Throws `CancellationError` after it has ended when the task is cancelled, `ContainerError` where there is no podman.
    func call(_ arguments: [String], temporary: FilePath? = nil) async throws -> ChildProgram.Outcome {
        var program = program
        if let temporary { program.changes["TMPDIR"] = temporary.string }
        do {
            return try await program.run(arguments)
        } catch let failure as ChildProgram.Failure {
            throw explain(failure)
        }
    }

    /// Like `call`, but to its end also where the task is cancelled: for cleaning up.
    ///
    /// A process started from a cancelled task would be killed at once; so it runs in a task of its own, which is awaited.
    func callRegardless(_ arguments: [String]) async throws -> ChildProgram.Outcome {
        try await Task { try await call(arguments) }.value
    }

    func explain(_ failure: ChildProgram.Failure) -> ContainerError {
        switch failure {
        case .notFound: .podmanMissing(executable: program.name)
        case .failed(let words): .podmanFailed(action: "be run", messages: [words])
        }
    }
}

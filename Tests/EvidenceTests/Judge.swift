import Subprocess
import SystemPackage

/// A program that says yes or no.
enum Judge {
    /// The status of `command`, a line of bash that reads `input`.
    static func run(_ command: String, _ input: String) async throws -> Int32 {
        let result = try await Subprocess.run(
            .name("bash"), arguments: ["-c", command], input: .string(input), output: .discarded,
            error: .string(limit: 1 << 20))
        if case .exited(let status) = result.terminationStatus { return status }
        return -1
    }
}

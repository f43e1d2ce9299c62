import Primitives
import SystemPackage

@testable import Machines

/// A folder, and machines in it that are only played.
final class FakeMachine: Sendable {
    private let holder: PrivateFolder
    let configuration: MachineConfiguration

    init() throws {
        holder = try PrivateFolder()
        configuration = MachineConfiguration(
            accelerator: .tcg, firmware: .bios, variables: holder.path.appending("vars"),
            drives: [MachineConfiguration.Drive(holder.path.appending("a,b.raw"), bus: .virtio)])
    }

    var folder: FilePath { holder.path }
    var log: FilePath { folder.appending("console.log") }
    var pidFile: FilePath { folder.appending("pid") }

    static let program = FilePath(#filePath).removingLastComponent().appending("fake-qemu.py").string

    func emulator(_ mode: String, _ more: [String: String] = [:]) -> Emulator {
        var environment = ["PATH": "/usr/bin:/bin", "FAKE_QEMU": mode, "FAKE_QEMU_PID": pidFile.string]
        environment.merge(more) { $1 }
        return Emulator(program: Self.program, environment: environment)
    }

    /// Whether the process that played the machine is there still.
    var isRunning: Bool {
        get throws {
            let number = try Files.readText(pidFile).filter(\.isNumber)
            guard Files.exists(FilePath("/proc/\(number)")) else { return false }
            return try !Proc().text("\(number)/stat").contains(") Z ")
        }
    }
}

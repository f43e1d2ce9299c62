import Primitives
package import SystemPackage

/// Why a virtual machine could not be run, or did not do what was waited for.
package enum MachineError: UserError {
    /// There is no QEMU on this host.
    case emulatorMissing(String)
    case noFirmware
    /// QEMU ended before it showed a machine; what it said.
    case notStarted(messages: [String])
    /// What was waited for did not come in time; the last lines of the console.
    case silent(waitingFor: String, seconds: Int, last: [String])
    /// A line on the console that says that nothing more will come.
    case hopeless(line: String, waitingFor: String)
    /// The machine went off, or wanted to start anew, while something else was waited for; the last lines of the console.
    case switchedOff(waitingFor: String, last: [String])
    /// QEMU refused a command of its monitor.
    case refused(command: String, reason: String)
    /// A socket between this program and QEMU.
    case socket(operation: String, path: FilePath, errno: Errno)

    package var what: String {
        switch self {
        case .emulatorMissing(let name): "\(name) is not installed: virtual machines run in it"
        case .noFirmware: "there is no UEFI firmware for virtual machines on this host"
        case .notStarted: "QEMU could not start the machine"
        case .silent(let thing, let seconds, _): "\(thing) did not come within \(seconds) s"
        case .hopeless(let line, let thing): "while waiting for \(thing), the console said: \(line)"
        case .switchedOff(let thing, _): "the machine went off while waiting for \(thing)"
        case .refused(let command, let reason): "QEMU refused \(command): \(reason)"
        case .socket(let operation, let path, let errno): "cannot \(operation) the socket \(path): \(errno)"
        }
    }

    package var details: [String] {
        switch self {
        case .notStarted(let messages): messages
        case .switchedOff(_, let last): last
        case .silent(_, _, let last): last
        default: []
        }
    }

    package var hint: String? {
        switch self {
        case .emulatorMissing: "apt-get install qemu-system-x86 ovmf"
        case .noFirmware: "apt-get install ovmf"
        default: nil
        }
    }
}

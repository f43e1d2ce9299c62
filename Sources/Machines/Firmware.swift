import Primitives
package import SystemPackage

/// What a machine starts with.
package enum Firmware: String, Sendable, CaseIterable {
    case uefi
    /// SeaBIOS, which QEMU brings with it.
    case bios
}

/// The files of UEFI firmware for virtual machines (OVMF), where distributions put them.
package struct FirmwareFiles: Hashable, Sendable {
    /// The firmware itself, read by all machines and written by none.
    package let code: FilePath
    /// The variables as they are in a machine that was never on.
    package let variables: FilePath

    /// Those of this host. Throws `MachineError.noFirmware` where there are none.
    package static func find() throws(MachineError) -> FirmwareFiles {
        for known in QEMUFacts.all("firmware").map({ $0.map { FilePath($0) } }) where known.allSatisfy(Files.exists) {
            return FirmwareFiles(code: known[0], variables: known[1])
        }
        throw .noFirmware
    }
}

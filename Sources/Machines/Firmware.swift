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

    private static let known: [(String, String)] = [
        ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
        ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
        ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
        ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
    ]

    /// Those of this host. Throws `MachineError.noFirmware` where there are none.
    package static func find() throws(MachineError) -> FirmwareFiles {
        for (code, variables) in known where Files.exists(FilePath(code)) && Files.exists(FilePath(variables)) {
            return FirmwareFiles(code: FilePath(code), variables: FilePath(variables))
        }
        throw .noFirmware
    }
}

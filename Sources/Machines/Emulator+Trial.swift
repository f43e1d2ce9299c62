import Primitives
package import SystemPackage

/// Which accelerator works here: found out by booting something real for some seconds, not by the presence of /dev/kvm. On
/// machines that are virtual themselves it can be there and be of no use.
extension Emulator {
    /// How long KVM has to start a kernel; where it works, ten seconds are plenty.
    private static let trialLimit = Duration.seconds(40)

    /// The accelerator to use for `configuration`, whose first drive is an ISO of ours.
    ///
    /// `forced` ("kvm" or "tcg") decides without a trial. The finding is kept in `memo` until the host is started anew or
    /// QEMU is another. Throws `Mistake` where `forced` is neither, `MachineError`, `FileError`, `CancellationError`.
    package func accelerator(
        for configuration: MachineConfiguration, forced: String?, memo: FilePath, log: FilePath,
        device: FilePath = "/dev/kvm"
    ) async throws -> AcceleratorChoice {
        if let forced, !forced.isEmpty {
            guard let accelerator = Accelerator(rawValue: forced) else {
                throw Mistake("KLDLOAD_ACCEL is kvm or tcg, not \"\(forced)\"", at: nil)
            }
            return AcceleratorChoice(accelerator: accelerator, reason: "KLDLOAD_ACCEL says so")
        }
        guard let device = try? FileDescriptor.open(device, .readWrite, options: .closeOnExec) else {
            return AcceleratorChoice(accelerator: .tcg, reason: "there is no \(device) to use")
        }
        try? device.close()
        let host = [try Proc().text("sys/kernel/random/boot_id"), try await version()].map {
            $0.filter { !$0.isNewline }
        }
        if let known = try? Files.readText(memo) {
            let lines = known.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            if lines.count >= 4, Array(lines[..<2]) == host, let accelerator = Accelerator(rawValue: lines[2]) {
                return AcceleratorChoice(accelerator: accelerator, reason: lines[3])
            }
        }
        let choice = try await trial(configuration, log: log)
        try Files.createDirectory(memo.removingLastComponent())
        try Files.write(
            (host + [choice.accelerator.rawValue, choice.reason, ""]).joined(separator: "\n").utf8, to: memo)
        return choice
    }

    private func trial(_ configuration: MachineConfiguration, log: FilePath) async throws -> AcceleratorChoice {
        var configuration = configuration
        configuration.accelerator = .kvm
        // The trial must not start what is to be tested: it gets the medium alone, to be read.
        configuration.drives = configuration.drives.prefix(1).map { drive in
            var drive = drive
            drive.isReadOnly = true
            return drive
        }
        let initramfs = SerialConsole.Pattern.line(containing: "Loading, please wait", "Run /init as init process")
        do {
            let time = try await run(configuration, log: log) { machine in
                try await machine.console.wait(for: initramfs, within: Self.trialLimit).time
            }
            return AcceleratorChoice(
                accelerator: .kvm, reason: "a trial started the kernel in \(Int(time / .seconds(1))) s")
        } catch let error as MachineError {
            if case .emulatorMissing = error { throw error }
            let reason = [error.what] + error.details.prefix(1)
            return AcceleratorChoice(
                accelerator: .tcg, reason: "a trial of KVM failed: \(reason.joined(separator: ": "))")
        }
    }
}

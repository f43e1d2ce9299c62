import Machines
import Primitives
import SystemPackage

/// The installed system, booted from its disks alone.
extension InstallTest {
    /// Boots three times: as installed, in another boot environment, and in the first one rolled back; and once more without
    /// the first disk, where the others hold all that was on it.
    func looksAtDisk(_ order: Order) async throws {
        let isRedundant = ["mirror", "raidz"].contains(order.answers["KLDLOAD_ZFS_TOPOLOGY"])
        for (number, phase) in SmokeTests.Phase.allCases.enumerated() where phase != .degraded || isRedundant {
            let drives = phase == .degraded ? Array(order.drives.dropFirst()) : order.drives
            events(.began(phase.activity))
            let isReady = try await recorder.guarded(phase.rawValue) { [self] in
                try await emulator.run(
                    diskMachine(drives), log: results.appending("console-disk-\(number + 1).log"),
                    onLine: { progress($0) }
                ) { machine in
                    try await looks(at: machine, in: phase, order)
                }
            }
            guard isReady == true else { return }
        }
    }

    /// All cases of a phase. Whether what the next one boots was made.
    private func looks(at machine: VirtualMachine, in phase: SmokeTests.Phase, _ order: Order) async throws -> Bool {
        let isIn = try await recorder.check(phase.rawValue, "boots from its own disk to a login") {
            let login = ConsoleLogin(
                user: order.answers["KLDLOAD_USERNAME"], password: order.answers["KLDLOAD_PASSWORD"],
                passphrase: order.answers.isEncrypted ? order.answers["KLDLOAD_ZFS_PASSPHRASE"] : nil,
                accelerator: accelerator)
            try await login.shell(on: machine) { events(.machine("login prompt", at: $0)) }
        }
        await screenshot(machine, "\(phase.rawValue).png")
        guard isIn else { return false }
        if phase == .installed { try await looksAtManifest(machine, order) }
        if phase == .installed, order.answers["KLDLOAD_PROFILE"] == "desktop" {
            try await looksAtDesktop(machine, order.answers)
        }
        let tests = SmokeTests.all(of: order.answers["KLDLOAD_PROFILE"]).filter { $0.phase == phase }
        let isReady = try await smoke(tests, on: machine, order)
        try await recorder.check(phase.rawValue, "powers off when told to") {
            try await machine.powerOff(within: limit(120))
        }
        return isReady
    }

    /// The cases of the script, each in a shell of its own. Whether the last one passed.
    private func smoke(
        _ tests: [SmokeTests.Test], on machine: VirtualMachine, _ order: Order
    ) async throws -> Bool {
        let answers = order.answers
        let shell = machine.shell
        try await upload(order.packages, to: "profile", shell)
        try await upload(SmokeTests.script, to: "tests", shell)
        try await upload(Array(SmokeTests.variables(answers).utf8), to: "variables", shell)
        var isPassed = false
        for test in tests {
            isPassed = try await recorder.check(test.phase.rawValue, test.title) {
                try await shell.run(SmokeTests.call(test), within: limit(300)).judge()
            }
        }
        return isPassed
    }

    /// Writes a file into the machine, in pieces: an argument of a program is limited to 128 KiB (execve(2)).
    private func upload(_ bytes: [UInt8], to name: String, _ shell: GuestShell) async throws {
        let place = "\(SmokeTests.folder)/\(name)"
        var rest = bytes[...]
        _ = try await shell.run("install -d -m 700 \(SmokeTests.folder) && : > \(place)", within: limit(30))
        while !rest.isEmpty {
            // A piece ends at an end of line, so that no character is cut.
            var piece = rest.prefix(60_000)
            if piece.count < rest.count, let end = piece.lastIndex(of: 0x0A) { piece = piece[...end] }
            rest = rest[piece.endIndex...]
            let text = String(decoding: piece, as: UTF8.self)
            let outcome = try await shell.run("printf %s \(text.shellQuoted) >> \(place)", within: limit(30))
            guard outcome.status == 0 else {
                throw TestFailure(what: "\(place) can't be written", details: outcome.lines)
            }
        }
    }

    /// The manifest is an answers file: with the secrets that it lacks, the installer takes it.
    private func looksAtManifest(_ machine: VirtualMachine, _ order: Order) async throws {
        guard let judge else { return }
        try await recorder.check("installed", "the manifest is an answers file, but for the secrets") { [self] in
            let outcome = try await machine.shell.run("cat /etc/kldload/install-manifest.env", within: limit(30))
            var text = outcome.output + "\nKLDLOAD_PASSWORD=\(order.answers["KLDLOAD_PASSWORD"].shellQuoted)\n"
            if order.answers.isEncrypted {
                text += "KLDLOAD_ZFS_PASSPHRASE=\(order.answers["KLDLOAD_ZFS_PASSPHRASE"].shellQuoted)\n"
            }
            let file = disks.appending("manifest.env")
            try Files.write(text.utf8, to: file, permissions: .ownerReadWrite)
            let again: Answers
            do { again = try await judge.read(file) } catch let error as any UserError {
                throw TestFailure(what: "it is refused: \(error.what)", details: error.details)
            }
            let different = order.answers.names.filter { again[$0] != order.answers[$0] }
            guard different.isEmpty else {
                throw TestFailure(what: "it says something else about \(different.joined(separator: ", "))")
            }
        }
        let log = try await machine.shell.run("cat /var/log/installer/kldload-installer.log", within: limit(30))
        if log.status == 0 { try Files.write(log.output.utf8, to: results.appending("installer.log")) }
    }
}

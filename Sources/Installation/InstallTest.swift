package import Machines
import Primitives
package import SystemPackage

/// Installs from an ISO as it is, in a virtual machine without network, and looks at what was installed.
package struct InstallTest: Sendable {
    let request: InstallTestRequest
    let emulator: Emulator
    let accelerator: Accelerator
    let judge: AnswersJudge?
    /// Where the report, logs and pictures go.
    let results: FilePath
    let recorder: TestRecorder
    let events: @Sendable (InstallTestEvent) -> Void

    /// `judge` may be missing where only the live system is booted. `results` is made.
    package init(
        request: InstallTestRequest, emulator: Emulator, accelerator: Accelerator, judge: AnswersJudge?,
        results: FilePath,
        events: @escaping @Sendable (InstallTestEvent) -> Void
    ) throws {
        self.request = request
        self.emulator = emulator
        self.accelerator = accelerator
        self.judge = judge
        self.results = results
        self.events = events
        recorder = TestRecorder(title: request.title, events: events)
        try Files.createDirectory(results)
    }

    /// Where the disks are while the test runs.
    var disks: FilePath { results.appending("disks") }

    /// Does the test and writes its report, also where it is cancelled.
    ///
    /// Throws `UserErrors` where the answers are wrong, `FileError`, `CancellationError`. What fails in the machine is in the
    /// report.
    package func run() async throws -> TestReport {
        do {
            if request.isLiveOnly { try await bootLiveSystem() } else { try await install() }
        } catch {
            try await finish()
            throw error
        }
        try await finish()
        return await recorder.report
    }

    private func finish() async throws {
        if !request.keepsDisks { try Files.remove(disks) }
        try Files.write(await recorder.report.junit.utf8, to: results.appending("junit.xml"))
    }

    // MARK: - Machines

    func limit(_ seconds: Int) -> Duration { accelerator.patience(seconds) }

    func liveMachine(_ drives: [MachineConfiguration.Drive]) -> MachineConfiguration {
        Self.liveMachine(
            request, accelerator: accelerator, variables: disks.appending("live-vars.fd"), drives: drives,
            words: accelerator.kernelWords)
    }

    /// The machine in which the ISO of `request` is booted, beside `drives`.
    package static func liveMachine(
        _ request: InstallTestRequest, accelerator: Accelerator, variables: FilePath,
        drives: [MachineConfiguration.Drive] = [], words: [String] = []
    ) -> MachineConfiguration {
        let medium = MachineConfiguration.Drive(
            request.iso, bus: request.medium == .cd ? .cd : .usb, isReadOnly: true)
        return MachineConfiguration(
            accelerator: accelerator, firmware: request.firmware, variables: variables, processors: request.processors,
            memory: request.memory, drives: [medium] + drives, kernelWords: words)
    }

    /// The machine with its own disks alone.
    func diskMachine(_ drives: [MachineConfiguration.Drive]) -> MachineConfiguration {
        MachineConfiguration(
            accelerator: accelerator, firmware: request.firmware, variables: disks.appending("disk-vars.fd"),
            processors: request.processors, memory: request.memory, drives: drives)
    }

    /// New disks, empty.
    func makeDisks(_ count: Int) throws -> [MachineConfiguration.Drive] {
        try (0..<count).map { number in
            let path = disks.appending("disk\(number).raw")
            try Files.remove(path)
            do {
                let file = try FileDescriptor.open(
                    path, .writeOnly, options: [.create, .closeOnExec], permissions: .ownerReadWrite)
                try file.closeAfter { try file.resize(to: request.diskSize.bytes) }
            } catch {
                throw FileError("make", path, error as? Errno ?? .ioError)
            }
            return MachineConfiguration.Drive(path, bus: .virtio, serial: "disk\(number)")
        }
    }

    /// Lines of the machine that tell how far it is.
    func progress(_ line: SerialConsole.Line) {
        guard let range = line.text.firstRange(of: "kldload: ") else { return }
        events(.machine(String(line.text[range.upperBound...]), at: line.time))
    }

    /// A picture of the screen; a QEMU that can't make any is no failure of what is tested.
    func screenshot(_ machine: VirtualMachine, _ name: String) async {
        do {
            try await machine.monitor.screenshot(to: results.appending(name))
        } catch {
            events(.notice("no picture of the screen: \((error as? any UserError)?.what ?? "\(error)")"))
        }
    }

    // MARK: - The live system alone

    private func bootLiveSystem() async throws {
        try Files.createDirectory(disks)
        events(.began("booting the live system"))
        try await recorder.guarded("live") { [self] in
            try await emulator.run(
                liveMachine([]), log: results.appending("console-live.log"), onLine: { progress($0) }
            ) { machine in
                guard try await bootsLiveSystem(machine) else { return }
                try await recorder.check("live", "no unit fails") {
                    try await openLiveShell(machine)
                    let outcome = try await machine.shell.run(
                        "systemctl is-system-running --wait; systemctl --failed --plain --no-legend", within: limit(120)
                    )
                    guard outcome.output == "running" else {
                        throw TestFailure(what: "the system is not in order", details: outcome.lines)
                    }
                }
                await screenshot(machine, "live.png")
            }
        }
    }

    /// Whether the live system comes up, as a case.
    func bootsLiveSystem(_ machine: VirtualMachine) async throws -> Bool {
        try await recorder.check("live", "the ISO boots, and its live system is ready") {
            let ready = SerialConsole.Pattern.line("“kldload: ready”") { $0.hasSuffix("kldload: ready") }
            _ = try await machine.console.wait(
                for: [ready],
                unless: SerialConsole.hopelessLines + [
                    .line(containing: "kldload: NOT READY", "error: no such device")
                ],
                within: limit(300)
            )
        }
    }

    /// A shell of root's in the live system, which has one open on its serial console.
    func openLiveShell(_ machine: VirtualMachine) async throws {
        try await machine.console.type("")
        try await machine.console.wait(for: .prompt("root's prompt", ending: "#"), within: limit(60))
        try await machine.console.type(GuestShell.command)
        try await machine.shell.awaitStart(within: limit(30))
    }
}

extension Accelerator {
    /// `seconds` where instructions run by themselves, and more where they are emulated, on a host that may be busy.
    func patience(_ seconds: Int) -> Duration { .seconds(self == .tcg ? 4 * seconds : seconds) }
}

extension GuestShell.Outcome {
    var lines: [String] { output.split(whereSeparator: \.isNewline).map(String.init) }
}

import Primitives
import Subprocess
private import Synchronization
package import SystemPackage

/// Runs virtual machines in QEMU.
package struct Emulator: Sendable {
    /// QEMU. It is killed at once: there is nothing that it should save.
    private let program: ChildProgram

    /// `program` is QEMU, in PATH unless it is a path; `environment` all variables that it gets.
    package init(program: String = "qemu-system-x86_64", environment: [String: String]) {
        self.program = ChildProgram(program, environment: environment, grace: nil, hasOwnGroup: true)
    }

    /// What QEMU calls itself: "QEMU emulator version 7.2.22 (…)". Throws `MachineError.emulatorMissing`.
    package func version() async throws -> String {
        do {
            return try await program.run(["--version"]).text.split(separator: "\n").first.map(String.init) ?? "?"
        } catch let failure as ChildProgram.Failure {
            throw explain(failure)
        }
    }

    /// Switches a machine on, does `body` with it, and switches it off again, however `body` ends.
    ///
    /// `log` gets the console; `onLine` each line of it, on a thread that must not be kept. Throws `MachineError`, `FileError`, what
    /// `body` throws, and `CancellationError`; afterwards there is no QEMU.
    package func run<T: Sendable>(
        _ configuration: MachineConfiguration, log: FilePath,
        onLine: @escaping @Sendable (SerialConsole.Line) -> Void = { _ in },
        _ body: @escaping @Sendable (VirtualMachine) async throws -> T
    ) async throws -> T {
        let files = configuration.firmware == .uefi ? try FirmwareFiles.find() : nil
        if let files, !Files.exists(configuration.variables) {
            try Files.write(try Files.read(files.variables), to: configuration.variables)
        }
        let folder = try PrivateFolder()
        let listeners = try ["console", "monitor", "channel"].map { try LocalListener(folder.path.appending($0)) }
        let words = Words()
        do {
            let result = try await Subprocess.run(
                program.executable,
                arguments: Arguments(configuration.arguments(firmwareFiles: files, sockets: folder.path)),
                environment: program.variables, platformOptions: program.options, input: .none, output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                let ended = EndSignal()
                return try await withThrowingTaskGroup(of: Void.self) { group in
                    // What QEMU itself says; its end is the end of QEMU.
                    group.addTask {
                        do {
                            for try await piece in execution.standardOutput {
                                piece.withUnsafeBytes { words.append($0) }
                            }
                        } catch {}  // that its output can't be read is how its end shows, when it is killed
                        for listener in listeners { listener.stop() }
                    }
                    let kill: @Sendable () -> Void = {
                        // It may have ended just now.
                        try? execution.send(signal: .kill, toProcessGroup: true)
                    }
                    var hasStarted = false
                    do {
                        var connections: [LocalConnection] = []
                        for listener in listeners { connections.append(try await listener.connection()) }
                        let start = ContinuousClock.now
                        let console = try SerialConsole(connections[0], log: log, start: start, onLine: onLine)
                        let monitor = Monitor(connections[1])
                        let shell = GuestShell(connections[2])
                        group.addTask { await console.receive() }
                        // The monitor's last words tell why it ended.
                        group.addTask {
                            await monitor.receive()
                            ended.set()
                        }
                        group.addTask { await shell.receive() }
                        try await monitor.greet()
                        for (number, drive) in configuration.drives.enumerated() {
                            guard let size = drive.shownSize else { continue }
                            try await monitor.resize(MachineConfiguration.name(ofDrive: number), to: size)
                        }
                        try await monitor.execute("cont")
                        hasStarted = true
                        let result = try await body(
                            VirtualMachine(console: console, monitor: monitor, shell: shell, ended: ended, kill: kill))
                        kill()
                        try await group.waitForAll()
                        return result
                    } catch {
                        kill()
                        // None of them throws; all end with QEMU.
                        while let _ = try? await group.next() {}
                        // Cancellation ends the machine, and its end may be noticed first.
                        try Task.checkCancellation()
                        guard !hasStarted, error is MachineError else { throw error }
                        throw MachineError.notStarted(messages: words.lines)
                    }
                }
            }
            try Task.checkCancellation()
            return result.closureResult
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw explain(ChildProgram.Failure(error))
        }
    }

    private func explain(_ failure: ChildProgram.Failure) -> MachineError {
        switch failure {
        case .notFound: .emulatorMissing(program.name)
        case .failed(let words): .notStarted(messages: [words])
        }
    }

    /// What QEMU says on its own account.
    private final class Words: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func append(_ piece: UnsafeRawBufferPointer) {
            bytes.withLock { if $0.count < 65_536 { $0 += piece } }
        }

        var lines: [String] {
            bytes.withLock { String(decoding: $0, as: UTF8.self) }.split(separator: "\n").map(String.init)
        }
    }
}

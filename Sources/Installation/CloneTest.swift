package import Machines
package import Primitives
package import SystemPackage

/// Starts one clone of a golden image, on a disk that is larger than it, and looks whether it is what clones must be. What the clone
/// writes is thrown away.
package struct CloneTest: Sendable {
    /// Who looks into the clone.
    package enum Login: Hashable, Sendable {
        /// Somebody whom cloud-init makes, by a seed.
        case seed
        /// Somebody who is in the image.
        case password(user: String, String)
        /// There is no way in that the test knows: it sees the login prompt, and no more.
        case nobody
    }

    /// Which image, and in what machine.
    package struct Request: Sendable {
        /// The image; it is only read.
        package var image: FilePath
        /// What it is made like.
        package var format: MachineConfiguration.Drive.Format
        /// Of the image's disk.
        package var size: ByteCount
        /// How somebody gets in.
        package var login = Login.seed
        /// That of the pool, where it is encrypted.
        package var passphrase: String?
        /// MiB.
        package var memory = 2048
        /// How many the machine has.
        package var processors = 2

        package init(image: FilePath, format: MachineConfiguration.Drive.Format, size: ByteCount) {
            self.image = image
            self.format = format
            self.size = size
        }
    }

    private let request: Request
    private let emulator: Emulator
    private let accelerator: Accelerator
    /// Where the report, the console's log and the picture go.
    private let results: FilePath
    private let recorder: TestRecorder
    private let events: @Sendable (InstallTestEvent) -> Void

    private static let hostname = "golden-clone"
    private static let user = "kldload-check"
    /// How much larger the clone's disk is than the image's.
    private static let growth = ByteCount(8 << 30)

    /// `results` is there.
    package init(
        _ request: Request, emulator: Emulator, accelerator: Accelerator, results: FilePath,
        events: @escaping @Sendable (InstallTestEvent) -> Void
    ) {
        self.request = request
        self.emulator = emulator
        self.accelerator = accelerator
        self.results = results
        self.events = events
        recorder = TestRecorder(title: "a clone of the golden image", events: events)
    }

    /// Does the test. What fails in the machine is in the report.
    ///
    /// Throws `FileError`, `CancellationError`.
    package func run() async throws -> TestReport {
        let seed = results.appending("seed.img")
        let variables = results.appending("clone-vars.fd")
        let result: Result<Void, any Error>
        do {
            result = .success(try await boot(seed: seed, variables: variables))
        } catch {
            result = .failure(error)
        }
        for file in [seed, variables] { try Files.remove(file) }
        try result.get()
        let report = await recorder.report
        try Files.write(report.junit.utf8, to: results.appending("clone.xml"))
        return report
    }

    private func boot(seed: FilePath, variables: FilePath) async throws {
        var disk = MachineConfiguration.Drive(request.image, bus: .virtio)
        disk.format = request.format
        disk.isThrownAway = true
        disk.shownSize = request.size + Self.growth
        var drives = [disk]
        let login: ConsoleLogin?
        switch request.login {
        case .seed:
            let cloud = CloudSeed(hostname: Self.hostname, user: Self.user, password: GoldenAnswers.password())
            try Files.write(try cloud.image(), to: seed, permissions: .ownerReadWrite)
            drives.append(MachineConfiguration.Drive(seed, bus: .virtio, isReadOnly: true))
            login = self.login(cloud.user, cloud.password)
        case .password(let user, let password): login = self.login(user, password)
        case .nobody: login = nil
        }
        let machine = MachineConfiguration(
            accelerator: accelerator, firmware: .uefi, variables: variables, processors: request.processors,
            memory: request.memory, drives: drives, kernelWords: accelerator.kernelWords)
        events(.began("booting a clone, on a disk of \(request.size + Self.growth)"))
        try await recorder.guarded("clone") { [self] in
            try await emulator.run(machine, log: results.appending("console-clone.log")) { machine in
                let isIn = try await recorder.check("clone", "it boots without variables of its own, to a login") {
                    if let login {
                        try await login.shell(on: machine) { events(.machine("login prompt", at: $0)) }
                    } else {
                        try await self.login("", "").prompt(on: machine)
                    }
                }
                guard isIn else { return }
                if login != nil { try await look(at: machine) } else { try await tellOfNoLogin() }
            }
        }
    }

    private func login(_ user: String, _ password: String) -> ConsoleLogin {
        ConsoleLogin(user: user, password: password, passphrase: request.passphrase, accelerator: accelerator)
    }

    private func tellOfNoLogin() async throws {
        try await recorder.check("clone", "what is inside") {
            throw TestSkipped(why: "nobody can log in here: there is no cloud-init, and no password that is known")
        }
    }

    private func look(at machine: VirtualMachine) async throws {
        let script = String(decoding: Self.script, as: UTF8.self)
        let given = """
            set -eu
            IMAGE_BYTES=\(request.size.bytes) DISK_BYTES=\((request.size + Self.growth).bytes)
            HOSTNAME_WANTED=\(request.login == .seed ? Self.hostname : "")

            """
        for test in Self.tests(in: script) {
            let title = test.split(separator: "_").dropFirst().joined(separator: " ")
            try await recorder.check("clone", title) {
                try await machine.shell.run("\(given)\(script)\n\(test)", within: accelerator.patience(300)).judge()
            }
        }
        try await recorder.check("clone", "powers off when told to") {
            try await machine.powerOff(within: accelerator.patience(120))
        }
    }

    /// What is looked at in the machine, as bash.
    package static var script: [UInt8] { PackageResources.clone_tests_sh }

    /// The functions of `script` that look at something, in their order.
    static func tests(in script: String) -> [String] {
        script.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("clone_"), let end = line.firstRange(of: "() {") else { return nil }
            return String(line[..<end.lowerBound])
        }
    }
}

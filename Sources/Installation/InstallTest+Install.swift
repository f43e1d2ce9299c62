import Archives
import Machines
import Primitives
package import SystemPackage

/// From an empty disk to one that boots.
extension InstallTest {
    /// What the installation was told, and the drives that came of it.
    struct Order: Sendable {
        let answers: Answers
        let drives: [MachineConfiguration.Drive]
        let seed: MachineConfiguration.Drive
        /// The packages of the profile, as the image has them: name, version, architecture a line.
        let packages: [UInt8]
    }

    func install() async throws {
        let order = try await order()
        if request.cuts > 0 {
            try await survivesCuts(order)
        } else {
            try await installs(order, log: "console-install.log")
        }
        guard await recorder.report.failed == 0, !request.endsInstalled else { return }
        try await looksAtDisk(order)
    }

    /// Makes the answers, has them judged, and makes seed disk and disks.
    private func order() async throws -> Order {
        guard let judge else { throw Mistake("answers can't be checked without the installer", at: nil) }
        try Files.createDirectory(disks)
        let file = disks.appending(SeedDisk.fileName)
        let text: [UInt8]
        let answers: Answers
        if let path = request.answers {
            answers = try await givenAnswers(path, by: judge)
            text = try Files.read(path)
        } else {
            text = Array(request.madeAnswers(for: accelerator).utf8)
            try Files.write(text, to: file, permissions: .ownerReadWrite)
            answers = try await judge.read(file)
        }
        let packages = try await Self.packages(
            of: answers["KLDLOAD_PROFILE"], distribution: answers["KLDLOAD_DISTRO"], on: request.iso)
        let seed = disks.appending("seed.img")
        try Files.write(try SeedDisk.image(answers: text), to: seed, permissions: .ownerReadWrite)
        return Order(
            answers: answers, drives: try makeDisks(max(answers.disks.count, 1)),
            seed: MachineConfiguration.Drive(seed, bus: .virtio, isReadOnly: true, serial: "seed"),
            packages: packages)
    }

    /// Looks at what `request` says, with nothing made for it yet.
    ///
    /// Throws `UserErrors` where answers are wrong, `Mistake` where the image has not what is to be installed.
    package static func check(_ request: InstallTestRequest, by judge: AnswersJudge) async throws {
        var (profile, distribution) = (request.profile, request.distribution)
        if let path = request.answers {
            let answers = try await judge.read(path)
            if !request.endsInstalled { try needPassword(answers) }
            (profile, distribution) = (answers["KLDLOAD_PROFILE"], answers["KLDLOAD_DISTRO"])
        }
        _ = try await packages(of: profile, distribution: distribution, on: request.iso)
    }

    private func givenAnswers(_ path: FilePath, by judge: AnswersJudge) async throws -> Answers {
        let answers = try await judge.read(path)
        if !request.endsInstalled { try Self.needPassword(answers) }
        return answers
    }

    private static func needPassword(_ answers: Answers) throws(Mistake) {
        guard !answers["KLDLOAD_PASSWORD"].isEmpty, !answers["KLDLOAD_PASSWORD"].hasPrefix("$") else {
            throw Mistake(
                "the test logs in with a password: KLDLOAD_PASSWORD is missing in the answers, or is a hash", at: nil)
        }
    }

    /// The packages of a profile, as the image `iso` has them: name, version, architecture a line. Throws `Mistake` where it has no such
    /// profile, `ArchiveError`.
    package static func packages(
        of profile: String, distribution: String, on iso: FilePath
    ) async throws -> [UInt8] {
        let name = "darksite/\(distribution)/profiles/\(profile)"
        guard
            let list = try await BlockingWork.run({
                try DiscImage.file(name, on: iso, limit: ByteCount(10_000_000))
            })
        else {
            throw Mistake(
                "the image has no profile \(profile) of \(distribution)", at: nil,
                hint: "PROFILE=\(profile) ./deploy build")
        }
        return list
    }

    /// One installation, unattended, to its end.
    func installs(_ order: Order, log: String) async throws {
        events(.began("installing"))
        try await recorder.guarded("install") { [self] in
            try await emulator.run(
                liveMachine(order.drives + [order.seed]), log: results.appending(log), onLine: { progress($0) }
            ) { machine in
                guard try await bootsLiveSystem(machine) else { return }
                let isInstalled = try await recorder.check("install", "it installs, unattended and without network") {
                    try await awaitInstallation(machine)
                }
                await screenshot(machine, "install.png")
                guard isInstalled else { return try await saveInstallersLog(machine) }
                try await recorder.check("install", "it powers off by itself") {
                    let end = try await machine.end(within: limit(300))
                    guard end == .poweredOff else { throw TestFailure(what: "it did not power off: \(end)") }
                }
            }
        }
    }

    private func awaitInstallation(_ machine: VirtualMachine) async throws {
        // It may have begun, or failed, before the live system was ready.
        machine.console.rewind()
        let (which, line) = try await machine.console.wait(
            for: [
                .line("the end of the installation") { $0.contains("kldload: INSTALLED") },
                .line(containing: "kldload: INSTALL FAILED"),
            ], within: request.limit)
        guard which == 1 else { return }
        let answers = machine.console.lines.map(\.text).filter { $0.contains("kldload: answers:") }
        throw TestFailure(what: line.text, details: answers)
    }

    /// After a failure the machine stays on, with a shell of root's.
    private func saveInstallersLog(_ machine: VirtualMachine) async throws {
        do {
            try await openLiveShell(machine)
            let outcome = try await machine.shell.run(
                "cat /var/log/installer/kldload-installer.log; journalctl -b --no-pager -n 100", within: limit(60))
            try Files.write(outcome.output.utf8, to: results.appending("installer.log"))
        } catch let error as MachineError {
            events(.notice("the installer's log could not be had: \(error.what)"))
        }
    }

    // MARK: - Power cuts

    /// Pulls the plug at random moments, each time of an installation onto what the one before left on the disks; the last
    /// one is let run to its end.
    ///
    /// So is the first, to know how long one takes.
    private func survivesCuts(_ order: Order) async throws {
        let first = ContinuousClock.now
        try await installs(order, log: "console-install-0.log")
        guard await recorder.report.failed == 0 else { return }
        let (start, end) = try installationTimes(results.appending("console-install-0.log"))
        events(
            .notice(
                "an installation goes on from second \(Int(start)) to second \(Int(end)) after power-on; the test took \((ContinuousClock.now - first) / .seconds(1)) s for it"
            ))
        var random = SplitMix64(seed: request.seed)
        for number in 1...request.cuts {
            let moment = Double.random(in: start..<max(end, start + 1), using: &random)
            events(.began("installation \(number) of \(request.cuts), cut off after \(Int(moment)) s"))
            try await cutsOff(order, after: moment, log: "console-cut-\(number).log")
            guard await recorder.report.failed == 0 else { return }
        }
        try await installs(order, log: "console-install.log")
    }

    private func cutsOff(_ order: Order, after seconds: Double, log: String) async throws {
        try await recorder.check("cut", "the plug is pulled \(Int(seconds)) s after power-on") { [self] in
            let last = try await emulator.run(liveMachine(order.drives + [order.seed]), log: results.appending(log)) {
                machine in
                do {
                    _ = try await machine.end(within: .seconds(seconds) - machine.console.time)
                    return "the machine went off before"
                } catch MachineError.silent {
                    machine.pullPlug()
                    let lines = machine.console.lines.map(\.text)
                    if let failure = lines.first(where: { $0.contains("kldload: INSTALL FAILED") }) {
                        throw TestFailure(what: "it failed before: \(failure)")
                    }
                    return lines.last { $0.contains("kldload: install: step") } ?? "no step yet"
                }
            }
            events(.notice("cut off at: \(last)"))
        }
    }

    /// When the first step began and the installation was done, in seconds after power-on, from a console's log.
    private func installationTimes(_ log: FilePath) throws -> (Double, Double) {
        var times: [Double] = []
        for line in try Files.readText(log).split(separator: "\n")
        where line.contains("kldload: install: step") || line.contains("kldload: INSTALLED") {
            if let time = line.split(separator: " ").first.flatMap({ Double($0) }) { times.append(time) }
        }
        guard let first = times.first, let last = times.last else {
            throw Mistake("the console does not tell the steps of the installation", at: nil)
        }
        return (first, last)
    }
}

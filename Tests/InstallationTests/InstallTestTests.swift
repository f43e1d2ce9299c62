import Machines
import Primitives
import Subprocess
import Synchronization
import SystemPackage
import Testing

@testable import Installation

/// A folder for one test of an installation, in a machine that is only played (see Tests/MachinesTests/fake-qemu.py).
final class PlayedInstallation: Sendable {
    private let holder: PrivateFolder
    let request: InstallTestRequest
    let lines = Mutex<[String]>([])

    static let checkout = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    static let includes = checkout.pushing("live-build/config/includes.chroot")
    private static let fake = checkout.pushing("Tests/MachinesTests/fake-qemu.py")

    init(_ change: (inout InstallTestRequest) -> Void = { _ in }) throws {
        holder = try PrivateFolder()
        let iso = holder.path.appending("made.iso")
        // Something that libarchive takes for an ISO, with a profile's packages.
        try Files.createDirectory(holder.path.pushing("tree/darksite/debian/profiles"))
        let list = (1...20_000).map { "package\($0) 1.0 amd64\n" }.joined()
        try Files.write(list.utf8, to: holder.path.pushing("tree/darksite/debian/profiles/core"))
        try Files.write(list.utf8, to: holder.path.pushing("tree/darksite/debian/profiles/desktop"))
        var request = InstallTestRequest(iso: iso)
        request.firmware = .bios
        change(&request)
        self.request = request
    }

    var results: FilePath { holder.path.appending("results") }
    var pidFile: FilePath { holder.path.appending("pid") }

    func run(_ mode: String, _ more: [String: String] = [:]) async throws -> TestReport {
        let tree = holder.path.appending("tree")
        let made = try await Subprocess.run(
            .name("xorriso"), arguments: ["-as", "mkisofs", "-quiet", "-r", "-o", request.iso.string, tree.string],
            output: .discarded, error: .string(limit: 65_536))
        try #require(made.terminationStatus.isSuccess, "\(made.standardError)")
        var environment = ["PATH": "/usr/bin:/bin", "FAKE_QEMU": mode, "FAKE_QEMU_PID": pidFile.string]
        environment["FAKE_QEMU_PASSWORD"] = InstallTestRequest.password
        environment.merge(more) { $1 }
        let test = try InstallTest(
            request: request, emulator: Emulator(program: Self.fake.string, environment: environment),
            accelerator: .tcg,
            judge: AnswersJudge(environment: ["PATH": "/usr/bin:/bin"]), results: results,
            events: { event in
                if case .notice(let text) = event { self.lines.withLock { $0.append(text) } }
            })
        return try await test.run()
    }

    /// As an installed system has it: the answers without secrets.
    func manifest() async throws -> String {
        let file = holder.path.appending("answers.env")
        try Files.write(request.madeAnswers(for: .tcg).utf8, to: file)
        let answers = try await AnswersJudge(environment: ["PATH": "/usr/bin:/bin"]).read(file)
        return answers.names.filter { !answers.secrets.contains(answers[$0]) }
            .map { "\($0)=\(answers[$0].shellQuoted)\n" }.joined()
    }

    func text(_ name: String) throws -> String { try Files.readText(results.appending(name)) }
}

extension TestReport {
    fileprivate var failures: [String] {
        cases.compactMap { item in
            if case .failed(let what, _) = item.outcome { "\(item.name): \(what)" } else { nil }
        }
    }
}

@Suite("A test of an installation, in a machine that is played", .timeLimit(.minutes(5)))
struct InstallTestTests {
    @Test("All is well: three boots of the disk, every case passed, report, logs and pictures written, disks gone")
    func passes() async throws {
        let played = try PlayedInstallation()
        let report = try await played.run("", ["FAKE_QEMU_MANIFEST": try await played.manifest()])
        #expect(report.failures == [])
        #expect(report.passed == 3 + SmokeTests.all(of: "core").count { $0.phase != .degraded } + 3 * 2 + 1)
        #expect(
            report.cases.map(\.group).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
                == ["live", "install", "installed", "second", "restored"])
        let files = try Files.list(played.results)
        #expect(
            files == [
                "console-disk-1.log", "console-disk-2.log", "console-disk-3.log", "console-install.log", "install.png",
                "installed.png", "installer.log", "junit.xml", "restored.png", "second.png",
            ])
        #expect(try played.text("junit.xml").contains(#"failures="0""#))
    }

    @Test("A pool with two disks, encrypted: the passphrase is typed")
    func encrypted() async throws {
        let played = try PlayedInstallation {
            $0.disks = 2
            $0.topology = "mirror"
            $0.isEncrypted = true
            $0.keepsDisks = true
        }
        let environment = [
            "FAKE_QEMU_PASSPHRASE": InstallTestRequest.passphrase, "FAKE_QEMU_MANIFEST": try await played.manifest(),
        ]
        let report = try await played.run("broken", environment)
        #expect(report.failures == [])
        #expect(report.cases.last?.group == "degraded")
        #expect(Files.exists(played.results.pushing("disks/disk1.raw")))
    }

    @Test("A desktop is looked at: the greeter, and the session of who typed the password into it")
    func desktop() async throws {
        let played = try PlayedInstallation { $0.profile = "desktop" }
        let password = InstallTestRequest.typedPassword
        let environment = [
            "FAKE_QEMU_PASSWORD": password, "FAKE_QEMU_MANIFEST": try await played.manifest(),
            "FAKE_QEMU_KEYS": "ret" + password.split(separator: " ").joined(separator: "spc") + "ret",
        ]
        let report = try await played.run("", environment)
        #expect(report.failures == [])
        #expect(report.cases.map(\.name).contains("the greeter is drawn"))
        #expect(try Files.list(played.results).filter { ["greeter.png", "desktop.png"].contains($0) }.count == 2)
    }

    @Test("A case that fails in the machine is a failure with its reason, and the others are looked at all the same")
    func oneFails() async throws {
        let played = try PlayedInstallation()
        let environment = [
            "FAKE_QEMU_MANIFEST": try await played.manifest(), "FAKE_QEMU_FAIL": "; installed_the_pool_is_healthy$",
        ]
        let report = try await played.run("", environment)
        #expect(report.failures == ["the pool is healthy: the reason"])
        #expect(report.cases.last?.group == "restored")
        #expect(try played.text("junit.xml").contains(#"<failure message="the reason">one</failure>"#))
    }

    @Test("Where no other boot environment could be made, it is not booted")
    func noSecond() async throws {
        let played = try PlayedInstallation()
        let environment = [
            "FAKE_QEMU_MANIFEST": try await played.manifest(), "FAKE_QEMU_FAIL": "; installed_another_boot",
        ]
        let report = try await played.run("", environment)
        #expect(report.failed == 1)
        #expect(report.cases.last?.group == "installed")
    }

    @Test("A manifest that says something else is a failure that names the variable")
    func manifest() async throws {
        let played = try PlayedInstallation()
        let manifest = try await played.manifest() + "KLDLOAD_HOSTNAME=other\n"
        let twice = try await played.run("", ["FAKE_QEMU_MANIFEST": manifest])
        #expect(twice.failures.first?.contains("it is refused: KLDLOAD_HOSTNAME is there a second time") == true)
        let other = manifest.split(separator: "\n").filter { !$0.contains("'kldload-test'") }.joined(separator: "\n")
        let report = try await PlayedInstallation().run("", ["FAKE_QEMU_MANIFEST": other])
        #expect(report.failures.first?.contains("it says something else about KLDLOAD_HOSTNAME") == true)
    }

    @Test("An installation that fails is told with the installer's last line; its log is fetched, the disk not booted")
    func fails() async throws {
        let played = try PlayedInstallation()
        let report = try await played.run("fails")
        #expect(
            report.failures == [
                "it installs, unattended and without network: kldload: INSTALL FAILED in step pool: no disk (log: /var/log/installer/kldload-installer.log)"
            ])
        #expect(report.cases.last?.group == "install")
        #expect(try Files.list(played.results).contains("installer.log"))
    }

    @Test("A machine that starts anew in the middle is a failure, not an endless wait")
    func resets() async throws {
        let report = try await PlayedInstallation().run("resets")
        #expect(report.failures.first?.contains("the machine went off while waiting for") == true)
    }

    @Test("QEMU that does not start is a failure with its words")
    func refuses() async throws {
        let report = try await PlayedInstallation().run("refuses")
        #expect(report.failures == ["the machine does what it is told: QEMU could not start the machine"])
    }

    @Test("A wrong password is a failure, and nothing more is looked at")
    func wrongPassword() async throws {
        let report = try await PlayedInstallation().run("", ["FAKE_QEMU_PASSWORD": "another"])
        #expect(report.failures == ["boots from its own disk to a login: the password of tester is refused"])
    }

    @Test("The plug is pulled as often as told, each time on what the last one left; then it installs to the end")
    func cuts() async throws {
        let played = try PlayedInstallation { $0.cuts = 2 }
        let report = try await played.run(
            "", ["FAKE_QEMU_MANIFEST": try await played.manifest(), "FAKE_QEMU_STEP": "0.3"])
        #expect(report.failures == [])
        #expect(report.cases.count { $0.group == "cut" } == 2)
        #expect(report.cases.count { $0.name.hasPrefix("it installs") } == 2)
        #expect(played.lines.withLock { $0.count { $0.hasPrefix("cut off at") } } == 2)
    }

    @Test("An installation that fails on what a cut left is a failure, also where the plug is pulled only later")
    func failsAfterCut() async throws {
        let played = try PlayedInstallation { $0.cuts = 1 }
        let report = try await played.run("fails-again")
        #expect(report.failures.count == 1)
        #expect(report.failures.first?.contains("kldload: INSTALL FAILED in step pool") == true)
    }

    @Test("The live system alone")
    func live() async throws {
        let played = try PlayedInstallation { $0.isLiveOnly = true }
        let report = try await played.run("", ["FAKE_QEMU_NO_SEED": "1"])
        #expect(report.failures == [])
        #expect(report.passed == 2)
    }

    @Test("Cancelled, it leaves a report, no disks and no machine")
    func cancelled() async throws {
        let played = try PlayedInstallation()
        let task = Task { try await played.run("silent") }
        while !Files.exists(played.pidFile) { try await Task.sleep(for: .milliseconds(20)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try Files.list(played.results).contains("junit.xml"))
        #expect(!Files.exists(played.results.appending("disks")))
    }
}

@Suite("What a test reports")
struct TestReportTests {
    @Test("JUnit's format is XML whatever is in it, judged by xmllint")
    func junit() async throws {
        let recorder = TestRecorder(title: "a <b> & \"c\"", events: { _ in })
        try await recorder.check("g", "passes") {}
        try await recorder.check("g", "fails") {
            throw TestFailure(what: "x < \u{1B}[1m\u{0} & \"y\" é", details: ["]]>", "\u{FFFF}"])
        }
        try await recorder.check("g", "is skipped") { throw TestSkipped(why: "'so'") }
        let report = await recorder.report
        #expect((report.passed, report.failed, report.skipped) == (1, 1, 1))
        let folder = try PrivateFolder()
        let file = folder.path.appending("junit.xml")
        try Files.write(report.junit.utf8, to: file)
        let result = try await Subprocess.run(
            .name("xmllint"),
            arguments: [
                "--xpath", "concat(//testsuite/@name, '|', //failure/@message, '|', count(//testcase))", file.string,
            ],
            output: .string(limit: 65_536), error: .string(limit: 65_536))
        #expect(result.terminationStatus.isSuccess, "\(result.standardError)")
        #expect(result.standardOutput == "a <b> & \"c\"|x < ?[1m? & \"y\" é|3\n")
    }

    @Test("The cases are the script's functions, in its order, and each phase ends with what the next one boots")
    func cases() {
        let names = SmokeTests.all.map(\.function)
        #expect(Set(names).count == names.count)
        #expect(SmokeTests.all.first?.title == "the pool is healthy")
        let last = SmokeTests.Phase.allCases.map { phase in SmokeTests.all.last { $0.phase == phase }?.title }
        #expect(
            last == [
                "another boot environment is made and chosen", "the first one is rolled back and chosen",
                "the other boot environment can be removed",
                "in server kst says so",
            ])
        let special = SmokeTests.all(of: "kvm").filter { !SmokeTests.all(of: "core").contains($0) }
        #expect(special.map(\.profile) == ["kvm"])
    }
}

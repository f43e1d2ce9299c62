import Machines
import Primitives
import Synchronization
import SystemPackage
import Testing

@testable import Installation

/// A clone that is only played (see Tests/MachinesTests/fake-qemu.py).
@Suite("The first start of a clone, in a machine that is played", .timeLimit(.minutes(5)))
struct CloneTestTests {
    private let folder: PrivateFolder
    private let fake = PlayedInstallation.checkout.pushing("Tests/MachinesTests/fake-qemu.py")

    init() throws { folder = try PrivateFolder() }

    private func run(_ more: [String: String] = [:]) async throws -> TestReport {
        let image = folder.path.appending("golden.vhd")
        try Files.write("image".utf8, to: image)
        var environment = ["PATH": "/usr/bin:/bin", "FAKE_QEMU": "installed", "FAKE_QEMU_ANY_PASSWORD": "1"]
        environment.merge(more) { $1 }
        let request = CloneTest.Request(image: image, format: .vpc, size: ByteCount(40 << 30))
        return try await CloneTest(
            request, emulator: Emulator(program: fake.string, environment: environment), accelerator: .tcg,
            results: folder.path, events: { _ in }
        ).run()
    }

    @Test("All is looked at, the report is written, and nothing with a password is left") func passes() async throws {
        let report = try await run()
        let script = String(decoding: CloneTest.script, as: UTF8.self)
        #expect(report.failed == 0 && report.passed == CloneTest.tests(in: script).count + 2)
        #expect(report.cases.map(\.name).contains("the pool has grown to its disk"))
        #expect(try Files.list(folder.path) == ["clone.xml", "console-clone.log", "golden.vhd"])
    }

    @Test("What is not as it must be is told") func fails() async throws {
        let report = try await run(["FAKE_QEMU_FAIL": "clone_no_unit_failed$"])
        #expect(report.failed == 1)
        guard case .failed(let what, let details)? = report.cases.first(where: { $0.name == "no unit failed" })?.outcome
        else {
            Issue.record("it is not told")
            return
        }
        #expect(what == "the reason" && details == ["one"])
    }

    @Test("A clone that asks for its passphrase gets it") func encrypted() async throws {
        let image = folder.path.appending("golden.qcow2")
        try Files.write("image".utf8, to: image)
        var request = CloneTest.Request(image: image, format: .qcow2, size: ByteCount(40 << 30))
        request.passphrase = "pass phrase"
        let environment = [
            "PATH": "/usr/bin:/bin", "FAKE_QEMU": "installed", "FAKE_QEMU_ANY_PASSWORD": "1",
            "FAKE_QEMU_PASSPHRASE": "pass phrase",
        ]
        let report = try await CloneTest(
            request, emulator: Emulator(program: fake.string, environment: environment), accelerator: .kvm,
            results: folder.path, events: { _ in }
        ).run()
        #expect(report.failed == 0)
    }

    @Test("Where nobody gets in, the login prompt is seen, and it is told that no more was") func nobody() async throws
    {
        let image = folder.path.appending("golden.raw")
        try Files.write("image".utf8, to: image)
        var request = CloneTest.Request(image: image, format: .raw, size: ByteCount(40 << 30))
        request.login = .nobody
        let report = try await CloneTest(
            request,
            emulator: Emulator(
                program: fake.string, environment: ["PATH": "/usr/bin:/bin", "FAKE_QEMU": "installed"]),
            accelerator: .tcg, results: folder.path, events: { _ in }
        ).run()
        #expect(report.failed == 0 && report.passed == 1 && report.skipped == 1)
    }

    @Test("A kernel that panics is the reason") func panics() async throws {
        let report = try await run(["FAKE_QEMU": "installed+panics"])
        #expect(report.failed == 1 && report.passed == 0)
    }

    @Test("The seed has cloud-init's two files, with nothing of YAML's in what is put into them") func seed() throws {
        let image = try CloudSeed(hostname: "golden-clone", user: "check", password: "abc").image()
        let text = String(decoding: image, as: UTF8.self)
        #expect(text.contains("#cloud-config\nusers:\n  - name: check\n"))
        #expect(text.contains("instance-id: golden-clone\n"))
        #expect(image[43..<54].elementsEqual("CIDATA     ".utf8))
    }
}

import Machines
import Primitives
import SystemPackage
import Testing

@testable import Installation

@Suite("Answers, judged by the installer's own loader")
struct AnswersTests {
    private let folder: PrivateFolder
    private var file: FilePath { folder.path.appending("answers.env") }

    init() throws { folder = try PrivateFolder() }

    private func read(_ text: String) async throws -> Answers {
        try Files.write(text.utf8, to: file)
        return try await AnswersJudge(
            environment: ["PATH": "/usr/bin:/bin", "KLDLOAD_HOSTNAME": "not-this"]
        ).read(file)
    }

    @Test("Values come out as they are meant, defaults included")
    func values() async throws {
        let answers = try await read(
            "KLDLOAD_DISK='/dev/vda, /dev/vdb'\nKLDLOAD_ZFS_TOPOLOGY=mirror\nKLDLOAD_PASSWORD='a=b \"c\" é'\n")
        #expect(answers.disks == ["/dev/vda", "/dev/vdb"])
        #expect(answers["KLDLOAD_PASSWORD"] == "a=b \"c\" é")
        #expect(answers["KLDLOAD_HOSTNAME"] == "kldload-node")
        #expect(answers.secrets == ["a=b \"c\" é"])
        #expect(!answers.isEncrypted)
    }

    @Test("What is right for one machine and wrong for its copies is taken, with a warning; for one machine, without")
    func warnings() async throws {
        let fixed =
            "KLDLOAD_DISK=/dev/vda\nKLDLOAD_PASSWORD=x\nKLDLOAD_NET_METHOD=static\nKLDLOAD_NET_IFACE=eth0\nKLDLOAD_NET_IP=10.0.0.5\n"
            + "KLDLOAD_NET_GW=10.0.0.1\nKLDLOAD_ZFS_ENCRYPT=1\nKLDLOAD_ZFS_PASSPHRASE=long-enough\n"
        #expect(try await read(fixed).warnings == [])
        let sealed = try await read(fixed + "KLDLOAD_SEAL=1\nKLDLOAD_SEAL_PASSWORDS=keep\n")
        #expect(sealed.warnings.map { $0.contains("=10.0.0.5:") && $0.contains("collide") } == [true, false])
        #expect(sealed.warnings.map { $0.contains("have the same key") } == [false, true])
        #expect(sealed["KLDLOAD_SEAL"] == "1" && sealed[""] == "")
    }

    @Test("Everything that is wrong is said at once, each with its line")
    func wrong() async throws {
        do {
            _ = try await read("KLDLOAD_DISK=vda\nKLDLOAD_PASSWORD=x\n\nKLDLOAD_NONSENSE=1\nKLDLOAD_ZFS_ENCRYPT=1\n")
            Issue.record("it was taken")
        } catch let errors as UserErrors {
            #expect(errors.errors.map { $0.location?.line } == [1, 4, 5])
            #expect(errors.errors.allSatisfy { $0.isUsageError })
            #expect(errors.errors[1].what.contains("KLDLOAD_NONSENSE"))
        }
    }

    @Test("The answers that the test makes are good", arguments: [1, 2, 3])
    func made(disks: Int) async throws {
        var request = InstallTestRequest(iso: "/x.iso")
        request.disks = disks
        request.topology = ["single", "mirror", "raidz"][disks - 1]
        request.isEncrypted = disks == 2
        request.cuts = disks
        request.bootstrap = ["auto", "image", "packages"][disks - 1]
        let answers = try await read(request.madeAnswers(for: .tcg))
        #expect(answers.disks.count == disks)
        #expect(answers["KLDLOAD_BOOTSTRAP"] == request.bootstrap)
        #expect(answers["KLDLOAD_PASSWORD"] == InstallTestRequest.password)
        #expect(answers["KLDLOAD_ZFS_PASSPHRASE"] == (disks == 2 ? InstallTestRequest.passphrase : ""))
    }

    @Test("The loader that judges is the installer's, byte by byte") func sameLoader() throws {
        for script in AnswersJudge.scripts {
            #expect(try Files.read(PlayedInstallation.includes.pushing(script.place)) == script.text)
        }
    }

    @Test("A loader that breaks is an error with its words") func brokenLoader() async throws {
        try Files.write([], to: file)
        let judge = AnswersJudge(
            loader: Array("answers_load() { echo oh >&2; exit 9; }\n".utf8), environment: ["PATH": "/usr/bin:/bin"])
        await #expect { try await judge.read(file) } throws: { ($0 as? Mistake)?.details == ["oh"] }
    }
}

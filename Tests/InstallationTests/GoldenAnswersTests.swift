import Primitives
import Testing

@testable import Installation

@Suite("The answers of a golden image")
struct GoldenAnswersTests {
    @Test("What the image decides takes the place of what the answers say of it, on lines that keep their numbers")
    func merged() {
        let text =
            "KLDLOAD_HOSTNAME=a\n  export KLDLOAD_DISK='/dev/sda'\n# KLDLOAD_SEAL=0\nKLDLOAD_AFTER=reboot\nKLDLOAD_DISKS=x"
        #expect(
            GoldenAnswers.merged(text)
                == "KLDLOAD_HOSTNAME=a\n\n# KLDLOAD_SEAL=0\n\nKLDLOAD_DISKS=x\n"
                + "KLDLOAD_DISK=/dev/vda\nKLDLOAD_SEAL=1\nKLDLOAD_AFTER=poweroff\n")
    }

    private func answers(_ changes: [String: String] = [:]) -> Answers {
        var values = [
            "KLDLOAD_STORAGE_MODE": "zfs", "KLDLOAD_ZFS_TOPOLOGY": "single", "KLDLOAD_EXPORT_FORMAT": "none",
            "KLDLOAD_HOSTNAME": "it's", "KLDLOAD_PASSWORD": "hush hush", "KLDLOAD_ZFS_PASSPHRASE": "",
        ]
        values.merge(changes) { $1 }
        return Answers(values.map { "\($0.key)=\($0.value)" })
    }

    @Test("No secret is in what lies beside an image") func withoutSecrets() {
        let shown = GoldenAnswers.withoutSecrets(answers())
        #expect(shown.contains("KLDLOAD_HOSTNAME='it'\\''s'\n"))
        #expect(shown.contains("# KLDLOAD_PASSWORD was given. It is a secret, and not kept.\n"))
        #expect(!shown.contains("hush") && !shown.contains("PASSPHRASE"))
    }

    @Test(
        "What can be no image of one disk is refused",
        arguments: [
            ("KLDLOAD_ZFS_TOPOLOGY", "mirror"), ("KLDLOAD_STORAGE_MODE", "manual"), ("KLDLOAD_EXPORT_FORMAT", "raw"),
        ])
    func refused(name: String, value: String) throws {
        try GoldenAnswers.check(answers())
        #expect(throws: Mistake.self) { try GoldenAnswers.check(answers([name: value])) }
    }

    @Test("Who looks at a clone comes by cloud-init, by a password that stays, or not at all") func login() {
        let (core, server) = (Array("bash 5 amd64\n".utf8), Array("bash 5 amd64\ncloud-init 25 all\n".utf8))
        let kept = answers(["KLDLOAD_USERNAME": "ada", "KLDLOAD_SEAL_PASSWORDS": "keep"])
        #expect(GoldenAnswers.login(kept, packages: server, isMade: false) == .seed)
        #expect(
            GoldenAnswers.login(kept, packages: core, isMade: false) == .password(user: "ada", "hush hush"))
        #expect(GoldenAnswers.login(kept, packages: core, isMade: true) == .nobody)
        #expect(GoldenAnswers.login(answers(), packages: core, isMade: false) == .nobody)
        let hash = answers(["KLDLOAD_PASSWORD": "$y$x", "KLDLOAD_SEAL_PASSWORDS": "keep"])
        #expect(GoldenAnswers.login(hash, packages: core, isMade: false) == .nobody)
    }

    @Test("Nobody knows the password that is made, and it is another one each time") func password() {
        let made = (0..<100).map { _ in GoldenAnswers.password() }
        #expect(Set(made).count == 100 && made.allSatisfy { $0.utf8.count == 24 })
    }
}

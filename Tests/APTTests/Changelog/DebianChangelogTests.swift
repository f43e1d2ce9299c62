import Archives
import Primitives
import SystemPackage
import Testing

@testable import APT

/// What changelogs of Debian packages tell, and what is no such changelog.
@Suite struct DebianChangelogTests {
    private static let text = """
        openssl (3.5.4-1~deb13u4) trixie-security; urgency=medium

          * CVE-2026-1234 ("Potential use-after-free"), CVE-2026-28389
            and once more CVE-2026-1234.

         -- Somebody <somebody@example.org>  Fri, 03 Apr 2026 14:29:32 +0200

        openssl (3.5.4-1~deb13u3) trixie; urgency=medium, binary-only=yes

          * Import 3.5.4. (Closes: #1, CVE-2025-12, xCVE-2025-15467x)

         -- Somebody <somebody@example.org>  Sun, 22 Feb 2026 18:36:50 +0100

        openssl (1:2~rc1-1) stable-security unstable; urgency=high

          CVE-2024-0001

         -- Somebody <somebody@example.org>  Sun, 22 Feb 2026 18:36:50 +0100
        Local variables:
        mode: debian-changelog
        """

    @Test func entriesHaveVersionSuitesAndNumbers() throws {
        let changelog = try #require(DebianChangelog(Array(Self.text.utf8)))
        #expect(changelog.entries.map(\.version.description) == ["3.5.4-1~deb13u4", "3.5.4-1~deb13u3", "1:2~rc1-1"])
        #expect(
            changelog.entries.map(\.vulnerabilities)
                == [["CVE-2026-1234", "CVE-2026-28389"], ["CVE-2025-15467"], ["CVE-2024-0001"]])
        #expect(changelog.entries.map(\.isSecurityUpload) == [true, false, true])
        #expect(changelog.entries[2].suites == ["stable-security", "unstable"])
    }

    @Test func onlyWhatIsNewCounts() throws {
        let changelog = try #require(DebianChangelog(Array(Self.text.utf8)))
        func versions(_ old: String, _ new: String) throws -> [String] {
            try changelog.entries(after: DebianVersion(old), upTo: DebianVersion(new)).map(\.version.description)
        }
        #expect(try versions("3.5.4-1~deb13u3", "3.5.4-1~deb13u4") == ["3.5.4-1~deb13u4"])
        #expect(try versions("3.5.4-1~deb13u2", "3.5.4-1~deb13u3") == ["3.5.4-1~deb13u3"])
        #expect(try versions("3.5.4-1~deb13u4", "3.5.4-1~deb13u4").isEmpty)
    }

    @Test(arguments: [
        "", "\n \n", "2026-01-01  Somebody\n\t* main.c: new file. CVE-2026-1234\n", "Version 3 (2026)\n",
        "foo (not a version) unstable; urgency=low\n", "foo (1.0); urgency=low\n",
        " foo (1.0-1) unstable; urgency=low\n",
        "two words (1.0-1) unstable; urgency=low\n", "\0\u{1}CVE-",
    ])
    func whatIsNoChangelogOfDebiansIsNone(text: String) {
        #expect(DebianChangelog(Array(text.utf8)) == nil)
    }

    @Test func aNumberThatIsCutOffIsNone() throws {
        let changelog = try #require(
            DebianChangelog(
                Array("a (1) b; urgency=low\n  CVE- CVE-2026 CVE-2026- CVE-2026-123 CVE-20266-1234 CVE".utf8)))
        #expect(changelog.entries[0].vulnerabilities.isEmpty)
    }

    @Test(arguments: [
        ("Package: a\nVersion: 1-1\n", "a", "1-1"), ("Package: a\nVersion: 1-1+b2\n", "a", "1-1"),
        ("Package: a\nSource: b\nVersion: 1-1\n", "b", "1-1"),
        ("Package: a\nSource: b (2:3-4)\nVersion: 1-1+b1\n", "b", "2:3-4"),
        ("Package: a\nVersion: 1-1+bpo13\n", "a", "1-1+bpo13"),
    ])
    func theSourceIsAnothersOrItself(paragraph: String, name: String, version: String) {
        let source = SourceVersion(controlParagraph: Array(paragraph.utf8))
        #expect(source?.name == name && source?.version.description == version)
    }

    @Test func packagesHaveTheirChangelogInTheirOwnFolder() async throws {
        let folder = try PrivateFolder()
        let native = Self.text.replacing("openssl", with: "dpkg")
        let files: [(String, [String: String], Int?)] = [
            ("plain", ["changelog.Debian": Self.text, "changelog": "2026 upstream\n"], 3),
            ("native", ["changelog": native], 3), ("none", ["README": Self.text], nil),
            ("upstream", ["changelog": "2026-01-01 Somebody\n"], nil),
        ]
        for (name, texts, count) in files {
            let root = folder.path.appending(name)
            let documents = root.pushing(FilePath("usr/share/doc/\(name)"))
            try Files.createDirectory(documents)
            try Files.createDirectory(root.appending("DEBIAN"))
            let control =
                "Package: \(name)\nVersion: 1\nArchitecture: all\nMaintainer: x <x@example.org>\nDescription: x\n"
            try Files.write(control.utf8, to: root.appending("DEBIAN").appending("control"))
            for (file, text) in texts { try Files.write(text.utf8, to: documents.appending(file)) }
            let script = "gzip -n $1/* && dpkg-deb --root-owner-group -b $2 $2.deb"
            let made = try await ChildProgram("bash", environment: nil).run(
                ["-c", script, "bash", documents.string, root.string])
            try #require(made.isSuccess, "\(made.errors)")
            let package = try DebFile(FilePath(root.string + ".deb"))
            #expect(try package.changelog(of: name)?.entries.count == count, "\(name)")
            #expect(try package.changelog(of: "other") == nil)
        }
    }
}

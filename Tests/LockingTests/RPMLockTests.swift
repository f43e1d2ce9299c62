import Packages
import Primitives
import Testing

@testable import Locking

/// A section of RPM packages.
@Suite struct RPMLockTests {
    private static let digest = LockTests.digest
    private static let other = String(repeating: "0b", count: 32)

    private static func text(_ lines: String) -> String {
        "version 4\n\ndistribution centos rpm x86_64\nrelease 9 el9\n" + lines
    }

    /// The seal is golden: a change of it makes every lock stale.
    private static let lines = """
        excludes kernel-rt*,telnet
        modules nodejs:20,php:8.2
        rpm-repository 1 baseos 99 1000 - - \(digest) \(digest)
        rpm-repository 2 epel 99 1000 - a,b* metalink \(other)
        rpm-repository 3 own 10 500 module-hotfixes - unsigned unsigned
        snapshot baseos - 2026-11-20T14:12:33Z 4459 \(digest)
        index baseos - primary x86_64 3597627 repodata/primary.xml.gz \(digest)
        profile core 1 1000 9999999999999999
        package bash 5.1.8-9.el9 x86_64 core 1000 baseos Packages/bash-5.1.8-9.el9.x86_64.rpm \(digest)

        """

    private func section(_ lines: String = lines) throws -> LockedDistribution {
        try #require(try LockReader.read(Array(Self.text(lines).utf8), file: "deploy.lock")["centos"])
    }

    @Test func everyLineIsReadAndWrittenAgain() throws {
        let centos = try section()
        let rpm = try #require(centos.asked?.rpm)
        #expect(rpm.excludes == ["kernel-rt*", "telnet"] && rpm.modules == ["nodejs:20", "php:8.2"])
        let keys = Digest(hex: Self.digest)
        #expect(rpm.repositories.map(\.name) == ["baseos", "epel", "own"])
        #expect(rpm.repositories.map(\.packageKeys) == [keys, Digest(hex: Self.other), nil])
        #expect(rpm.repositories.map(\.trust) == [.keys(try #require(keys)), .metalink, .unsigned])
        #expect(rpm.repositories.map(\.priority) == [99, 99, 10] && rpm.repositories.map(\.cost) == [1000, 1000, 500])
        #expect(rpm.repositories.map(\.excludes) == [[], ["a", "b*"], []])
        #expect(rpm.repositories.map(\.ignoresModules) == [false, false, true])
        #expect(centos.snapshots[0].suite == nil && centos.snapshots[0].shown == "baseos")
        let written = String(decoding: try LockWriter.text(of: Lock([centos])), as: UTF8.self)
        let facts = { (text: String) in
            text.split(separator: "\n").filter { !$0.hasPrefix("#") && !$0.hasPrefix("profile") }
        }
        #expect(facts(written) == facts(Self.text(Self.lines)))
    }

    /// Two branches that each add a repository at the end conflict in place 4; one that changes another line does not, and the
    /// seal tells.
    @Test func whatAMergeBringsIsSeen() throws {
        let whole = String(decoding: try LockWriter.text(of: Lock([try section()])), as: UTF8.self)
        func unsealed(_ part: String, _ replacement: String) throws -> [String] {
            #expect(whole.contains(part))
            let text = whole.replacing(part, with: replacement)
            return try #require(try LockReader.read(Array(text.utf8), file: "x")["centos"]).unsealed
        }
        #expect(try unsealed("x", "x") == [])
        for (part, replacement) in [
            ("own 10 500", "own 10 501"), ("own 10 500", "own 11 500"), ("a,b*", "a,b"), ("nodejs:20", "nodejs:22"),
            ("kernel-rt*,", ""), ("module-hotfixes", "-"), ("metalink", "unsigned"),
        ] {
            #expect(try unsealed(part, replacement) == ["core"], "\(part)")
        }
        // Lines in another order are the same lock.
        let lines = Self.lines.split(separator: "\n").reversed().joined(separator: "\n")
        #expect(try section(lines).asked == section().asked)
    }

    @Test(arguments: [
        (
            "rpm-repository 2 epel 99 1000 - ", "rpm-repository 2 epel 99 1000 yes ",
            "this should be - or module-hotfixes"
        ),
        ("rpm-repository 2", "rpm-repository 1", "place 1 among the RPM repositories is there twice"),
        ("epel 99", "epel high", "this should be a number"),
        ("metalink", "Metalink", "this should be a SHA-256 digest: 64 lower-case hexadecimal digits"),
        ("modules n", "modules a:1\nmodules n", "a second modules line"),
        ("excludes k", "excludes a\nexcludes k", "a second excludes line"),
    ])
    func whatIsNotExactlyTheFormatIsAnError(part: String, replacement: String, words: String) throws {
        let text = Self.text(Self.lines)
        let range = try #require(text.firstRange(of: part))
        #expect(LockTests.errors(text.replacingCharacters(range, replacement)).first?.contains(words) == true)
    }

    @Test func differencesAreInTheWordsOfTheDeclaration() throws {
        let old = try section()
        func lines(_ part: String, _ replacement: String) throws -> [String] {
            let asked = try #require(try section(Self.lines.replacing(part, with: replacement)).asked)
            let unsealed = LockedDistribution(
                name: "centos", family: .rpm, architecture: "x86_64", asked: old.asked, snapshots: [], indexes: [],
                packages: [])
            return RequestDifference(from: unsealed, to: asked, architecture: "x86_64", sets: []).lines
        }
        #expect(try lines("", "") == [])
        #expect(
            try lines("own 10 500", "own 99 400") == [
                "repository own: priority 10 → 99", "repository own: cost 500 → 400",
            ])
        #expect(try lines("a,b*", "-") == ["repository epel: excludes a, b* → none"])
        #expect(try lines("module-hotfixes", "-") == ["repository own: module-hotfixes true → false"])
        #expect(try lines("metalink", "unsigned") == ["repository epel: vouched-by metalink → unsigned"])
        #expect(
            try lines("- - \(Self.digest) \(Self.digest)", "- - \(Self.other) \(Self.other)") == [
                "repository baseos: other keys"
            ])
        #expect(
            try lines("metalink \(Self.other)", "metalink \(Self.digest)") == ["repository epel: other package-keys"])
        #expect(try lines("modules nodejs:20,php:8.2\n", "") == ["modules nodejs:20, php:8.2 → none"])
        #expect(try lines("excludes kernel-rt*,telnet", "excludes telnet") == ["excludes kernel-rt*, telnet → telnet"])
        #expect(try lines("own 10", "ours 10") == ["repository ours is new", "repository own is gone"])
        let swapped = Self.lines.replacing("1 baseos", with: "9 baseos")
        #expect(try lines(Self.lines, swapped) == ["repositories are in another order: epel, own, baseos"])
    }
}

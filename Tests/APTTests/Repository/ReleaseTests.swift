import APT
import Primitives
import Testing

@Suite struct ReleaseTests {
    private static let digest = String(repeating: "ab", count: 32)
    private static let text = """
        Origin: Debian
        Label: Debian
        Suite: stable
        Version: 13.7
        Codename: trixie
        Date: Sat, 12 Sep 2026 07:55:41 UTC
        Valid-Until: Sat, 19 Sep 2026 07:55:41 UTC
        Acquire-By-Hash: yes
        NotAutomatic: yes
        Architectures: all amd64 arm64
        Components: main updates/contrib
        MD5Sum:
         3e498904a30e240573dac8ddac594e6f  1961125 main/Contents-all
        SHA256:
         \(digest)  1961125 main/binary-amd64/Packages
         \(digest)       12 main/binary-amd64/Packages.xz

        """
    private let date: Int64 = 1_789_199_741

    private func release(_ text: String = text) throws(ReleaseError) -> Release {
        try Release(payload: Array(text.utf8), source: "trixie")
    }

    @Test func readsEveryField() throws {
        let release = try release()
        #expect(release.origin == "Debian")
        #expect(release.suite == "stable")
        #expect(release.codename == "trixie")
        #expect(release.version == "13.7")
        #expect(release.date == date)
        #expect(release.validUntil == date + 7 * 86400)
        #expect(release.acquireByHash && release.notAutomatic && !release.butAutomaticUpgrades)
        #expect(release.architectures == ["all", "amd64", "arm64"])
        #expect(release.components == ["main", "updates/contrib"])
        let entry = try release.entry("main/binary-amd64/Packages.xz")
        let digest = try #require(entry.digest)
        #expect(digest.hex == Self.digest)
        #expect(entry.size == ByteCount(12))
        #expect(release.entries.count == 2)
        #expect(
            Release.byHashPath(of: "main/binary-amd64/Packages.xz", digest)
                == "main/binary-amd64/by-hash/SHA256/\(Self.digest)")
    }

    @Test(arguments: ["stable", "trixie", "trixie/updates", "./", "amd64/"])
    func isTheSuiteByEitherName(suite: String) throws { try release().check(suite: suite, now: date) }

    @Test(arguments: ["stable", "trixie", "whatever"])
    func withoutANameItMayBeAnySuite(suite: String) throws {
        let text = Self.text.replacing("Suite: stable\n", with: "").replacing("Codename: trixie\n", with: "")
        try release(text).check(suite: suite, now: date)
    }

    @Test func saysWhatIsNotAsAskedFor() throws {
        let release = try release()
        func problem(_ suite: String = "trixie", at now: Int64) -> ReleaseError.Problem? {
            do throws(ReleaseError) {
                try release.check(suite: suite, now: now)
                return nil
            } catch {
                return error.problem
            }
        }
        #expect(
            problem("trixie-security", at: date)
                == .wrongSuite(asked: "trixie-security", suite: "stable", codename: "trixie"))
        #expect(problem(at: date + 7 * 86400 + 1) == .expired(secondsAgo: 1))
        #expect(problem(at: date - 11) == .notYetValid(secondsAhead: 11))
        #expect(problem(at: date - 10) == nil)
        #expect(problem(at: date + 7 * 86400) == nil)
        #expect(throws: ReleaseError("trixie", .missingIndex("x"))) { try release.entry("x") }
        let expired = ReleaseError("trixie", .expired(secondsAgo: 3 * 86400))
        #expect(expired.what == "trixie expired 3 days ago")
    }

    /// Indexes that a Release file with the fields `more` and the files `paths` has, asked for as `components` of amd64 and i386.
    private func indexes(
        _ more: String, _ paths: [String], _ components: [String] = ["main"]
    ) throws -> (found: [String], lacking: [String]) {
        let lines = paths.map { " \(Self.digest) 12 \($0)\n" }.joined()
        let text = "Date: Sat, 12 Sep 2026 07:55:41 UTC\n\(more)SHA256:\n\(lines)"
        let (indexes, lacking) = try release(text).indexes(components: components, architectures: ["amd64", "i386"])
        return (indexes.map { "\($0.component ?? "-") \($0.architecture ?? "-") \($0.path)" }, lacking)
    }

    @Test(arguments: ["", "Components: testing\n", "Architecture: amd64\n", "Components: main\nArchitectures: arm64\n"])
    func whatIsListedCounts(more: String) throws {
        let (found, lacking) = try indexes(more, ["main/binary-amd64/Packages", "main/binary-amd64/Packages.bz2"])
        #expect(found == ["main amd64 main/binary-amd64/Packages.bz2"])
        #expect(lacking == ["i386"])
    }

    @Test(
        arguments: [
            ("", true), ("Architectures: all amd64\n", true), ("Architectures: amd64\n", false),
            ("Architectures: all amd64\nNo-Support-for-Architecture-all: Packages\n", false),
        ])
    func hasAnIndexForAllArchitecturesWhereAptHas(more: String, isTaken: Bool) throws {
        let (found, _) = try indexes(more, ["main/binary-amd64/Packages.xz", "main/binary-all/Packages.xz"])
        #expect(found.count == (isTaken ? 2 : 1))
        #expect(found.contains("main all main/binary-all/Packages.xz") == isTaken)
    }

    @Test func aFlatOneHasOneIndex() throws {
        #expect(try indexes("Suite: x\n", ["./Packages.gz", "Packages"], []).found == ["- - Packages.gz"])
        #expect(throws: ReleaseError("trixie", .missingIndex("Packages"))) { try indexes("", ["x/Packages"], []) }
    }

    @Test(
        arguments: [
            ("Components: contrib\n", .missingComponent("main", available: ["contrib"])),
            ("Architectures: i386\n", .missingArchitecture("amd64", available: ["i386"])),
            ("", .missingIndex("main/binary-amd64/Packages")),
        ] as [(String, ReleaseError.Problem)])
    func saysWhichIndexIsMissing(more: String, problem: ReleaseError.Problem) {
        #expect(throws: ReleaseError("trixie", problem)) { try indexes(more, ["main/binary-i386/Packages"]) }
    }

    @Test(arguments: [("./", ""), ("/", ""), ("amd64/", "amd64/"), ("./a/b/", "a/b/"), ("trixie", "dists/trixie/")])
    func isInTheFolderOfItsSuite(suite: String, folder: String) { #expect(Release.folder(of: suite) == folder) }

    @Test func mayHaveSHA512Alone() throws {
        let hex = SecureHash.sha512.digits(of: Array("text".utf8))
        let text = "Date: Sat, 12 Sep 2026 07:55:41 UTC\nSHA512:\n \(hex.uppercased()) 4 Packages\n"
        let entry = try release(text).entry("Packages")
        #expect(entry.digest == nil && entry.sha512 == hex)
        #expect(entry.isOf(Array("text".utf8)) && !entry.isOf(Array("tex!".utf8)))
        #expect(throws: ReleaseError.self) { try release(text.replacing(" 4 ", with: "0 4 ")) }
    }

    @Test func withoutSHA256ItIsWeak() {
        let weak =
            Self.text.prefix(while: { $0 != "S" })
            + "Suite: stable\nDate: Sat, 12 Sep 2026 07:55:41 UTC\nMD5Sum:\n x 1 y\n"
        #expect(throws: ReleaseError("trixie", .weak)) { try release(String(weak)) }
    }

    @Test(arguments: [
        ("Date: Sat, 12 Sep 2026 07:55:41 UTC", "Date: tomorrow"), ("Date:", "Dote:"),
        ("  1961125 main/bin", " 19x1125 main/bin"),
        (" \(digest)  1961125 main/bin", " abcd 1961125 main/bin"), ("Label: Debian", "<html>"),
    ])
    func oddContentIsAnError(old: String, new: String) throws {
        let parts = Self.text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let error = #expect(throws: ReleaseError.self) { try release(parts.joined(separator: new)) }
        guard case .malformed? = error?.problem else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

@Suite struct RepositoryDateTests {
    @Test func agreesWithDate() throws {
        let bench = try RepositoryBench()
        let seconds = stride(from: Int64(0), to: 8_000_000_000, by: 97_654_321).map { $0 }
        let text = try bench.run(
            "for s in \(seconds.map(String.init).joined(separator: " ")); do date -u -d @$s '+%a, %d %b %Y %H:%M:%S UTC'; done"
        )
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines == seconds.map(RepositoryDate.text))
        #expect(lines.map(RepositoryDate.seconds) == seconds)
    }

    @Test(arguments: [
        "", "Sat, 30 Feb 2026 00:00:00 UTC", "Sat, 12 Sep 2026 07:55:41", "Sat, 12 Sep 2026 07:55:41 CET", "2026-09-12",
        "Sat, 12 Sep 2026 24:00:00 UTC", "Sat, 12 Foo 2026 01:00:00 UTC", "Sat, 012 Sep 2026 01:00:00 UTC",
        "Sat, 12 Sep 26 01:00:00 UTC", "Sat, 12 Sep 2026 +1:00:00 UTC",
    ])
    func refusesWhatIsNoDate(text: String) { #expect(RepositoryDate.seconds(text) == nil) }

    @Test(arguments: [
        "Sat, 1 Aug 2026 00:00:00 UTC", "Sat, 01 Aug 2026 00:00:00 +0000", "Sat, 01 Aug 2026 0:00:00 GMT",
    ])
    func takesWhatAptTakes(text: String) { #expect(RepositoryDate.seconds(text) == 1_785_542_400) }
}

@Suite struct ClearSignedTextTests {
    @Test func isWhatGnuPGSigned() throws {
        let bench = try RepositoryBench()
        let text = "Suite: x\n- a\n-----\n\nFrom here  \n"
        try bench.run(
            """
            mkdir -m 700 g; printf '%s' '\(text)' >Release
            gpg --homedir g --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key a rsa2048 sign never
            gpg --homedir g --batch --quiet --clearsign -o InRelease Release; gpgconf --homedir g --kill all
            """)
        let bytes = try bench.read("InRelease")
        #expect(try ClearSignedText.payload(of: bytes, source: "x") == Array(text.utf8))
        let cut = Array(bytes[..<(bytes.count / 2)])
        #expect(throws: ReleaseError.self) { try ClearSignedText.payload(of: cut, source: "x") }
        #expect(throws: ReleaseError.self) { try ClearSignedText.payload(of: bytes + bytes, source: "x") }
        #expect(try ClearSignedText.payload(of: Array(text.utf8), source: "x") == nil)
    }
}

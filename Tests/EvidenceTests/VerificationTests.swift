import APT
import Archives
import Evidence
import Primitives
import SystemPackage
import Testing

/// An image that is what it says it is passes; whatever is changed on it, or beside it, is found, and named.
@Suite struct VerificationTests {
    private let made: MadeImage

    init() async throws { made = try await MadeImage() }

    private var key: FilePath { made.folder.appending("key.asc") }

    @Test func anImageThatIsRightPasses() async throws {
        let report = try await made.report(key: key)
        #expect(report.checks.flatMap(\.findings) == [])
        #expect(report.checks.flatMap(\.unchecked) == [])
        #expect(report.signer?.fingerprint == made.signer.fingerprint && report.signer?.isGiven == true)
        #expect(report.origin?.packages == 3)
        #expect(
            Set(report.checks.map(\.subject)) == [
                "files", "signatures", "mirrors", "closure", "bills", "provenance", "beside",
            ])
        // By what lies on it, too; that proves less, and is told apart.
        let alone = try await made.report()
        #expect(alone.isGood && alone.signer?.isGiven == false)
    }

    @Test func whatLiesBesideAnImageIsFoundByALinkToIt() async throws {
        let link = try PrivateFolder()
        let latest = link.path.appending("latest")
        try Files.makeLink(at: latest, to: made.iso.string)
        let report = try await ImageVerification(of: latest, shownAs: "latest", key: key).report()
        let beside = try #require(report.checks.first { $0.subject == "beside" })
        #expect(beside.summary.contains("checksum") && report.isGood, "\(report.checks)")
        withExtendedLifetime(link) {}
    }

    /// One byte in the middle of each file of the image, one after the other.
    @Test func aChangedByteInAnyFileIsFoundAndTheFileNamed() async throws {
        for entry in try DiscVolume(made.iso).entries() where entry.kind == .file && entry.size > 0 {
            let place = entry.extents[0].lowerBound + entry.size / 2
            let named = try await made.withByte(at: place) { () async throws -> Bool in
                do {
                    return try await made.report(key: key).checks.flatMap(\.findings).contains { $0.file == entry.path }
                } catch let error as any UserError {
                    return error.description.contains(entry.path)
                }
            }
            #expect(named, "\(entry.path)")
        }
    }

    @Test func aChangedByteInNoFileIsFound() async throws {
        // The system area, before the volume begins.
        let beside = try await made.withByte(at: 100) { try await made.findings(key: key) }
        #expect(beside.contains { $0.contains("lie outside of every file: boot loader, directories") })
        try made.removeBeside()
        let alone = try await made.withByte(at: 100) { try await made.report(key: key) }
        let unchecked: [String] = alone.checks.flatMap { $0.unchecked }
        #expect(alone.isGood)
        #expect(unchecked.contains { $0.contains("outside of every file") })
    }

    @Test func anImageThatIsCutShortSaysHowMuchIsMissing() async throws {
        let bytes = try Files.read(made.iso)
        let cut = made.folder.appending("cut.iso")
        try Files.write(bytes.dropLast(12_345), to: cut)
        #expect(try await made.findings(cut).contains { $0.contains("12345 of \(bytes.count) bytes are missing") })
    }

    @Test func anotherKeyIsNamed() async throws {
        let other = try await MadeImage(name: "two", payload: "two")
        let findings = try await made.findings(key: other.folder.appending("key.asc"))
        let id = made.signer.fingerprint.suffix(16)
        #expect(
            findings == ["- all that is signed is signed by the key \(id), which is not in \(other.folder)/key.asc"])
        // One signature by another key among good ones is one that is wrong.
        try Files.write(
            Files.read(other.folder.appending("two.iso.sha256.asc")), to: made.folder.appending("one.iso.sha256.asc"))
        #expect(try await made.findings(key: key).contains { $0.hasPrefix("one.iso.sha256 is signed by another key") })
    }

    @Test(arguments: [".spdx.json", ".cdx.json", ".intoto.jsonl"])
    func evidenceOfAnotherImageIsNamed(ending: String) async throws {
        let other = try await MadeImage(name: "two", payload: "two", key: made.folder.appending("key"))
        try Files.write(Files.read(other.folder.appending("two\(ending)")), to: made.folder.appending("one\(ending)"))
        let findings = try await made.findings(key: key)
        #expect(findings.count == 1 && findings[0].hasPrefix("one\(ending) is "), "\(findings)")
        if ending == ".intoto.jsonl" { #expect(findings[0].hasSuffix("of another image: two.iso")) }
    }

    @Test func answersThatWereAddedAreNamed() async throws {
        let answers = "KLDLOAD_DISTRO=debian\n"
        let list = "\(Digest(of: answers.utf8).hex)  answers.conf\n"
        var files = ["kldload/answers/answers.conf": answers, "kldload/answers/sha256sums": list]
        let report = try await made.report(made.copy(adding: files), key: key)
        #expect(report.isGood)
        let said = try #require(report.checks.first { $0.subject == "answers" })
        #expect(said.summary.hasPrefix("were added after it was built: answers.conf;"))
        files["kldload/answers/more"] = "x"
        #expect(
            try await made.findings(made.copy(adding: files), key: key)
                == ["kldload/answers/more is not what kldload/answers/sha256sums says"])
    }

    @Test func whatIsNotAnImageOfOursIsAWrongRequest() async throws {
        try Files.write(Array("text".utf8), to: made.folder.appending("text"))
        let error = try await #require(throws: EvidenceError.self) {
            try await made.report(made.folder.appending("text"))
        }
        #expect(error.isUsageError)
    }
}

/// What is signed and still wrong is found by holding one thing against another.
@Suite struct ContradictionTests {
    private func findings(_ change: (inout [String: [UInt8]]) -> Void) async throws -> [String] {
        let made = try await MadeImage(change: change)
        return try await made.findings(key: made.folder.appending("key.asc"))
    }

    @Test func aProfileThatLacksSomethingCannotBeInstalled() async throws {
        let found = try await findings { $0["darksite/debian/profiles/core"] = Array("foo 1.0 amd64\n".utf8) }
        #expect(found == ["darksite/debian/profiles/core lacks what its packages need: libfoo 1.0 amd64"])
    }

    @Test func aProfileThatNamesWhatIsNotThereIsFound() async throws {
        let found = try await findings {
            $0["darksite/debian/profiles/core"] = Array("foo 1.0 amd64\nlibfoo 2.0 amd64\n".utf8)
        }
        #expect(found.contains { $0.contains("names libfoo 2.0 amd64, which is not in darksite/debian/apt") })
    }

    @Test func aPackageThatIsNotTheListedOneIsFound() async throws {
        let path = "darksite/debian/apt/pool/main/foo_1.0_amd64.deb"
        let found = try await findings { $0[path] = Array("other".utf8) }
        #expect(found.contains { $0.hasPrefix("\(path) is not the one that ") })
    }

    @Test func aFileThatNoIndexListsIsFound() async throws {
        let path = "darksite/debian/apt/pool/main/more.deb"
        #expect(try await findings { $0[path] = [1] } == ["\(path) lies in the mirror, and no index lists it"])
    }

    @Test(arguments: [("core", 2), ("core desktop", 0)])
    func anImageWithTheDesktopBootsALiveSystemOfItsOwn(profiles: String, strangers: Int) async throws {
        let made = try await MadeImage(liveProfile: "live-desktop") { files in
            let facts = String(decoding: files["darksite/debian/distribution"] ?? [], as: UTF8.self)
            files["darksite/debian/distribution"] = Array(
                facts.replacing("PROFILES=core", with: "PROFILES=\(profiles)").utf8)
            files["darksite/debian/profiles/desktop"] = files["darksite/debian/profiles/core"]
        }
        let found = try await made.findings(key: made.folder.appending("key.asc"))
        #expect(
            found.count { $0.contains("bar@1.0") && $0.contains("nor in the live system") } == strangers, "\(found)")
    }

    @Test(arguments: [EvidenceFile.spdx, EvidenceFile.cycloneDX])
    func aBillThatSaysSomethingElseIsFound(file: String) async throws {
        let found = try await findings { files in
            let text = String(decoding: files[file] ?? [], as: UTF8.self)
            files[file] = Array(text.replacing(MadeImage.live.digest.hex, with: Digest(of: [0]).hex).utf8)
        }
        #expect(found.contains { $0.hasPrefix("\(file) names pkg:deb/debian/bar@1.0") })
        #expect(found.contains { $0.hasPrefix("\(file) does not name pkg:deb/debian/bar@1.0") })
    }
}

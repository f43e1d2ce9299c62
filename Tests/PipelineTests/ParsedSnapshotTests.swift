import APT
import Darksites
import Locking
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Darksites
@testable import Pipeline

/// What was parsed and verified once is not parsed and verified again, and is never more than a copy of what the store has.
@Suite struct ParsedSnapshotTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
    }

    private func open(_ project: Project? = nil) async throws -> OpenDistribution {
        try await (project ?? checkout.project()).open(distribution: "debian")
    }

    private func names(_ kind: DerivedResults.Kind) throws -> [String] {
        let folder = try checkout.project().derived.folder(kind)
        return Files.exists(folder) ? try Files.list(folder) : []
    }

    private func packages(_ open: OpenDistribution) -> [String] {
        guard case .apt(let debian) = open.catalog.content else { return [] }
        let universe = DebianUniverse(debian.table)
        return universe.allCandidates.map(universe.describe)
    }

    @Test func aLockedSnapshotIsOpenedWithoutReadingItsIndexes() async throws {
        let lock = try await LockKeeper(project: checkout.project()).current()
        let first = try await open()
        #expect(try names(.parsed).contains { $0.hasSuffix(".table") })
        _ = try archive.requests()
        // Neither looked at nor fetched again; the step that makes the mirror does that.
        let project = try checkout.project()
        for index in try #require(lock["debian"]).indexes {
            let path = project.store.path(of: index.digest)
            try Files.write(Array(repeating: 0, count: Int(index.size.bytes)), to: path)
        }
        let second = try await open()
        #expect(second.catalog.snapshot.apt?.parsed != nil)
        #expect(packages(second) == packages(first))
        #expect(try archive.requests() == [])
        // Without what was parsed they are, and nothing that is damaged gets into a table.
        try Files.remove(project.derived.folder(.parsed))
        #expect(try await packages(open()) == packages(first))
        #expect(try !archive.requests().isEmpty)
    }

    @Test func resolvingGivesTheSameLockFromWhatWasParsed() async throws {
        let first = try await LockKeeper(project: checkout.project()).current()
        for damage in [nil, DerivedResults.Kind.parsed, .signed] {
            try Files.remove(checkout.lockFile)
            if let damage {
                let folder = try checkout.project().derived.folder(damage)
                for name in try Files.list(folder) { try Files.write("rubbish".utf8, to: folder.appending(name)) }
            }
            #expect(try await LockKeeper(project: checkout.project()).current() == first)
        }
    }

    /// Of a signed file and of a lock.
    private func kept() throws -> [String] { try names(.signed).sorted() }

    @Test func aSignatureCountsForTheKeysItWasVerifiedAgainst() async throws {
        _ = try await LockKeeper(project: checkout.project()).current()
        #expect(try await open().catalog.snapshot.signers == open().catalog.snapshot.signers)
        let before = try kept()
        #expect(before.count == 2)
        try checkout.edit("deploy.yaml", archive.keyring.string, archive.otherKeyring.string)
        await #expect(throws: SignatureError.self) { try await open() }
        #expect(try kept() == before)
    }

    @Test func aSignatureIsVerifiedOnce() async throws {
        let lock = try await LockKeeper(project: checkout.project()).current()
        let snapshot = try #require(lock["debian"]?.snapshots.first)
        let keyring = try Files.digest(archive.keyring).digest
        let check = SignatureCheck(kept: try checkout.project().kept)
        let signed = try #require(check.known(snapshot.digest, keyring: keyring))
        check.keep(Signed(payload: signed.payload, signers: ["Nobody"]), of: snapshot.digest, keyring: keyring)
        #expect(try await open().catalog.snapshot.signers == ["Nobody"])
        // Damaged, it is not believed.
        let name = try #require(kept().first { $0.hasPrefix(snapshot.digest.hex) })
        let file = try checkout.project().derived.folder(.signed).appending(name)
        var bytes = try Files.read(file)
        bytes[70] ^= 1
        try Files.write(bytes, to: file)
        #expect(try await open().catalog.snapshot.signers == signed.signers)
        #expect(check.known(snapshot.digest, keyring: keyring) == signed)
    }

    /// Whoever may write to a store that is shared can't make up what somebody else verified.
    @Test func whatSomebodyElseVerifiedDoesNotCount() async throws {
        let lock = try await LockKeeper(project: checkout.project()).current()
        let snapshot = try #require(lock["debian"]?.snapshots.first)
        let keyring = try Files.digest(archive.keyring).digest
        let derived = try checkout.project().derived
        let home = checkout.folder.appending("stranger")
        let before = try kept()
        let stranger = SignatureCheck(kept: KeptResults(derived: derived, home: home))
        #expect(stranger.known(snapshot.digest, keyring: keyring) == nil)
        stranger.keep(Signed(payload: [1], signers: ["Nobody"]), of: snapshot.digest, keyring: keyring)
        // The stranger's own, under the names of ours.
        let folder = derived.folder(.signed)
        let foreign = try kept().filter { !before.contains($0) }
        try #require(foreign.count == 1)
        for name in before {
            try Files.write(try Files.read(folder.appending(foreign[0])), to: folder.appending(name))
        }
        let project = try checkout.project()
        #expect(SignatureCheck(kept: project.kept).known(snapshot.digest, keyring: keyring) == nil)
        #expect(!LockKeeper(project: project).isVerified(try LockKeeper(project: project).standing()))
        #expect(try await open().catalog.snapshot.signers != ["Nobody"])
    }

    @Test func aSecretThatOthersCanReadIsNone() async throws {
        let derived = try checkout.project().derived
        for (what, mode) in [("store-secret", 0o644), (".", 0o777)] {
            let home = checkout.folder.appending("home-\(mode)")
            let first = try #require(KeptResults(derived: derived, home: home))
            first.keep([1], as: "x", in: .signed)
            #expect(first.content("x", in: .signed) == [1])
            #expect(KeptResults(derived: derived, home: home)?.content("x", in: .signed) == [1])
            try Tool.run(["chmod", String(mode, radix: 8), "\(home)/\(what)"])
            #expect(KeptResults(derived: derived, home: home)?.content("x", in: .signed) == nil)
        }
        // A result is that of its name, and of its folder.
        let home = checkout.folder.appending("home")
        let results = try #require(KeptResults(derived: derived, home: home))
        results.keep([2], as: "a", in: .signed)
        let file = try #require(try Files.list(derived.folder(.signed)).first { $0.hasPrefix("a-") })
        let folder = derived.folder(.signed)
        try Files.write(try Files.read(folder.appending(file)), to: folder.appending(file.replacing("a-", with: "b-")))
        #expect(results.content("b", in: .signed) == nil && results.content("a", in: .signed) == [2])
    }

    @Test func whatAnOlderDeployKeptInTheStoreStillCounts() async throws {
        _ = try await LockKeeper(project: checkout.project()).current()
        let cache = try checkout.project().workspace.cache
        try Tool.run(["sh", "-c", "mv \(cache)/derived/* \(cache) && rmdir \(cache)/derived"])
        let project = try checkout.project()
        #expect(LockKeeper(project: project).isVerified(try LockKeeper(project: project).standing()))
        #expect(try await open().catalog.snapshot.apt?.parsed != nil)
        #expect(try await project.holdingStore { try project.store.removeContents(holding: $0) }.isEmpty)
    }

    /// RFC 4231, test case 2.
    @Test func theKeyedDigestIsThatOfTheStandard() {
        #expect(
            Digest(authenticating: Array("what do ya want for nothing?".utf8), with: Array("Jefe".utf8)).hex
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test func garbageIsWhatTheLockDoesNotReach() async throws {
        let project = try checkout.project()
        _ = try await LockKeeper(project: project).current()
        _ = try await open()
        let (parsed, signed) = (try names(.parsed), try names(.signed))
        _ = try await project.collectGarbage()
        #expect(try names(.parsed) == parsed && names(.signed) == signed)
        try archive.moveOn()
        try await project.update([])
        #expect(try Set(names(.parsed)).isSuperset(of: parsed) && names(.parsed).count > parsed.count)
        _ = try await project.collectGarbage()
        #expect(try Set(names(.parsed)).isDisjoint(with: parsed) && Set(names(.signed)).isDisjoint(with: signed))
        #expect(try !names(.parsed).isEmpty && !names(.signed).isEmpty)
        try Files.remove(checkout.lockFile)
        _ = try await project.collectGarbage()
        #expect(try names(.parsed).isEmpty && names(.signed).isEmpty)
    }
}

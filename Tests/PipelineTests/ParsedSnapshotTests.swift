import APT
import ContentStore
import Darksites
import Primitives
import SystemPackage
import Testing

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

    private func names(_ folder: String) throws -> [String] {
        let folder = try checkout.project().store.root.appending(folder)
        return Files.exists(folder) ? try Files.list(folder) : []
    }

    private func packages(_ open: OpenDistribution) -> [String] {
        guard case .debian(let debian) = open.catalog.content else { return [] }
        let universe = DebianUniverse(debian.table)
        return universe.allCandidates.map(universe.describe)
    }

    @Test func aLockedSnapshotIsOpenedWithoutReadingItsIndexes() async throws {
        let lock = try await LockKeeper(project: checkout.project()).current()
        let first = try await open()
        #expect(try names("parsed").contains { $0.hasSuffix(".table") })
        _ = try archive.requests()
        // Neither looked at nor fetched again; the step that makes the mirror does that.
        let project = try checkout.project()
        for index in try #require(lock["debian"]).indexes {
            let path = project.store.path(of: index.digest)
            try Files.write(Array(repeating: 0, count: Int(index.size.bytes)), to: path)
        }
        let second = try await open()
        #expect(second.catalog.snapshot.parsed != nil)
        #expect(packages(second) == packages(first))
        #expect(try archive.requests() == [])
        // Without what was parsed they are, and nothing that is damaged gets into a table.
        try Files.remove(project.store.root.appending("parsed"))
        #expect(try await packages(open()) == packages(first))
        #expect(try !archive.requests().isEmpty)
    }

    @Test func resolvingGivesTheSameLockFromWhatWasParsed() async throws {
        let first = try await LockKeeper(project: checkout.project()).current()
        for damage in [nil, "parsed", "signed"] {
            try Files.remove(checkout.lockFile)
            if let damage {
                let folder = try checkout.project().store.root.appending(damage)
                for name in try Files.list(folder) { try Files.write("rubbish".utf8, to: folder.appending(name)) }
            }
            #expect(try await LockKeeper(project: checkout.project()).current() == first)
        }
    }

    @Test func aSignatureCountsForTheKeysItWasVerifiedAgainst() async throws {
        _ = try await LockKeeper(project: checkout.project()).current()
        #expect(try await open().catalog.snapshot.signers == open().catalog.snapshot.signers)
        #expect(try names("signed").count == 1)
        try checkout.edit("deploy.yaml", archive.keyring.string, archive.otherKeyring.string)
        await #expect(throws: SignatureError.self) { try await open() }
        #expect(try names("signed").count == 1)
    }

    @Test func aSignatureIsVerifiedOnce() async throws {
        let lock = try await LockKeeper(project: checkout.project()).current()
        let snapshot = try #require(lock["debian"]?.snapshots.first)
        let keyring = try Files.digest(archive.keyring).digest
        let kept = ParsedSnapshots(store: try checkout.project().store)
        let signed = try #require(kept.signed(snapshot.digest, keyring: keyring))
        kept.keep(
            ParsedSnapshots.Signed(payload: signed.payload, signers: ["Nobody"]), of: snapshot.digest, keyring: keyring)
        #expect(try await open().catalog.snapshot.signers == ["Nobody"])
        // Damaged, it is not believed.
        let file = try checkout.project().store.root.appending("signed").appending(try #require(names("signed").first))
        var bytes = try Files.read(file)
        bytes[70] ^= 1
        try Files.write(bytes, to: file)
        #expect(try await open().catalog.snapshot.signers == signed.signers)
        #expect(kept.signed(snapshot.digest, keyring: keyring) == signed)
    }

    @Test func garbageIsWhatTheLockDoesNotReach() async throws {
        let project = try checkout.project()
        _ = try await LockKeeper(project: project).current()
        _ = try await open()
        let (parsed, signed) = (try names("parsed"), try names("signed"))
        _ = try await project.collectGarbage()
        #expect(try names("parsed") == parsed && names("signed") == signed)
        try archive.moveOn()
        try await project.update([])
        #expect(try Set(names("parsed")).isSuperset(of: parsed) && names("parsed").count > parsed.count)
        _ = try await project.collectGarbage()
        #expect(try Set(names("parsed")).isDisjoint(with: parsed) && Set(names("signed")).isDisjoint(with: signed))
        #expect(try !names("parsed").isEmpty && !names("signed").isEmpty)
        try Files.remove(checkout.lockFile)
        _ = try await project.collectGarbage()
        #expect(try names("parsed").isEmpty && names("signed").isEmpty)
    }
}

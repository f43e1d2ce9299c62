import APT
import Darksites
import Declaration
import Locking
import Primitives
import SystemPackage
import Testing
import Transfer

@testable import ContentStore
@testable import Pipeline

/// What a mirror can do wrong: each has its own error, nothing of it stays, and it heals with the mirror.
@Suite struct BadMirrorTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout
    private let store: ContentStore

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
        store = try ContentStore(root: checkout.folder.appending("store"))
    }

    private var source: APTRepositorySource {
        APTRepositorySource(name: "made", suites: ["trixie"], components: ["main"], trust: .keyring(archive.keyring))
    }

    private func addresses(_ list: [String]? = nil) -> RepositoryAddresses {
        RepositoryAddresses(["made": list ?? [archive.url]])
    }

    private func snapshot(_ mirrors: [String]? = nil, allowExpired: Set<String> = []) async throws -> Snapshot {
        try await SnapshotFetch(
            [source], architectures: ["amd64"],
            access: ArchiveAccess(
                store: store, derived: DerivedResults(root: checkout.folder.appending("derived")),
                addresses: addresses(mirrors), downloader: .impatient, now: MadeCheckout.now,
                allowances: Allowances(expired: allowExpired))
        ).latest()
    }

    private func failure(_ body: () async throws -> Void, sourceLocation: Testing.SourceLocation = #_sourceLocation)
        async throws -> String
    {
        do {
            try await body()
        } catch let error as any UserError {
            return error.description
        }
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
        return ""
    }

    @Test(arguments: [
        ("unknown-key", "which is not in"), ("tampered", "the signature is bad"), ("expired", "expired 207 days ago"),
        ("wrong-suite", "is about unstable / sid, not about trixie"),
    ])
    func aReleaseThatIsNotWhatItShouldBe(variant: String, words: String) async throws {
        try archive.release(variant)
        let error = try await failure { _ = try await snapshot() }
        #expect(error.contains("made trixie"))
        #expect(error.contains(words), "\(error)")
        #expect(try store.audit().blobs.isEmpty)
        #expect(try Files.list(store.workArea.ingest).isEmpty)

        try archive.isWell()
        #expect(try await snapshot().signers == ["Made Archive <nobody@example.org>"])
    }

    @Test func anExpiredReleaseIsTakenWhereItIsAllowed() async throws {
        try archive.release("expired")
        #expect(try await snapshot(allowExpired: ["made/trixie"]).snapshots.count == 1)
        _ = try await failure { _ = try await snapshot(allowExpired: ["other/trixie"]) }
    }

    private static let behaviours = [
        ("404", "HTTP status 404 (not found)"), ("500", "HTTP status 500 (internal server error)"),
        ("half", "the connection ended after"), ("never", "connected, but no answer for 2 s"),
        ("wrong", "wrong digest"),
    ]

    @Test(arguments: behaviours.dropLast() + [("wrong", "made trixie is not signed as it should be")])
    func anInReleaseThatDoesNotArrive(behaviour: String, words: String) async throws {
        try archive.misbehave((behaviour, "dists/trixie/InRelease"))
        let error = try await failure { _ = try await snapshot() }
        #expect(error.contains("made trixie"))
        if behaviour == "404" {
            // An archive without InRelease has a Release file and its signature apart: those were asked for too.
            #expect(error.contains("dists/trixie/Release: \(words)"), "\(error)")
        } else {
            #expect(error.contains(words), "\(error)")
        }
        #expect(try store.audit().blobs.isEmpty)

        try archive.isWell()
        #expect(try await snapshot().indexes.count == 1)
    }

    @Test(arguments: behaviours)
    func anIndexThatDoesNotArrive(behaviour: String, words: String) async throws {
        try archive.misbehave((behaviour, "*/Packages.xz"), (behaviour, "*/by-hash/*"))
        let error = try await failure { _ = try await snapshot() }
        #expect(error.contains("cannot download made dists/trixie/main/binary-amd64/Packages.xz\n"), "\(error)")
        #expect(error.contains("Packages.xz: \(words)"), "\(error)")
        #expect(error.contains("/by-hash/SHA256/"))
        #expect(try store.audit().damaged == [])
        #expect(try store.audit().blobs.count == 1, "the signed release alone")

        try archive.isWell()
        let well = try await snapshot()
        #expect(store.isIntact(well.indexes[0].digest))
    }

    @Test func anIndexThatIsDamagedUnderItsHashIsTakenByItsName() async throws {
        try archive.misbehave(("wrong", "*/by-hash/*"))
        #expect(try await snapshot().indexes.count == 1)
    }

    @Test(arguments: behaviours)
    func aPackageThatDoesNotArrive(behaviour: String, words: String) async throws {
        let keeper = try LockKeeper(project: checkout.project())
        let files = try #require(try await keeper.current()["debian"]).packages(of: "core").map(ArchiveFile.init)
        try archive.misbehave((behaviour, "*/curl_8.1-1_amd64.deb"))
        let fetch = PackageFetch(addresses: addresses(), downloader: .impatient)
        let error = try await failure { try await fetch.fetch(files, into: store) }
        #expect(error.contains("cannot download 1 of \(files.count) files"), "\(error)")
        #expect(error.contains("\(archive.url)/pool/main/c/curl/curl_8.1-1_amd64.deb: \(words)"), "\(error)")
        #expect(error.contains("deploy update") == (behaviour == "404"), "\(error)")
        let after = try store.audit()
        #expect(after.damaged == [])
        #expect(after.blobs.count == files.count - 1)

        try archive.isWell()
        _ = try archive.requests()
        #expect(try await fetch.fetch(files, into: store).files == 1)
        #expect(try archive.requests() == ["pool/main/c/curl/curl_8.1-1_amd64.deb"])
        #expect(try store.audit().damaged == [])
    }

    @Test(arguments: ["404", "500", "half", "wrong", "never"])
    func theSecondMirrorHasWhatTheFirstHasNot(behaviour: String) async throws {
        let other = try MadeArchive()
        try archive.misbehave((behaviour, "*"))
        // The same bytes under another name: both were made once.
        let both = [archive.url, other.url]
        #expect(try await snapshot(both).indexes.count == 1)
        let keeper = try LockKeeper(project: checkout.project(mirrors: other.url))
        let files = try #require(try await keeper.current()["debian"]).packages(of: "core").map(ArchiveFile.init)
        let fetched = try await PackageFetch(addresses: addresses(both), downloader: .impatient).fetch(
            files, into: store)
        #expect(fetched.files == files.count)
        #expect(try store.audit().damaged == [])
    }

    @Test func aDeadMirrorIsNoObstacle() async throws {
        #expect(try await snapshot(["http://127.0.0.1:9/made", archive.url]).indexes.count == 1)
        let error = try await failure { _ = try await snapshot(["http://127.0.0.1:9/made"]) }
        #expect(error.contains("no server could be reached"))
        #expect(error.contains("check the network"))
    }

    @Test(arguments: ["file://", ""])
    func aFolderIsAMirror(prefix: String) async throws {
        #expect(try await snapshot(["\(prefix)\(archive.folder)"]).indexes.count == 1)
        #expect(try archive.requests().isEmpty)
    }

    @Test func aDamagedBlobIsFetchedAnew() async throws {
        let first = try await snapshot()
        let path = store.path(of: first.indexes[0].digest)
        try Tool.run(["bash", "-c", "chmod u+w \(path) && truncate -s 100 \(path)"])
        // Another process, which has hashed nothing yet.
        let store = try ContentStore(root: store.root)
        let fetch = PackageFetch(addresses: addresses(), downloader: .impatient)
        #expect(try await fetch.fetch([ArchiveFile(first.indexes[0], byHash: true)], into: store).files == 1)
        #expect(try store.audit().damaged == [])
    }
}

import APT
import Darksites
import Declaration
import Locking
import Packages
import Primitives
import RPM
import Solver
import SystemPackage
import Testing
import Transfer

@testable import ContentStore
@testable import Pipeline

/// From RPM repositories to what is locked of them, and what these can do wrong.
@Suite struct RPMSnapshotTests {
    typealias Package = MadeRPMRepository.Package

    private let repository: MadeRPMRepository
    private let home: MadeRPMRepository
    private let store: ContentStore
    private let derived: DerivedResults
    private let kept: KeptResults?

    private static let app = [Package(name: "app", requires: ["lib"]), Package(name: "lib")]
    private static let withFiles = [
        Package(name: "app", requires: ["/usr/share/data"]),
        Package(name: "lib", files: ["/usr/share/data", "/usr/x"]),
    ]

    init() async throws {
        repository = try MadeRPMRepository()
        home = try MadeRPMRepository()
        store = try ContentStore(root: home.folder.appending("store"))
        derived = DerivedResults(root: home.folder.appending("derived"))
        kept = KeptResults(derived: derived, home: home.folder.appending("key"))
        try await repository.write(Self.app)
    }

    private func fetch(
        _ mirrors: [MadeRPMRepository]? = nil, _ trust: Declaration.RPMRepository.Trust = .unsigned
    ) -> SnapshotFetch {
        fetch(RepositoryAddresses(["made": (mirrors ?? [repository]).map(\.url)]), trust)
    }

    private func fetch(
        _ addresses: RepositoryAddresses, _ trust: Declaration.RPMRepository.Trust = .unsigned
    ) -> SnapshotFetch {
        SnapshotFetch(
            [RPMRepositorySource(name: "made", trust: trust)], architecture: "x86_64",
            access: ArchiveAccess(
                store: store, derived: derived, addresses: addresses, downloader: .impatient, now: MadeCheckout.now,
                kept: kept))
    }

    private func metalink(_ url: String, _ explicit: [String] = []) -> RepositoryAddresses {
        RepositoryAddresses(["made": explicit], lists: ["made": MirrorListSource(url: url, kind: .metalink)])
    }

    private func latest(_ trust: Declaration.RPMRepository.Trust = .unsigned) async throws -> Snapshot {
        try await fetch(nil, trust).latest()
    }

    private func locked(_ snapshot: Snapshot) -> LockedDistribution {
        LockedDistribution(
            name: "centos", family: .rpm, architecture: "x86_64", asked: nil, snapshots: snapshot.snapshots,
            indexes: snapshot.indexes, packages: [])
    }

    private func packages(_ snapshot: Snapshot) throws -> [String] {
        let table = try #require(snapshot.rpm).table
        return (0..<Int32(table.packageCount)).map { table.nevra(of: PackageID($0)) }
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

    private func key(_ name: String) async throws -> SigningKey {
        try await SigningKey(home: home.folder.appending(name))
    }

    private func file(of key: SigningKey) -> FilePath { key.home.appending("public.asc") }

    // MARK: What is as it should be

    @Test func whatIsSignedIsLockedAndReadAgainWithoutTheMirror() async throws {
        let key = try await key("key")
        try await repository.write(Self.app, signer: key)
        let snapshot = try await latest(.keys([file(of: key)]))
        #expect(try packages(snapshot) == ["app-1-1.noarch", "lib-1-1.noarch"])
        #expect(snapshot.signers == ["kldload build host"])
        let state = try #require(snapshot.snapshots.first)
        #expect(state.suite == nil)
        #expect(state.date == LockDate(secondsSince1970: 1_767_000_000))
        #expect(snapshot.indexes.map(\.component) == ["primary", "group", "modules"])
        #expect(snapshot.indexes.map(\.path) == ["primary.xml", "comps.xml", "modules.yaml"].map { "repodata/\($0)" })
        #expect(snapshot.rpm?.generations == [0])
        let stored = try store.bytes(of: state.digest)
        #expect(stored.count == Int(state.size.bytes) && stored.contains(0))

        try Files.remove(repository.folder)
        let again = try await fetch(nil, .keys([file(of: key)])).locked(locked(snapshot))
        #expect(again.snapshots == snapshot.snapshots && again.indexes == snapshot.indexes)
        #expect(try packages(again) == packages(snapshot))
        #expect(again.rpm?.groups == snapshot.rpm?.groups && again.rpm?.groups.members(of: "all")?.count == 2)
        #expect(again.rpm?.modules.defaults.map(\.stream) == ["18"])
        #expect(again.signers == snapshot.signers)
    }

    @Test func whatWasReadIsMadeAgainWhereItIsDamagedAndRemovedWithItsIndexes() async throws {
        let snapshot = try await latest()
        let parsed = derived.folder(.parsed)
        func files() throws -> [FilePath] { try Files.list(parsed).map { parsed.appending($0) } }
        let file = try #require(try files().first)
        #expect(try files().count == 1 && file.extension == "rpms")
        let bytes = try Files.read(file)
        for damaged in [Array(bytes.dropLast(9)), bytes.dropLast() + [bytes.last.map { $0 ^ 1 } ?? 0], []] {
            try Files.write(damaged, to: file)
            let again = try await fetch().locked(locked(snapshot))
            #expect(try packages(again) == packages(snapshot))
            #expect(try Files.read(file) == bytes)
        }
        // What was kept counts: nothing of the index is looked at.
        try Files.remove(store.path(of: snapshot.indexes[0].digest))
        try Files.write(
            Array(repeating: 0, count: Int(snapshot.indexes[0].size.bytes)),
            to: store.path(of: snapshot.indexes[0].digest))
        #expect(
            try await packages(fetch().locked(locked(snapshot))).count == 2)

        let kept = Set(snapshot.indexes.map(\.digest))
        #expect(try ParsedSnapshots.files(of: derived, but: kept).isEmpty)
        #expect(try files().count == 1)
        let fewer = kept.subtracting([snapshot.indexes[1].digest])
        #expect(try ParsedSnapshots.files(of: derived, but: fewer) == files())
    }

    @Test func fileListsAreReadOnlyWhereAFileAsksForThem() async throws {
        try await repository.write(Self.withFiles)
        let snapshot = try await latest()
        #expect(snapshot.indexes.map(\.component) == ["primary", "group", "modules", "filelists"])
        let table = try #require(snapshot.rpm).table
        #expect(table.isProvided("/usr/share/data") && !table.isProvided("/usr/x"))
        // The same from what was kept, today's and the locked one; and with a lock of before any file was asked for.
        #expect(try await latest().indexes == snapshot.indexes)
        let again = try await fetch().locked(locked(snapshot))
        #expect(again.indexes == snapshot.indexes)
        #expect(again.rpm?.table.isProvided("/usr/share/data") == true)
        let bare = LockedDistribution(
            name: "centos", family: .rpm, architecture: "x86_64", asked: nil, snapshots: snapshot.snapshots,
            indexes: snapshot.indexes.filter { $0.component != "filelists" }, packages: [])
        let without = try await fetch().locked(bare)
        #expect(locked(without) == locked(snapshot))
        #expect(without.rpm?.table.isProvided("/usr/share/data") == true)
    }

    @Test(arguments: ["sha512", "sha384"])
    func anIndexOfAnotherDigestIsLockedByItsSHA256(kind: String) async throws {
        var form = MadeRPMRepository.Form()
        form.kind = kind
        form.hasSizes = kind == "sha512"
        try await repository.write(Self.app, form: form)
        let bad = try MadeRPMRepository(copying: repository)
        let path = bad.folder.pushing("repodata/primary.xml")
        let bytes = try Files.read(path)
        try Files.write(bytes.dropLast() + [UInt8(ascii: " ")], to: path)

        let snapshot = try await fetch([bad, repository]).latest()
        #expect(snapshot.indexes[0].digest == Digest(of: bytes))
        #expect(snapshot.indexes[0].size == ByteCount(bytes.count))
        let error = try await failure { _ = try await fetch([bad]).latest() }
        #expect(
            error.contains("made repodata/primary.xml is not what repomd.xml says of it (wrong \(kind))"), "\(error)")

        try Files.remove(repository.folder)
        let again = try await fetch().locked(locked(snapshot))
        #expect(again.indexes == snapshot.indexes)
    }

    // MARK: What is not

    @Test func aDigestThatVouchesForNothingIsAnError() async throws {
        var form = MadeRPMRepository.Form()
        form.kind = "sha1"
        try await repository.write(Self.app, form: form)
        let error = try await failure { _ = try await latest() }
        #expect(error.contains("it has no digest of a kind that is trusted"), "\(error)")
        #expect(try store.audit().blobs.isEmpty)
    }

    @Test func aSignatureByAnotherKeyIsNotTaken() async throws {
        let (key, other) = (try await key("key"), try await key("other"))
        try await repository.write(Self.app, signer: other)
        let error = try await failure { _ = try await latest(.keys([file(of: key)])) }
        #expect(error.contains("made is signed by") && error.contains("which is not in"), "\(error)")
        #expect(try store.audit().blobs.isEmpty)
        // One of several keys is enough.
        #expect(try await latest(.keys([file(of: key), file(of: other)])).snapshots.count == 1)

        try await repository.write(Self.app)
        let unsigned = try await failure { _ = try await latest(.keys([file(of: key)])) }
        #expect(unsigned.contains("repomd.xml.asc"), "\(unsigned)")
    }

    @Test(arguments: [("digest", "wrong digest"), ("size", "expected 10")])
    func anIndexThatIsNotWhatRepomdSays(lie: String, words: String) async throws {
        var form = MadeRPMRepository.Form()
        form.lie = lie == "digest" ? (Digest(of: [UInt8]()).hex, nil) : (nil, 10)
        try await repository.write(Self.app, form: form)
        let error = try await failure { _ = try await latest() }
        #expect(error.contains("made repodata/primary.xml"), "\(error)")
        #expect(error.contains(words), "\(error)")
        #expect(try store.audit().blobs.count <= 3, "no primary index")
    }

    @Test func aPathThatLeadsOutIsNotFollowed() async throws {
        var form = MadeRPMRepository.Form()
        form.location = "repodata/../../primary.xml"
        try await repository.write(Self.app, form: form)
        let error = try await failure { _ = try await latest() }
        #expect(error.contains("is no path that a repository can have"), "\(error)")
        #expect(try store.audit().blobs.isEmpty)
    }

    // MARK: Lists of mirrors

    @Test func aMirrorThatTheMetalinkDoesNotKnowIsPassedOver() async throws {
        let late = try MadeRPMRepository(copying: repository)
        let other = try MadeRPMRepository()
        try await other.write(Self.app + [Package(name: "evil")])
        try await repository.write(Self.app + [Package(name: "new")], time: 1_767_100_000)
        let url = try home.metalink(of: [repository], mirrors: [other, late, repository], kind: "sha512")
        let snapshot = try await fetch(metalink(url), .metalink).latest()
        #expect(try packages(snapshot).contains("new-1-1.noarch"))
        #expect(snapshot.remarks.count == 2)
        #expect(snapshot.remarks[0].contains("\(other.url)/repodata/repomd.xml was passed over"), "\(snapshot.remarks)")

        let wrong = try home.metalink(of: [repository], mirrors: [other])
        let error = try await failure {
            _ = try await fetch(metalink(wrong), .metalink).latest()
        }
        #expect(error.contains("made: its repomd.xml is none of those that the metalink knows"), "\(error)")
    }

    @Test func whereAllMirrorsAreLateAnOlderStateIsGoodEnough() async throws {
        let late = try MadeRPMRepository(copying: repository)
        try await repository.write(Self.app + [Package(name: "new")], time: 1_767_100_000)
        let url = try home.metalink(of: [repository, late], mirrors: [late])
        let snapshot = try await fetch(metalink(url), .metalink).latest()
        #expect(try packages(snapshot).count == 2)
        #expect(snapshot.remarks == ["made: no mirror has the newest state that the metalink knows"])
        let both = try home.metalink(of: [repository, late], mirrors: [late, repository])
        let newest = try await fetch(metalink(both), .metalink).latest()
        #expect(try packages(newest).count == 3)
        #expect(newest.remarks.count == 1 && newest.remarks[0].contains("knows a newer repomd.xml"))
    }

    @Test func keysAndMetalinkBothCount() async throws {
        let key = try await key("key")
        try await repository.write(Self.app, signer: key)
        let old = try MadeRPMRepository(copying: repository)
        try await repository.write(Self.app, time: 1_767_100_000, signer: key)
        let url = try home.metalink(of: [repository], mirrors: [old, repository])
        let keys = Declaration.RPMRepository.Trust.keys([file(of: key)])
        let snapshot = try await fetch(metalink(url), keys).latest()
        #expect(snapshot.remarks.count == 1)
        #expect(snapshot.snapshots[0].date == LockDate(secondsSince1970: 1_767_100_000))
    }

    @Test func aMetalinkVouchesOnlyWhereNobodyCanHaveMadeItUp() async throws {
        let error = try await failure {
            _ = try await fetch(metalink("http://mirrors.example.org/metalink"), .metalink).latest()
        }
        #expect(error.contains("did not come over https"), "\(error)")
        let none = try await failure { _ = try await latest(.metalink) }
        #expect(none.contains("made: its metalink vouches for it, and there is none"), "\(none)")
    }

    @Test func namedMirrorsAreVouchedForByTheMetalink() async throws {
        let own = try MadeRPMRepository(copying: repository)
        let url = try home.metalink(of: [repository], mirrors: [repository])
        try Files.remove(repository.folder)
        let addresses = metalink(url, [own.url])
        #expect(try await fetch(addresses, .metalink).latest().snapshots.count == 1)
        try await own.write(Self.app + [Package(name: "evil")])
        let error = try await failure {
            _ = try await fetch(addresses, .metalink).latest()
        }
        #expect(error.contains("none of those that the metalink knows"), "\(error)")
    }

    @Test func theListOfLastTimeCountsWhereThereIsNone() async throws {
        let list = home.folder.appending("list")
        try Files.write("# mirrors\nfile:///nowhere\n\(repository.url)/\n".utf8, to: list)
        let addresses = RepositoryAddresses(
            [:], lists: ["made": MirrorListSource(url: "file://\(list)", kind: .list)], kept: kept)
        #expect(try await fetch(addresses).latest().remarks.isEmpty)
        try Files.remove(list)
        let again = try await fetch(addresses).latest()
        #expect(
            again.remarks.count == 1 && again.remarks[0].hasPrefix("made: the list of mirrors is the one of last time"))

        // Packages are found so, too, and only a list of this address counts.
        let bytes = Array("package".utf8)
        try Files.write(bytes, to: repository.folder.appending("a.rpm"))
        let file = ArchiveFile(
            repository: "made", path: "a.rpm", digest: Digest(of: bytes), size: ByteCount(bytes.count))
        #expect(
            try await PackageFetch(addresses: addresses, downloader: .impatient).fetch([file], into: store).files == 1)
        let moved = RepositoryAddresses([:], lists: ["made": MirrorListSource(url: "file://\(list)2", kind: .list)])
        // What is in the store is not asked for, and neither is the list.
        #expect(try await PackageFetch(addresses: moved, downloader: .impatient).fetch([file], into: store).files == 0)
        let error = try await failure { _ = try await fetch(moved).latest() }
        #expect(error.contains("cannot download made mirrorlist"), "\(error)")
    }

    // MARK: What is locked

    @Test func aRepositoryThatMovedOnIsGone() async throws {
        let snapshot = try await latest()
        try await repository.write(Self.app + [Package(name: "new")], time: 1_767_100_000)
        #expect(
            try await fetch().locked(locked(snapshot)).snapshots
                == snapshot.snapshots)
        let digest = try #require(snapshot.snapshots.first).digest
        store.remove(digest)
        let error = try await failure {
            _ = try await fetch().locked(locked(snapshot))
        }
        #expect(error.contains("made: the snapshot of 2025-12-29T09:20:00Z in deploy.lock is gone"), "\(error)")
        #expect(error.contains("it has another state of the repository"), "\(error)")
    }

    @Test func todaysStateIsAddedToTheLockedOne() async throws {
        let first = try await latest()
        // The same packages with a new date: nothing is there twice.
        try await repository.write(Self.app, time: 1_767_000_001)
        let same = try await fetch().locked(locked(first), adding: true)
        #expect(same.snapshots.count == 2 && same.indexes == first.indexes)
        #expect(try packages(same).count == 2)

        try await repository.write([Package(name: "app", version: "2"), Package(name: "lib")], time: 1_767_100_000)
        let both = try await fetch().locked(locked(first), adding: true)
        #expect(both.rpm?.generations == [0, 1] && both.rpm?.table.repositories == ["made", "made"])
        #expect(
            try packages(both) == ["app-1-1.noarch", "lib-1-1.noarch", "app-2-1.noarch", "lib-1-1.noarch"])
        #expect(both.indexes.map(\.component) == ["primary", "group", "modules", "primary"])
        #expect(both.snapshots.map(\.date.secondsSince1970) == [1_767_000_000, 1_767_100_000])
        // As it is locked then, without the mirror, whose files have the names of the older ones.
        let old = try MadeRPMRepository(copying: repository)
        try Files.remove(repository.folder)
        let again = try await fetch().locked(locked(both))
        #expect(try packages(again) == packages(both))
        #expect(again.states.mapValues(\.generation) == both.states.mapValues(\.generation))

        let error = try await failure {
            try await old.write(Self.app, time: 1_766_000_000)
            _ = try await fetch([old]).locked(locked(both), adding: true)
        }
        #expect(
            error.contains("made: the mirror's state of 2025-12-17T19:33:20Z is older than the locked one"), "\(error)")
    }
}

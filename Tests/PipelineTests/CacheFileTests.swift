import Archives
import BuildGraph
import Darksites
import Locking
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Pipeline

/// A store that is carried as one file to a place without network: what a lock needs comes in, nothing else does, and a build there asks
/// nobody.
@Suite(.timeLimit(.minutes(10))) struct CacheFileTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout
    /// Where there is no network.
    private let elsewhere: MadeCheckout
    private let folder: PrivateFolder

    init() async throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
        elsewhere = try MadeCheckout(archive)
        folder = try PrivateFolder()
        try await checkout.build()
    }

    private func export(_ name: String = "cache", withResults: Bool = false) async throws -> FilePath {
        let path = folder.path.appending(name)
        _ = try await checkout.project().exportCache(to: .file(path), withResults: withResults)
        return path
    }

    /// The project of the other place, which can reach no mirror.
    private func away(offline: Bool = true) throws -> Project {
        let project = try elsewhere.project(mirrors: "http://127.0.0.1:9/nowhere")
        return offline ? project.offline() : project
    }

    /// What `body` throws.
    private func failure<T>(_ body: () async throws -> T) async -> (any UserError)? {
        do { _ = try await body() } catch { return error as? any UserError }
        return nil
    }

    @Test func aBuildElsewhereNeedsNoNetwork() async throws {
        let imported = try await away().importCache(from: try await export(), withResults: false)
        #expect(imported.lock == .written && imported.blobs > 0 && imported.known == 0 && imported.runs == nil)
        #expect(try Files.read(elsewhere.lockFile) == Files.read(checkout.lockFile))
        let report = try await elsewhere.build(project: try away())
        let original = try await checkout.build()
        for name: StepName in ["debian/indexes", "debian/packages", "debian/mirror", "live/packages"] {
            #expect(report.records[name]?.outputs == original.records[name]?.outputs, "\(name)")
        }
        #expect(try elsewhere.project().store.audit().damaged.isEmpty)
    }

    @Test func theFileHasJustWhatTheImageIsMadeOf() async throws {
        _ = try await checkout.project().store.insert(Array("garbage".utf8))
        _ = try await away().importCache(from: try await export(), withResults: false)
        let lock = try #require(try LockKeeper(project: elsewhere.project()).existing()?["debian"])
        let locked = Set(
            (lock.snapshots.map(\.digest) + lock.indexes.map(\.digest) + lock.packages.map(\.digest)).map(\.hex))
        let blobs = try elsewhere.project().store.audit().blobs
        #expect(blobs.isSubset(of: locked))
        #expect(blobs.isSuperset(of: (lock.snapshots.map(\.digest) + lock.indexes.map(\.digest)).map(\.hex)))
    }

    @Test func theSameLockGivesTheSameBytes() async throws {
        let once = try Files.read(try await export("once", withResults: true))
        #expect(try Files.read(try await export("again", withResults: true)) == once)
    }

    @Test func whatIsThereIsPassedOver() async throws {
        let file = try await export()
        let first = try await away().importCache(from: file, withResults: false)
        let second = try await away().importCache(from: file, withResults: false)
        #expect(second.blobs == 0 && second.known == first.blobs && second.lock == .same)
        try elsewhere.set("core", "bash", "zsh")
        try Files.write("# another\n".utf8, to: elsewhere.lockFile)
        #expect(try await away().importCache(from: file, withResults: false).lock == .other)
        #expect(try Files.readText(elsewhere.lockFile) == "# another\n")
    }

    @Test func withResultsOnlyTheImageIsMadeAgain() async throws {
        let file = try await export(withResults: true)
        // Nobody who made the file is believed unasked.
        let without = try await away().importCache(from: file, withResults: false)
        #expect(without.runs == nil && without.runsInFile > 5)
        let with = try await away().importCache(from: file, withResults: true)
        #expect(with.runs == with.runsInFile)
        #expect(try await elsewhere.build(project: try away()).ran == ["iso/image"])
    }

    @Test func aCutFileBringsNothingWrongAndTheWholeOneGoesOn() async throws {
        let whole = try Files.read(try await export())
        for share in [0.3, 0.6, 0.99] {
            let cut = folder.path.appending("cut")
            try Files.write(whole.prefix(Int(Double(whole.count) * share)), to: cut)
            let error = await failure {
                try await self.away().importCache(from: cut, withResults: false)
            }
            let text = "\(try #require(error))"
            #expect(text.contains("is cut off: it ends after \(Int(Double(whole.count) * share)) bytes"), "\(text)")
            #expect(text.contains("in the store, each as its digest says"), "\(text)")
            #expect(!Files.exists(elsewhere.lockFile))
            let audit = try elsewhere.project().store.audit()
            #expect(audit.damaged.isEmpty)
        }
        let imported = try await away().importCache(from: folder.path.appending("cache"), withResults: false)
        #expect(imported.known > 0)
        try await elsewhere.build("debian/mirror", project: try away())
    }

    @Test func otherBytesUnderADigestAreRefused() async throws {
        let blob = Blob(of: Array("good".utf8))
        var list = CacheFile(lock: Digest(of: try Files.read(checkout.lockFile)))
        list.blobs = [blob]
        func write(_ name: String, _ members: [(String, [UInt8])]) throws -> FilePath {
            let path = folder.path.appending(name)
            let descriptor = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
            _ = try descriptor.closeAfter {
                try PackedTarWriter.write(to: descriptor, name: name) { archive in
                    for (name, bytes) in members { try archive.add(bytes, as: name) }
                }
            }
            return path
        }
        let lock = ("deploy.lock", try Files.read(checkout.lockFile))
        let head = (CacheFile.listName, Array(list.text.utf8))
        let name = CacheFile.name(of: blob)
        for (members, reason) in [
            ([head, lock, (name, Array("evil".utf8))], "has other bytes than its name and the list say"),
            ([head, lock, (name, Array("longer".utf8))], "has other bytes than its name and the list say"),
            ([head, lock, ("etc/passwd", Array("good".utf8))], "there is etc/passwd, where its list has \(name)"),
            ([head, lock], "it ends before \(name)"),
            ([head, ("deploy.lock", Array("x".utf8))], "deploy.lock has other bytes"),
            ([("etc/passwd", Array("x".utf8))], "its first member is etc/passwd"),
            ([(CacheFile.listName, Array("kldload cache 2\n".utf8))], "not of the version"),
            ([], "it ends before kldload-cache"),
        ] {
            let path = try write("made", members)
            let error = await failure {
                try await self.away().importCache(from: path, withResults: false)
            }
            #expect(error?.what.contains(reason) == true, "\(reason): \(error?.what ?? "")")
        }
        #expect(try elsewhere.project().store.audit().blobs.isEmpty)
        _ = try await away().importCache(
            from: try write("good", [head, lock, (name, Array("good".utf8))]), withResults: false)
        #expect(try elsewhere.project().store.audit().blobs == [blob.digest.hex])
    }

    @Test func whatTheStoreLacksIsNamedBeforeAFileIsWritten() async throws {
        let project = try checkout.project()
        let lock = try #require(try LockKeeper(project: project).existing()?["debian"])
        let package = try #require(lock.packages.first { $0.name == "bash" })
        try Files.remove(project.store.path(of: package.digest))
        let path = folder.path.appending("cache")
        let error = await #expect(throws: NotInStore.self) {
            try await project.exportCache(to: .file(path), withResults: false)
        }
        #expect(error?.details == ["bash 5.2-1 amd64, \(package.size)"])
        #expect(!Files.exists(path))
        // Offline it is told before anything runs, and all of it.
        let away = try checkout.project(mirrors: "http://127.0.0.1:9/nowhere").offline()
        let plan = try await away.currentPlan(writesLock: false)
        // The image itself is on record, and needs nothing of it.
        let wanted: Set = [BuildPlan.image]
        let standing = try await checkout.engine(away).standing(of: wanted, in: plan.graph)
        try await away.refuseFetching(standing, wanted: wanted, rebuildsAll: false)
        let refusal = await #expect(throws: NotInStore.self) {
            try await away.refuseFetching(standing, wanted: wanted, rebuildsAll: true)
        }
        #expect(refusal?.what == "1 file, \(package.size), is not in the store, and --offline fetches nothing")
    }

    @Test func offlineNoStateOfTodayIsTaken() async throws {
        for mirrors in [nil, "http://127.0.0.1:9/nowhere"] {
            let project = try elsewhere.project(mirrors: mirrors).offline()
            let error = await #expect(throws: NotLockedOffline.self) {
                try await project.currentPlan(writesLock: true)
            }
            #expect(error?.what == "there is no deploy.lock, and --offline takes no archive's state of today")
        }
        try Tool.run(["cp", checkout.lockFile.string, elsewhere.lockFile.string])
        let error = await #expect(throws: NotInStore.self) { try await self.away().currentPlan(writesLock: true) }
        #expect(
            error?.details.contains { $0.contains(", its signed state, ") } == true,
            "\(error?.details ?? [])")
    }

    /// Whatever is forgotten above, what downloads refuses.
    @Test func whatDownloadsRefusesOffline() async throws {
        let lock = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        let files = lock.packages.map { ArchiveFile($0) }
        let project = try elsewhere.project().offline()
        let error = await failure {
            try await project.packageFetch(of: [lock]).fetch(files, into: project.store)
        }
        #expect(error?.what.contains("would have to be fetched over a network, and nothing may be (--offline)") == true)
        #expect(try project.store.audit().blobs.isEmpty)
    }

    /// A package that is in the locked snapshot, and was not asked for until now.
    @Test func offlineASetIsResolvedAgainstTheLockedState() async throws {
        _ = try await away().importCache(from: try await export(), withResults: false)
        try elsewhere.set("core", "bash", "zsh")
        let lock = try await LockKeeper(project: try away()).current()
        #expect(lock["debian"]?.packages.contains { $0.name == "zsh" } == true)
    }

    @Test func aFileThatWouldNotFitIsRefusedBeforeAnythingComesIn() async throws {
        let file = try await export()
        let project = try elsewhere.project(environment: ["DEPLOY_CACHE_SIZE": "1k"])
        let error = await failure {
            try await project.importCache(from: file, withResults: false)
        }
        #expect(error?.what.contains("and the store may have 1 kB") == true)
        #expect(try project.store.audit().blobs.isEmpty)
    }
}

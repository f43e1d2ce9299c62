import Primitives
import SystemPackage
import Testing

@testable import ContentStore

#if canImport(Glibc)
import Glibc
#endif

@Suite struct ContentStoreTests {
    let folder: StoreFolder
    var store: ContentStore { folder.store }

    init() throws { folder = try StoreFolder() }

    @Test func keepsBytesByTheirDigestReadOnly() async throws {
        let blob = try await store.insert(Array("hello".utf8))
        #expect(blob == Blob(Digest(of: "hello".utf8), size: ByteCount(5)))
        #expect(try await store.bytes(of: blob) == Array("hello".utf8))
        #expect(try FileStatus(at: store.path(of: blob.digest))?.permissions == 0o444)
        #expect(try Files.list(store.workArea.ingest).isEmpty)
    }

    @Test func movesAFileIn() async throws {
        let moved = try folder.file("moved", "one")
        let blob = try await store.insert(file: moved, knownAs: nil)
        #expect(blob == Blob(of: Array("one".utf8)))
        #expect(!Files.exists(moved) && store.isIntact(blob.digest))
    }

    @Test func saysWhatItHasNot() async throws {
        let here = try await store.insert(Array("here".utf8))
        let damaged = try await store.insert(Array("damaged".utf8))
        try folder.damage(damaged.digest, with: "DAMAGED")
        let gone = Blob(of: Array("gone".utf8))
        let next = try ContentStore(root: store.root)
        #expect(try await next.missing(of: [here, damaged, gone]) == [gone], "by names and sizes")
        #expect(try await next.fetch([here, damaged, gone]) == [damaged, gone])
        #expect(try await next.missing(of: [here, damaged, gone]) == [damaged, gone], "a damaged one is removed")
    }

    @Test func takesAFileWhoseDigestIsKnownWithoutReadingIt() async throws {
        let claimed = Blob(Digest(of: "what was verified while it came".utf8), size: ByteCount(8))
        _ = try await store.insert(file: try folder.file("download", "anything"), knownAs: claimed)
        #expect(store.contains(claimed) && store.isIntact(claimed.digest))
        #expect(
            try ContentStore(root: store.root).isIntact(claimed.digest) == false, "another process judges by the bytes")
    }

    @Test(arguments: ["hallo", "hel", ""])
    func damagedBlobIsFoundRemovedAndMadeAnew(damage: String) async throws {
        let blob = try await store.insert(Array("hello".utf8))
        try folder.damage(blob.digest, with: damage)
        let next = try ContentStore(root: store.root)
        #expect(!next.isIntact(blob.digest))
        #expect(!Files.exists(next.path(of: blob.digest)))
        #expect(try await next.insert(Array("hello".utf8)) == blob)
        #expect(next.isIntact(blob.digest))
    }

    @Test func insertingMendsABlobThatWasDamagedWithoutChangingItsSize() async throws {
        let blob = try await store.insert(Array("hello".utf8))
        try folder.damage(blob.digest, with: "hallo")
        let next = try ContentStore(root: store.root)
        try await next.insert(Array("hello".utf8))
        #expect(try await next.bytes(of: blob) == Array("hello".utf8))
    }

    @Test func aBlobOfAnotherSizeIsNotContained() async throws {
        let blob = try await store.insert(Array("hello".utf8))
        #expect(store.contains(blob) && store.contains(Blob(blob.digest, size: .zero)), "a size that nobody noted")
        try folder.damage(blob.digest, with: "hell")
        #expect(!store.contains(blob))
    }

    @Test func somethingElseInTheBlobsPlaceIsNoBlob() async throws {
        let blob = Blob(of: Array("x".utf8))
        try Files.createDirectory(store.path(of: blob.digest))
        #expect(!store.contains(blob) && !store.isIntact(blob.digest))
    }

    @Test func aLinkIsRefusedAndWhatItLeadsToLeftAlone() async throws {
        let secret = try folder.file("secret", "not yours")
        let link = folder.root.appending("link")
        #expect(symlink(secret.string, link.string) == 0)
        await #expect(throws: FileError.self) { try await store.insert(file: link, knownAs: nil) }
        #expect(try FileStatus(at: secret)?.permissions == 0o644)
        #expect(!store.contains(Blob(of: Array("not yours".utf8))))
    }

    @Test func aPipeIsRefusedInsteadOfWaitedFor() async throws {
        let pipe = folder.root.appending("pipe")
        #expect(mkfifo(pipe.string, 0o600) == 0)
        await #expect(throws: FileError.self) { try await store.insert(file: pipe, knownAs: nil) }
    }

    @Test func manyTasksInsertTheSameBytesAtOnce() async throws {
        let store = store
        let bytes = [UInt8](repeating: 7, count: 300_000)
        let blobs = try await withThrowingTaskGroup(of: Blob.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let blob = try await store.insert(bytes)
                    guard store.isIntact(blob.digest), try await store.bytes(of: blob).count == bytes.count else {
                        return Blob(of: Array("damaged \(number)".utf8))
                    }
                    return blob
                }
            }
            return try await group.reduce(into: Set<Blob>()) { $0.insert($1) }
        }
        #expect(blobs == [Blob(of: bytes)])
        #expect(try Files.list(store.workArea.ingest).isEmpty)
    }

    @Test func findingDamageAtOnceNeverRemovesTheMendedBlob() async throws {
        let bytes = [UInt8](repeating: 9, count: 200_000)
        for _ in 0..<10 {
            let digest = try await store.insert(bytes).digest
            try Files.write([UInt8](repeating: 8, count: 200_000), to: store.path(of: digest))
            let fresh = try ContentStore(root: store.root)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { if !fresh.isIntact(digest) { try await fresh.insert(bytes) } } }
                try await group.waitForAll()
            }
            #expect(fresh.isIntact(digest))
            fresh.remove(digest)
        }
    }

    @Test func debrisGoesAndUnfinishedDownloadsStay() async throws {
        try Files.write("x".utf8, to: store.workArea.file("123-1"))
        try Files.write("half".utf8, to: store.workArea.file("package.part"))
        let work = try store.workArea.makeFolder("step")
        let hidden = work.appending("closed")
        try Files.createDirectory(hidden)
        try Files.write("x".utf8, to: hidden.appending("file"))
        _ = hidden.withPlatformString { chmod($0, 0) }
        // A name that is no text: a container may have written it.
        let odd = FilePath(work.string + "/odd")
        let raw = Array(odd.string.utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        close(open(raw, O_CREAT | O_WRONLY, 0o600))
        let blob = try await store.insert(Array("kept".utf8))
        try store.removeDebris(holding: try await store.lock(owner: "") { _ in })
        #expect(try Files.list(store.workArea.work).isEmpty)
        #expect(try Files.list(store.workArea.ingest) == ["package.part"])
        #expect(store.isIntact(blob.digest))
    }

    @Test func aStoreThatWasRemovedMeanwhileIsMadeAgain() async throws {
        let lock = try await store.lock(owner: "") { _ in }
        try Files.remove(store.root)
        try Files.createDirectory(store.root)
        try store.removeDebris(holding: lock)
        #expect(store.isIntact(try await store.insert(Array("hello".utf8)).digest))
    }

    /// A process that is killed while it makes a store leaves the file that is to say so on its way.
    @Test func aStoreThatWasHalfMadeIsNoFolderOfSomebodyElse() async throws {
        let root = folder.root.appending("half")
        _ = try folder.file("half/.kldload-store.1a2b3c.new", "This fol")
        let store = try ContentStore(root: root)
        let lock = try await store.lock(owner: "") { _ in }
        #expect(try store.removeContents(holding: lock).isEmpty)
        #expect(try Files.list(root) == ["kldload-store", "lock"])
        _ = try folder.file("other/.letter.1a2b3c.new", "x")
        #expect(throws: NoStore.self) { try ContentStore(root: folder.root.appending("other")) }
    }

    @Test func workFoldersStartEmpty() async throws {
        let first = try store.workArea.makeFolder("step")
        try Files.write("x".utf8, to: first.appending("left"))
        #expect(try Files.list(try store.workArea.makeFolder("step")).isEmpty)
    }
}

import ContentStore
import Primitives
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct ContentStoreTests {
    let folder: StoreFolder
    var store: ContentStore { folder.store }

    init() throws { folder = try StoreFolder() }

    @Test func keepsBytesByTheirDigestReadOnly() throws {
        let digest = try store.insert(Array("hello".utf8))
        #expect(digest == Digest(of: "hello".utf8))
        #expect(try store.bytes(of: digest) == Array("hello".utf8))
        #expect(try FileStatus(at: store.path(of: digest))?.permissions == 0o444)
        #expect(try Files.list(store.ingestFolder).isEmpty)
    }

    @Test func movesAFileInAndCopiesOne() throws {
        let moved = try folder.file("moved", "one")
        let copied = try folder.file("copied", "two")
        let first = try store.ingest(moved)
        let second = try store.copy(copied)
        #expect(first.digest == Digest(of: "one".utf8) && first.size == 3)
        #expect(second.digest == Digest(of: "two".utf8))
        #expect(!Files.exists(moved) && Files.exists(copied))
        #expect(store.isIntact(first.digest) && store.isIntact(second.digest))
        #expect(try FileStatus(at: copied)?.permissions == 0o644)
    }

    @Test func takesAFileWhoseDigestIsKnownWithoutReadingIt() throws {
        let claimed = Digest(of: "what was verified while it came".utf8)
        try store.adopt(try folder.file("download", "anything"), digest: claimed)
        #expect(store.contains(claimed))
        #expect(try ContentStore(root: store.root).isIntact(claimed) == false, "another process judges by the bytes")
    }

    @Test(arguments: ["hallo", "hel", ""])
    func damagedBlobIsFoundRemovedAndMadeAnew(damage: String) throws {
        let digest = try store.insert(Array("hello".utf8))
        try folder.damage(digest, with: damage)
        let next = try ContentStore(root: store.root)
        #expect(!next.isIntact(digest))
        #expect(!Files.exists(next.path(of: digest)))
        try next.insert(Array("hello".utf8))
        #expect(next.isIntact(digest))
    }

    @Test func insertingMendsABlobThatWasDamagedWithoutChangingItsSize() throws {
        let digest = try store.insert(Array("hello".utf8))
        try folder.damage(digest, with: "hallo")
        let next = try ContentStore(root: store.root)
        try next.insert(Array("hello".utf8))
        #expect(try next.bytes(of: digest) == Array("hello".utf8))
    }

    @Test func aBlobOfAnotherSizeIsNotContained() throws {
        let digest = try store.insert(Array("hello".utf8))
        #expect(store.contains(digest) && store.contains(digest, size: 5))
        try folder.damage(digest, with: "hell")
        #expect(!store.contains(digest, size: 5))
    }

    @Test func somethingElseInTheBlobsPlaceIsNoBlob() throws {
        let digest = Digest(of: "x".utf8)
        try Files.createDirectory(store.path(of: digest))
        #expect(!store.contains(digest) && !store.isIntact(digest))
    }

    @Test func aLinkIsRefusedAndWhatItLeadsToLeftAlone() throws {
        let secret = try folder.file("secret", "not yours")
        let link = folder.root.appending("link")
        #expect(symlink(secret.string, link.string) == 0)
        #expect(throws: FileError.self) { try store.ingest(link) }
        #expect(try FileStatus(at: secret)?.permissions == 0o644)
        #expect(!store.contains(Digest(of: "not yours".utf8)))
    }

    @Test func aPipeIsRefusedInsteadOfWaitedFor() throws {
        let pipe = folder.root.appending("pipe")
        #expect(mkfifo(pipe.string, 0o600) == 0)
        #expect(throws: FileError.self) { try store.ingest(pipe) }
    }

    @Test func manyTasksInsertTheSameBytesAtOnce() async throws {
        let store = store
        let bytes = [UInt8](repeating: 7, count: 300_000)
        let digests = try await withThrowingTaskGroup(of: Digest.self) { group in
            for number in 0..<64 {
                group.addTask {
                    let digest = try store.insert(bytes)
                    guard store.isIntact(digest), try store.bytes(of: digest).count == bytes.count else {
                        return Digest(of: "damaged \(number)".utf8)
                    }
                    return digest
                }
            }
            return try await group.reduce(into: Set<Digest>()) { $0.insert($1) }
        }
        #expect(digests == [Digest(of: bytes)])
        #expect(try Files.list(store.ingestFolder).isEmpty)
    }

    @Test func findingDamageAtOnceNeverRemovesTheMendedBlob() async throws {
        let bytes = [UInt8](repeating: 9, count: 200_000)
        for _ in 0..<10 {
            let digest = try store.insert(bytes)
            try Files.write([UInt8](repeating: 8, count: 200_000), to: store.path(of: digest))
            let fresh = try ContentStore(root: store.root)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 { group.addTask { if !fresh.isIntact(digest) { try fresh.insert(bytes) } } }
                try await group.waitForAll()
            }
            #expect(fresh.isIntact(digest))
            fresh.remove(digest)
        }
    }

    @Test func debrisGoesAndUnfinishedDownloadsStay() async throws {
        try Files.write("x".utf8, to: store.ingestFolder.appending("123-1"))
        try Files.write("half".utf8, to: store.ingestFolder.appending("package.part"))
        let work = try store.makeWorkFolder("step")
        let hidden = work.appending("closed")
        try Files.createDirectory(hidden)
        try Files.write("x".utf8, to: hidden.appending("file"))
        _ = hidden.withPlatformString { chmod($0, 0) }
        // A name that is no text: a container may have written it.
        let odd = FilePath(work.string + "/odd")
        let raw = Array(odd.string.utf8CString.dropLast()) + [CChar(bitPattern: 0xFF), 0]
        close(open(raw, O_CREAT | O_WRONLY, 0o600))
        let blob = try store.insert(Array("kept".utf8))
        try store.removeDebris(holding: try await store.lock(owner: "") { _ in })
        #expect(try Files.list(store.workFolder).isEmpty)
        #expect(try Files.list(store.ingestFolder) == ["package.part"])
        #expect(store.isIntact(blob))
    }

    @Test func aStoreThatWasRemovedMeanwhileIsMadeAgain() async throws {
        let lock = try await store.lock(owner: "") { _ in }
        try Files.remove(store.root)
        try Files.createDirectory(store.root)
        try store.removeDebris(holding: lock)
        #expect(store.isIntact(try store.insert(Array("hello".utf8))))
    }

    @Test func workFoldersStartEmpty() throws {
        let first = try store.makeWorkFolder("step")
        try Files.write("x".utf8, to: first.appending("left"))
        #expect(try Files.list(try store.makeWorkFolder("step")).isEmpty)
    }
}

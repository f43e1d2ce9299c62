import ContentStore
import Primitives
import SystemPackage
import Testing

#if canImport(Glibc)
import Glibc
#endif

@Suite struct StatCacheTests {
    let folder: StoreFolder
    let file: FilePath

    init() throws {
        folder = try StoreFolder()
        file = folder.root.appending("stat-cache")
    }

    private func status(_ path: FilePath) throws -> FileStatus { try #require(try FileStatus(at: path)) }

    /// The digest that a cache hands out for the file as it stands.
    private func digest(_ cache: StatCache, _ path: FilePath) throws -> Digest {
        try cache.digest(of: path, status: try status(path))
    }

    /// A file whose times, as the kernel keeps them, lie far enough back to be remembered.
    private func settledFile(_ name: String, _ text: String) async throws -> FilePath {
        let path = try folder.file(name, text)
        try await Task.sleep(for: .milliseconds(2100))
        return path
    }

    @Test func anUnchangedFileIsNotReadAgainAndAnotherInodeOfTheSameSizeIs() async throws {
        let path = try await settledFile("input", "one")
        let cache = StatCache(file: file)
        let before = try status(path)
        #expect(try digest(cache, path) == Digest(of: "one".utf8))
        try cache.save()
        // The bytes are swapped while the status that is asked about stays: only a cache that does not read says "one".
        try Files.write("two".utf8, to: path)
        age(path, seconds: 100)
        let next = StatCache(file: file)
        #expect(try next.digest(of: path, status: before) == Digest(of: "one".utf8))
        #expect(try digest(next, path) == Digest(of: "two".utf8))
    }

    @Test func aChangeThatKeepsSizeTimeAndInodeIsNoticed() async throws {
        let path = try await settledFile("input", "one")
        age(path, seconds: 3600)
        try await Task.sleep(for: .milliseconds(2100))
        let before = try status(path)
        let cache = StatCache(file: file)
        #expect(try digest(cache, path) == Digest(of: "one".utf8))
        let descriptor = try FileDescriptor.open(path, .writeOnly)
        try descriptor.closeAfter { _ = try descriptor.writeAll("two".utf8) }
        var times = [
            timespec(tv_sec: Int(before.modified / 1_000_000_000), tv_nsec: Int(before.modified % 1_000_000_000)),
            timespec(tv_sec: Int(before.modified / 1_000_000_000), tv_nsec: Int(before.modified % 1_000_000_000)),
        ]
        _ = path.withPlatformString { utimensat(AT_FDCWD, $0, &times, 0) }
        let after = try status(path)
        #expect(after.size == before.size && after.modified == before.modified && after.inode == before.inode)
        #expect(try digest(cache, path) == Digest(of: "two".utf8))
    }

    @Test func aFileThatChangedAMomentAgoIsReadEachTime() throws {
        let path = try folder.file("input", "one")
        let cache = StatCache(file: file)
        let before = try status(path)
        #expect(try cache.digest(of: path, status: before) == Digest(of: "one".utf8))
        try Files.write("two".utf8, to: path)
        #expect(
            try cache.digest(of: path, status: before) == Digest(of: "two".utf8), "the old status was not remembered")
    }

    @Test func oneThatOnlyLooksOldIsReadEachTime() throws {
        let path = try folder.file("input", "one")
        age(path, seconds: 3600)
        let cache = StatCache(file: file)
        let before = try status(path)
        _ = try cache.digest(of: path, status: before)
        try Files.write("two".utf8, to: path)
        #expect(try cache.digest(of: path, status: before) == Digest(of: "two".utf8))
    }

    @Test func aDamagedCacheIsAnEmptyOne() async throws {
        let path = try await settledFile("input", "one")
        let cache = StatCache(file: file)
        let before = try status(path)
        _ = try cache.digest(of: path, status: before)
        try cache.save()
        let good = try Files.read(file)
        try Files.write("two".utf8, to: path)
        #expect(
            try StatCache(file: file).digest(of: path, status: before) == Digest(of: "one".utf8),
            "the whole one is used")
        var damaged: [[UInt8]] = [
            [], Array("kldload".utf8), Array(good.dropLast(5)), good + [1], Array(good.dropFirst()),
        ]
        for position in stride(from: 0, to: good.count, by: 7) {
            var bytes = good
            bytes[position] ^= 0x40
            damaged.append(bytes)
        }
        for bytes in damaged {
            try Files.write(bytes, to: file)
            #expect(try StatCache(file: file).digest(of: path, status: before) == Digest(of: "two".utf8))
        }
    }

    @Test func anUnreadableFileIsAnErrorWithItsName() throws {
        let path = try folder.file("input", "one")
        let before = try status(path)
        try Files.remove(path)
        let error = #expect(throws: FileError.self) { try StatCache(file: file).digest(of: path, status: before) }
        #expect(error?.what.contains(path.string) == true)
    }
}

import Glibc
import Primitives
import SystemPackage
import Testing

@testable import Transfer

@Suite(.serialized) struct ResumeTests {
    let mirror: Mirror
    let scratch: Scratch
    let file = TestFile(size: 1_000_000, seed: 3)

    init() throws {
        mirror = try Mirror()
        scratch = try Scratch()
    }

    private func leave(_ bytes: some Sequence<UInt8>, for request: DownloadRequest) throws {
        try Files.write(bytes, to: FilePath(request.destination.string + ".part"))
    }

    @Test(
        arguments: [
            // What was left, how the mirror behaves, the bytes that it then sends.
            (700_000, "ok", 300_000), (700_000, "norange", 1_000_000), (700_000, "refuses", 1_000_000),
            (1_000_000, "ok", 0), (1_000_001, "ok", 1_000_000), (0, "ok", 1_000_000),
        ])
    func restOfAFileIsFetched(_ left: Int, _ behaviour: String, _ sent: Int) async throws {
        let request = scratch.request(file, mirror.url(behaviour, file))
        try leave(TestFile(size: left, seed: 3).bytes, for: request)
        let got = try await Downloader.impatient().download(request)
        #expect(got.digest == file.digest)
        #expect(try Files.read(request.destination) == file.bytes)
        #expect(try mirror.counters().bytes == sent)
        #expect(scratch.names == ["1000000-3"])
    }

    @Test(arguments: [500_000, 1_000_000])
    func wrongRestOfAFileIsFetchedAnewFromTheSameMirror(_ left: Int) async throws {
        let request = scratch.request(file, mirror.url("ok", file))
        try leave([UInt8](repeating: 9, count: left), for: request)
        let got = try await Downloader.impatient().download(request)
        #expect(got.digest == file.digest)
        #expect(try mirror.counters().bytes == (left < 1_000_000 ? 500_000 : 0) + 1_000_000)
    }

    @Test func fileOfUnknownDigestIsNeverResumed() async throws {
        var request = scratch.request(file, mirror.url("ok", file))
        request.digest = nil
        try leave(TestFile(size: 700_000, seed: 3).bytes, for: request)
        let got = try await Downloader.impatient().download(request)
        #expect(got.digest == file.digest)
        #expect(try mirror.counters().bytes == 1_000_000)
    }

    @Test func brokenTransferGoesOnWhereItBroke() async throws {
        let got = try await Downloader.impatient().download(scratch.request(file, mirror.url("halfonce", file)))
        #expect(got.digest == file.digest)
        #expect(try mirror.counters().bytes == 1_000_000)
    }

    @Test func brokenFileIsKeptForTheNextRunButWrongBytesAreNot() async throws {
        _ = try await errors(.impatient(), [scratch.request(file, mirror.url("half", file))])
        #expect(scratch.names == ["1000000-3.part"])
        let got = try await Downloader.impatient().download(scratch.request(file, mirror.url("ok", file)))
        #expect(got.digest == file.digest)
        #expect(try mirror.counters().bytes == 1_000_000)

        let other = TestFile(size: 1000, seed: 4)
        _ = try await errors(.impatient(), [scratch.request(other, mirror.url("wrong", other))])
        #expect(scratch.names == ["1000000-3"])
    }

    @Test func fileThatAnotherProcessWritesIsLeftAlone() async throws {
        let request = scratch.request(file, mirror.url("ok", file))
        try leave(Array("theirs".utf8), for: request)
        let part = FilePath(request.destination.string + ".part")
        let theirs = try FileDescriptor.open(part, .readWrite)
        defer { try? theirs.close() }
        #expect(flock(theirs.rawValue, LOCK_EX | LOCK_NB) == 0)
        let got = try await Downloader.impatient().download(request)
        #expect(got.digest == file.digest)
        #expect(try Files.read(part) == Array("theirs".utf8))
        _ = try await errors(.impatient(), [scratch.request(file, mirror.url("404", file))])
        #expect(scratch.names == ["1000000-3", "1000000-3.part"])
    }

    @Test(arguments: ["never", "drip", "hang"])
    func cancellationIsQuickAndKeepsWhatCame(_ behaviour: String) async throws {
        let requests = (0..<20).map { seed in
            let file = TestFile(size: 100_000, seed: seed)
            return scratch.request(file, mirror.url(behaviour, file))
        }
        let downloader = Downloader.impatient()
        let task = Task { try await downloader.download(requests) }
        while try mirror.counters().requests < 8 { try await Task.sleep(for: .milliseconds(20)) }
        try await Task.sleep(for: .milliseconds(100))
        let time = await ContinuousClock().measure {
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
        #expect(time < .seconds(1))
        #expect(scratch.names.count == 8)
        #expect(scratch.names.allSatisfy { $0.hasSuffix(".part") })
        let kept = try scratch.names.reduce(0) { try $0 + (FileStatus(at: scratch.path.appending($1))?.size ?? 0) }
        #expect((kept > 0) == (behaviour != "never"))
    }

    @Test(.enabled("needs the right to mount a tmpfs") { Disk.canBeMade })
    func fullDiskStopsEverythingAtOnce() async throws {
        let disk = try Disk(size: "600k", at: scratch.path)
        defer { disk.unmount() }
        let slow = TestFile(size: 100_000, seed: 1)
        let downloader = Downloader.impatient()
        let clock = ContinuousClock()
        let time = await clock.measure {
            let error = await #expect(throws: FileError.self) {
                try await downloader.download([
                    scratch.request(slow, mirror.url("never", slow)), scratch.request(file, mirror.url("ok", file)),
                ])
            }
            #expect(error?.errno == .noSpace)
            #expect(error?.hint?.hasPrefix("the disk is full") == true)
        }
        #expect(time < .seconds(3))
        #expect(!Files.exists(scratch.path.appending("1000000-3")))
    }
}

/// A small file system in memory.
private struct Disk {
    let path: FilePath

    init(size: String, at path: FilePath) throws {
        self.path = path
        guard mount("tmpfs", path.string, "tmpfs", 0, "size=\(size)") == 0 else { throw Errno(rawValue: errno) }
    }

    func unmount() { umount2(path.string, Int32(MNT_DETACH)) }

    static var canBeMade: Bool {
        guard let folder = try? Scratch(), let disk = try? Disk(size: "100k", at: folder.path) else { return false }
        disk.unmount()
        return true
    }
}

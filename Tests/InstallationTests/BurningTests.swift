import Primitives
import Synchronization
import SystemPackage
import Testing

@testable import Installation

#if canImport(Glibc)
private import Glibc
#endif

/// A file stands for the device: what is written past the page cache is the same.
@Suite("An image, written and read back") struct BurningTests {
    private let folder: PrivateFolder
    private let image: FilePath
    private let stick: FilePath

    init() throws {
        folder = try PrivateFolder()
        image = folder.path.appending("made.iso")
        stick = folder.path.appending("stick")
    }

    /// An image of `size` bytes that looks like one, on a stick of `room` bytes full of other things.
    private func burning(_ size: Int, room: Int, expected: Digest? = nil) throws -> Burning {
        try write(image: size)
        try Files.write([UInt8](repeating: 0xA5, count: room), to: stick)
        let image = BurnImage(path: image, size: ByteCount(size), expected: expected, title: nil)
        return try Burning(image, onto: device(room))
    }

    private func write(image size: Int, volume: Int? = nil) throws {
        var random = SplitMix64(seed: UInt64(size))
        let words = (0..<size / 8).map { _ in random.next() }
        var bytes = words.withUnsafeBytes { Array($0) }
        bytes.replaceSubrange(510..<512, with: [0x55, 0xAA])
        // A descriptor of a volume of blocks of 2048 bytes (ECMA-119, 8.4).
        bytes.replaceSubrange(32_768..<32_774, with: [1] + "CD001".utf8)
        bytes.replaceSubrange(32_896..<32_898, with: [0, 8])
        let blocks = (volume ?? size) / 2048
        bytes.replaceSubrange(32_848..<32_852, with: (0..<4).map { UInt8(blocks >> ($0 * 8) & 0xFF) })
        try Files.write(bytes, to: image)
    }

    private func device(_ size: Int) -> BlockDevice {
        BlockDevice(
            name: "stick", path: stick, kind: .removable(why: "a test"), model: nil, size: ByteCount(size),
            blockSize: 512,
            isReadOnly: false, sequence: nil, partitions: [], uses: [])
    }

    private static let mebibyte = 1 << 20

    @Test(
        "Sizes that are whole pieces, less than one, and everything between",
        arguments: [
            36_864, 4 << 20, (4 << 20) + 2048, (9 << 20) - 2048, 12 << 20,
        ])
    func sizes(size: Int) async throws {
        let room = size + 3 * Self.mebibyte
        let result = try await burning(size, room: room).run { _ in }
        let (wanted, found) = (try Files.read(image), try Files.read(stick))
        #expect(found.count == room && found.starts(with: wanted))
        #expect(result.digest == Digest(of: wanted))
        // What is left of an older partition table is at the end.
        #expect(found.suffix(Self.mebibyte).allSatisfy { $0 == 0 })
    }

    @Test("An image that fills the device to its last byte") func exact() async throws {
        _ = try await burning(6 * Self.mebibyte, room: 6 * Self.mebibyte).run { _ in }
        #expect(try Files.read(stick) == Files.read(image))
    }

    @Test("An image that is too large is refused before anything is written") func tooLarge() throws {
        #expect {
            try burning(6 * Self.mebibyte, room: 6 * Self.mebibyte - 512)
        } throws: { ($0 as? BurnRefusal)?.what.contains("the image has 6.3 MB") == true }
        #expect(try Files.read(stick).allSatisfy { $0 == 0xA5 })
    }

    @Test("A byte that the device does not keep is named") func differs() async throws {
        let burning = try burning(9 * Self.mebibyte, room: 12 * Self.mebibyte)
        let place = 7 * Self.mebibyte + 12_345
        let stick = stick
        let flipped = Atomic(false)
        await #expect(throws: BurnFailure.differs(stick, at: Int64(place))) {
            try await burning.run { progress in
                guard progress.completed == progress.total, progress.phase == .writing else { return }
                guard !flipped.exchange(true, ordering: .relaxed) else { return }
                let file = try? FileDescriptor.open(stick, .readWrite)
                var byte: [UInt8] = [0]
                _ = try? byte.withUnsafeMutableBytes { try file?.read(fromAbsoluteOffset: Int64(place), into: $0) }
                byte[0] ^= 4
                _ = try? file?.writeAll(toAbsoluteOffset: Int64(place), byte)
                try? file?.close()
            }
        }
    }

    @Test("A device that goes away is said to have gone, and that it is not bootable") func gone() async throws {
        let burning = try burning(9 * Self.mebibyte, room: 12 * Self.mebibyte)
        let stick = stick
        await #expect(throws: BurnFailure.gone(stick, "read")) {
            try await burning.run { progress in
                if progress.completed == progress.total { truncate(stick.string, off_t(2 * Self.mebibyte)) }
            }
        }
        #expect(BurnFailure.gone(stick, "write").hint?.hasPrefix("it is not bootable now") == true)
    }

    @Test("Stopped halfway, the stick starts nothing: where the boot record belongs are zeros") func stopped()
        async throws
    {
        let burning = try burning(40 * Self.mebibyte, room: 41 * Self.mebibyte)
        let (seen, signal) = AsyncStream.makeStream(of: Void.self)
        let isCancelled = StopSign()
        let task = Task {
            try await burning.run { _ in
                signal.yield()
                while !isCancelled.isRaised { usleep(1000) }
            }
        }
        for await _ in seen { break }
        task.cancel()
        isCancelled.raise()
        await #expect(throws: BurnFailure.interrupted(stick, during: .writing)) { try await task.value }
        #expect(try Files.read(stick).prefix(4 << 20).allSatisfy { $0 == 0 })
    }

    @Test("An image that is not what its checksum file says is not finished") func damaged() async throws {
        let size = 5 * Self.mebibyte
        let burning = try burning(size, room: 6 * Self.mebibyte, expected: Digest(of: [UInt8]()))
        await #expect { try await burning.run { _ in } } throws: {
            if case BurnFailure.imageDamaged(image, _, _) = $0 { true } else { false }
        }
        #expect(try Files.read(stick).prefix(4 << 20).allSatisfy { $0 == 0 })
        let right = try Files.digest(image).digest
        _ = try await self.burning(size, room: 6 * Self.mebibyte, expected: right).run { _ in }
    }

    @Test("A file that is no image, is cut short or starts from CDs only is refused") func judged() throws {
        func what() throws -> String {
            do {
                _ = try BurnImage(at: image)
                return ""
            } catch let mistake as Mistake {
                return mistake.what.replacing(image.string, with: "it")
            }
        }
        #expect(try what() == "there is no image it")
        try Files.write("distributions:\n".utf8, to: image)
        #expect(try what() == "it is no ISO image")
        try write(image: 1 << 20, volume: 2 << 20)
        #expect(try what() == "it was cut short")
        try write(image: 1 << 20)
        var bytes = try Files.read(image)
        bytes.replaceSubrange(510..<512, with: [0, 0])
        try Files.write(bytes, to: image)
        #expect(try what() == "it starts from a CD only: it has no boot sector for a disk")
    }
}

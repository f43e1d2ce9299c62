package import Primitives
import Synchronization
import SystemPackage

/// How far it is.
package struct BurnProgress: Hashable, Sendable {
    /// What is done at the moment, in words for people.
    package enum Phase: String, Sendable { case writing, reading = "reading back" }
    /// One after the other.
    package let phase: Phase
    /// Of the image's bytes, how many are written or compared.
    package let completed: ByteCount
    package let total: ByteCount
}

/// What came of it.
package struct BurnResult: Hashable, Sendable {
    /// Of what was written, and of what was read back.
    package let digest: Digest
    /// How long it took, until the device had put all of it where it stays.
    package let writing: Duration
    /// How long reading back took.
    package let reading: Duration
}

/// An image, written to a disk and read back.
///
/// The first piece, with boot record, partition table and volume descriptor, is written last, when all else is on the device and the
/// image is known to be whole: a stick that was left halfway starts nothing, and looks like nothing. The last MiB of the device is zeros
/// before: the second copy of an old GPT is there, and what md and ZFS write of themselves, which other programs would find.
package struct Burning: Sendable {
    /// How much is written at once.
    private static let piece = 4 << 20
    private static let tail: Int64 = 1 << 20
    /// The image's partition table is one for blocks of this size: firmware looks for it in the second block of the device.
    private static let tableBlock = 512

    private let image: BurnImage
    private let device: BlockDevice

    /// Both were looked at before. Throws `BurnRefusal` where the image is too large for the device, or would not start from it.
    package init(_ image: BurnImage, onto device: BlockDevice) throws(BurnRefusal) {
        guard device.blockSize == Self.tableBlock else { throw .otherBlocks(device) }
        guard image.size <= device.size else { throw .tooSmall(device, image: image.size) }
        self.image = image
        self.device = device
    }

    /// Finds out whether the device can be opened for this, so that nobody is asked for what can't be. Throws `BurnFailure`.
    package func probe() throws(BurnFailure) { try RawDevice.probe(device.path) }

    /// Writes and compares. `progress` is called after each piece, on another thread.
    ///
    /// Throws `BurnFailure`; a cancelled task is `interrupted`, unless all was done already.
    package func run(progress: @escaping @Sendable (BurnProgress) -> Void) async throws -> BurnResult {
        let stop = StopSign()
        return try await withTaskCancellationHandler {
            try await BlockingWork.run { try work(stop, progress) }
        } onCancel: {
            stop.raise()
        }
    }

    private func work(_ stop: StopSign, _ progress: (BurnProgress) -> Void) throws(BurnFailure) -> BurnResult {
        let disk = try RawDevice(device.path)
        let start = ContinuousClock.now
        let digest = try write(to: disk, stop) {
            progress(BurnProgress(phase: .writing, completed: $0, total: image.size))
        }
        let written = ContinuousClock.now
        let found = try read(from: disk, stop) {
            progress(BurnProgress(phase: .reading, completed: $0, total: image.size))
        }
        guard found == digest else { throw .differs(device.path, at: try firstDifference(on: disk, stop)) }
        let end = ContinuousClock.now
        disk.rereadPartitions()
        return BurnResult(digest: digest, writing: written - start, reading: end - written)
    }

    private func write(
        to disk: borrowing RawDevice, _ stop: StopSign, _ progress: (ByteCount) -> Void
    ) throws(BurnFailure) -> Digest {
        var source = try ImageReader(image.path)
        let first = AlignedBuffer(count: Self.piece)
        var current = AlignedBuffer(count: Self.piece)
        var next = AlignedBuffer(count: Self.piece)
        // Both zeros, as yet.
        try disk.write(whole(current, Self.piece, at: 0), at: 0)
        let tail = max(device.size.bytes - Self.tail, 0) / Int64(device.blockSize) * Int64(device.blockSize)
        try disk.write(whole(current, Int(device.size.bytes - tail), at: tail), at: tail)

        let head = try source.read(into: first.bytes)
        var (offset, count) = (Int64(head), try source.read(into: current.bytes))
        while count > 0 {
            guard !stop.isRaised else { throw .interrupted(device.path, during: .writing) }
            // The next piece is read and hashed while this one is written.
            var read: Result<Int, BurnFailure> = .success(0)
            let written = beside({ read = Self.caught { () throws(BurnFailure) in try source.read(into: next.bytes) } })
            {
                Self.caught { () throws(BurnFailure) in try disk.write(whole(current, count, at: offset), at: offset) }
            }
            try written.get()
            offset += Int64(count)
            progress(ByteCount(offset - Int64(head)))
            count = try read.get()
            swap(&current, &next)
        }
        guard offset == image.size.bytes else { throw .imageUnreadable(image.path, .ioError) }
        let digest = source.finish()
        if let expected = image.expected, digest != expected {
            throw .imageDamaged(image.path, digest, expected: expected)
        }
        guard !stop.isRaised else { throw .interrupted(device.path, during: .writing) }
        try disk.flush()
        try disk.write(whole(first, head, at: 0), at: 0)
        try disk.flush()
        progress(image.size)
        return digest
    }

    private func read(
        from disk: borrowing RawDevice, _ stop: StopSign, _ progress: (ByteCount) -> Void
    ) throws(BurnFailure) -> Digest {
        var current = AlignedBuffer(count: Self.piece)
        var next = AlignedBuffer(count: Self.piece)
        var hasher = SHA256Hasher()
        var (offset, count) = (Int64(0), pieceSize(at: 0))
        try disk.read(into: UnsafeMutableRawBufferPointer(mutating: whole(current, count, at: 0)), at: 0)
        while count > 0 {
            guard !stop.isRaised else { throw .interrupted(device.path, during: .reading) }
            let following = pieceSize(at: offset + Int64(count))
            let place = offset + Int64(count)
            let read = beside({ hasher.update(UnsafeRawBufferPointer(rebasing: current.bytes[..<count])) }) {
                Self.caught { () throws(BurnFailure) in
                    guard following > 0 else { return }
                    try disk.read(
                        into: UnsafeMutableRawBufferPointer(mutating: whole(next, following, at: place)), at: place)
                }
            }
            try read.get()
            offset = place
            progress(ByteCount(offset))
            count = following
            swap(&current, &next)
        }
        return hasher.finalize()
    }

    /// The first byte of the device that is not the image's; nil where another reading finds none.
    private func firstDifference(on disk: borrowing RawDevice, _ stop: StopSign) throws(BurnFailure) -> Int64? {
        var source = try ImageReader(image.path)
        let ours = AlignedBuffer(count: Self.piece)
        let theirs = AlignedBuffer(count: Self.piece)
        var offset: Int64 = 0
        while case let count = try source.read(into: ours.bytes), count > 0 {
            guard !stop.isRaised else { throw .interrupted(device.path, during: .reading) }
            try disk.read(into: UnsafeMutableRawBufferPointer(mutating: whole(theirs, count, at: offset)), at: offset)
            if let place = (0..<count).first(where: { ours.bytes[$0] != theirs.bytes[$0] }) {
                return offset + Int64(place)
            }
            offset += Int64(count)
        }
        return nil
    }

    private func pieceSize(at offset: Int64) -> Int { Int(min(Int64(Self.piece), image.size.bytes - offset)) }

    /// The first `count` bytes of a buffer and as many more as fill a block, no further than the device goes from `offset` on.
    private func whole(_ buffer: borrowing AlignedBuffer, _ count: Int, at offset: Int64) -> UnsafeRawBufferPointer {
        let blocks = (count + device.blockSize - 1) / device.blockSize * device.blockSize
        let room = Int(min(Int64(blocks), device.size.bytes - offset))
        return UnsafeRawBufferPointer(rebasing: buffer.bytes[..<min(room, buffer.bytes.count)])
    }

    /// Runs `other` on another thread while `body` runs on this one, or before it where there is no other thread.
    private func beside<T>(_ other: () -> Void, _ body: () -> T) -> T {
        BlockingWork.beside(other) { isBeside in
            if !isBeside { other() }
            return body()
        }
    }

    private static func caught<T>(_ body: () throws(BurnFailure) -> T) -> Result<T, BurnFailure> {
        do throws(BurnFailure) { return .success(try body()) } catch { return .failure(error) }
    }
}

/// The image's file, read from its begin to its end, and hashed on the way.
private struct ImageReader: ~Copyable {
    private let path: FilePath
    private let descriptor: FileDescriptor
    private var hasher = SHA256Hasher()

    init(_ path: FilePath) throws(BurnFailure) {
        self.path = path
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        } catch {
            throw BurnFailure.imageUnreadable(path, error as? Errno ?? .ioError)
        }
    }

    deinit { try? descriptor.close() }

    /// Fills `bytes` with what comes next, with zeros behind the end; how many bytes came, 0 at the end. Throws `BurnFailure`.
    mutating func read(into bytes: UnsafeMutableRawBufferPointer) throws(BurnFailure) -> Int {
        var count = 0
        do {
            while count < bytes.count {
                let now = try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[count...]))
                if now == 0 { break }
                count += now
            }
        } catch {
            throw .imageUnreadable(path, error as? Errno ?? .ioError)
        }
        hasher.update(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        for place in count..<bytes.count { bytes[place] = 0 }
        return count
    }

    /// The digest of all that was read; it starts anew then.
    mutating func finish() -> Digest {
        var done = SHA256Hasher()
        swap(&done, &hasher)
        return done.finalize()
    }
}

/// Raised by one thread, seen by another.
final class StopSign: Sendable {
    private let raised = Atomic(false)
    var isRaised: Bool { raised.load(ordering: .relaxed) }
    func raise() { raised.store(true, ordering: .relaxed) }
}

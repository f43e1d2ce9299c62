import Primitives
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Memory that a device can be written from and read into past the page cache.
struct AlignedBuffer: ~Copyable {
    /// Zeros, at first.
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int) {
        bytes = .allocate(byteCount: count, alignment: 4096)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }
}

/// A disk that is open for nobody else, and past the page cache (O_DIRECT of open(2)): what was written is on its way to the device
/// when a call returns, and what is read comes from there.
struct RawDevice: ~Copyable {
    private let path: FilePath
    private let descriptor: FileDescriptor

    /// Opens `path`. Throws `BurnFailure` where something else has it.
    init(_ path: FilePath) throws(BurnFailure) {
        self.path = path
        do {
            descriptor = try FileDescriptor.open(
                path, .readWrite,
                // Of a block device, "exclusive" is that nobody else has it, no mount either.
                options: [.closeOnExec, .exclusiveCreate, FileDescriptor.OpenOptions(rawValue: Self.direct)])
        } catch {
            throw BurnFailure.notOpened(path, error as? Errno ?? .ioError)
        }
    }

    deinit { try? descriptor.close() }

    /// Throws `BurnFailure` where opening `path` would. It is opened for reading: udev looks at a disk anew when one that could write
    /// it closes it, and for a moment nobody knows its partitions then.
    static func probe(_ path: FilePath) throws(BurnFailure) {
        guard path.withPlatformString({ faccessat(AT_FDCWD, $0, R_OK | W_OK, AT_EACCESS) }) == 0 else {
            throw .notOpened(path, Errno(rawValue: Glibc.errno))
        }
        do {
            try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .exclusiveCreate]).close()
        } catch {
            throw .notOpened(path, error as? Errno ?? .ioError)
        }
    }

    /// Writes all of `bytes`, whole blocks, at `offset`. Throws `BurnFailure`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(BurnFailure) {
        try all(bytes.count, at: offset, "write") { done in
            try descriptor.write(
                toAbsoluteOffset: offset + Int64(done), UnsafeRawBufferPointer(rebasing: bytes[done...]))
        }
    }

    /// Fills `bytes`, whole blocks, from `offset` on. Throws `BurnFailure`.
    func read(into bytes: UnsafeMutableRawBufferPointer, at offset: Int64) throws(BurnFailure) {
        try all(bytes.count, at: offset, "read") { done in
            try descriptor.read(
                fromAbsoluteOffset: offset + Int64(done),
                into: UnsafeMutableRawBufferPointer(rebasing: bytes[done...]))
        }
    }

    private func all(
        _ count: Int, at offset: Int64, _ operation: String, _ body: (Int) throws -> Int
    ) throws(BurnFailure) {
        var done = 0
        while done < count {
            let now: Int
            do {
                now = try body(done)
            } catch {
                throw failure(operation, error as? Errno ?? .ioError, at: offset + Int64(done))
            }
            // A device that shrank under the one who writes it: nothing more is there.
            guard now > 0 else { throw failure(operation, .noSuchAddressOrDevice, at: offset + Int64(done)) }
            done += now
        }
    }

    /// Has the device put what it still holds in its own memory where it stays. Throws `BurnFailure`.
    func flush() throws(BurnFailure) {
        guard fdatasync(descriptor.rawValue) == 0 else {
            throw failure("write", Errno(rawValue: Glibc.errno), at: nil)
        }
    }

    /// Has the kernel look at the partition table anew. It does not where a partition is in use again already, and some devices have
    /// none for it: the image is on the device all the same.
    func rereadPartitions() {
        _ = ioctl(descriptor.rawValue, Self.rereadPartitionTable)
    }

    /// O_DIRECT, which Glibc's module does not have: it is a number of its own on each architecture (fcntl.h).
    #if arch(arm64)
    private static let direct: CInt = 0o200000
    #else
    private static let direct: CInt = 0o40000
    #endif

    /// BLKRRPART of linux/fs.h, a macro: _IO(0x12, 95).
    private static let rereadPartitionTable: UInt = 0x125F

    private func failure(_ operation: String, _ errno: Errno, at offset: Int64?) -> BurnFailure {
        let gone: Set<Errno> = [.noSuchAddressOrDevice, .operationNotSupportedByDevice, Errno(rawValue: ENOMEDIUM)]
        return gone.contains(errno) || !Files.exists(path)
            ? .gone(path, operation) : .failed(path, operation, errno, at: offset)
    }
}

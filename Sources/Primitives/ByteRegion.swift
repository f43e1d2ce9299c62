package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Immutable bytes that never move: memory of its own, or a file mapped read-only. Freed with the last reference.
///
/// Tables of packages keep offsets into such regions and never copy what they point at.
package final class ByteRegion: @unchecked Sendable {
    // Unchecked: the memory is written once, before `init` returns.
    private let memory: UnsafeRawBufferPointer
    private let owner: Owner
    /// What was mapped, as the file system knew it then; nil for memory.
    package let identity: FileIdentity?

    private enum Owner {
        case allocation
        case mapping
        case region(ByteRegion)
    }

    /// What tells whether a file may have been changed or replaced.
    package struct FileIdentity: Hashable, Sendable {
        /// In bytes.
        package let size: UInt64
        /// `st_ino` of stat(3type), without the device.
        package let inode: UInt64
        /// `st_mtim`, in nanoseconds since 1970.
        package let modified: UInt64
        /// `st_ctim`, in nanoseconds since 1970.
        package let changed: UInt64

        package init(size: UInt64, inode: UInt64, modified: UInt64, changed: UInt64) {
            self.size = size
            self.inode = inode
            self.modified = modified
            self.changed = changed
        }
    }

    /// The bytes; valid while this object lives. Keep it in a property or under `withExtendedLifetime`: a temporary dies first.
    package var bytes: UnsafeRawBufferPointer { memory }
    /// How many bytes there are; 0 for an empty file.
    package var count: Int { memory.count }

    /// A copy of `array`.
    package convenience init(_ array: [UInt8]) {
        self.init(capacity: array.count) { buffer in
            array.withUnsafeBytes { buffer.copyMemory(from: $0) }
            return array.count
        }
    }

    /// Memory for `capacity` bytes that `fill` writes; `fill` returns how many it wrote.
    package init<Failure: Error>(
        capacity: Int, fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 16)
        do {
            let count = try fill(buffer)
            precondition(count <= capacity, "more bytes written than there is room for")
            memory = UnsafeRawBufferPointer(start: buffer.baseAddress, count: count)
            owner = .allocation
            identity = nil
        } catch {
            buffer.deallocate()
            throw error
        }
    }

    /// The file at `path`, mapped. It must not be changed in place while the region lives; files of a content store never are.
    package init(mapping path: FilePath) throws(FileError) {
        let descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileError("open", path, Errno(rawValue: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError("look at", path, Errno(rawValue: errno)) }
        func nanoseconds(_ time: timespec) -> UInt64 {
            UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
        }
        let count = Int(status.st_size)
        identity = FileIdentity(
            size: UInt64(count), inode: UInt64(status.st_ino), modified: nanoseconds(status.st_mtim),
            changed: nanoseconds(status.st_ctim))
        guard count > 0 else {
            memory = UnsafeRawBufferPointer(UnsafeMutableRawBufferPointer.allocate(byteCount: 0, alignment: 16))
            owner = .allocation
            return
        }
        let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw FileError("map", path, Errno(rawValue: errno)) }
        memory = UnsafeRawBufferPointer(start: address, count: count)
        owner = .mapping
    }

    /// The bytes of `region` in `range`, which must be within them; they are shared.
    package init(_ region: ByteRegion, _ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= region.count, "outside of the region")
        memory = UnsafeRawBufferPointer(rebasing: region.memory[range])
        owner = .region(region)
        identity = region.identity
    }

    /// Gives the pages of a mapped file that were read back to the system: they come again when they are looked at.
    package func releasePages() {
        if case .region(let whole) = owner { whole.releasePages() }
        guard case .mapping = owner, let base = memory.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: base), memory.count, MADV_DONTNEED)
    }

    deinit {
        switch owner {
        case .mapping:
            if let base = memory.baseAddress { munmap(UnsafeMutableRawPointer(mutating: base), memory.count) }
        case .allocation: memory.deallocate()
        case .region: break
        }
    }

    /// The bytes in `range` as text; invalid UTF-8 is replaced.
    package func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeRawBufferPointer(rebasing: memory[range]), as: UTF8.self)
    }
}

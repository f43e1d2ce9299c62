private import Glibc
import Primitives
import SystemPackage

/// The file that a download grows in, hashed as it grows.
///
/// It is locked with `flock(2)` while it is open. Where another process holds it already, a file with a name
/// of its own is used instead, which is removed again unless it becomes the destination.
final class PartialFile {
    let path: FilePath
    /// Bytes in the file, all of which are in the hash.
    private(set) var size: Int64 = 0
    private let descriptor: FileDescriptor
    private var hasher = SHA256Hasher()
    /// Whether the file has a name of its own, because another process holds the one that is to be resumed.
    private(set) var isOnlyOurs = false

    /// Opens or makes the partial file of `destination`. What an earlier run left is hashed if `resuming`, else
    /// dropped, as is everything when `isStopped` says so meanwhile or there are more than `mostBytes`.
    init(for destination: FilePath, resuming: Bool, mostBytes: Int64, isStopped: () -> Bool) throws(FileError) {
        let shared = FilePath(destination.string + ".part")
        if let opened = try Self.openLocked(shared) {
            (path, descriptor) = (shared, opened)
        } else {
            path = FilePath(destination.string + ".\(getpid())-\(UInt32.random(in: 0...UInt32.max)).part")
            descriptor = try Self.open(path)
            isOnlyOurs = true
        }
        if resuming, !isOnlyOurs {
            try hashWhatIsThere(isStopped)
            if size <= mostBytes { return }
        }
        try restart()
    }

    deinit {
        if isOnlyOurs { _ = path.withPlatformString { unlink($0) } }
        try? descriptor.close()
    }

    /// Adds `bytes` at the end.
    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        do {
            try descriptor.writeAll(bytes)
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
        hasher.update(bytes)
        size += Int64(bytes.count)
    }

    /// Empties the file.
    func restart() throws(FileError) {
        guard ftruncate(descriptor.rawValue, 0) == 0 else {
            throw FileError("write", path, Errno(rawValue: Glibc.errno))
        }
        hasher = SHA256Hasher()
        size = 0
    }

    /// The digest of all bytes. Nothing may be written after it but what follows a `restart`.
    func digest() -> Digest {
        var finished = SHA256Hasher()
        swap(&finished, &hasher)
        return finished.finalize()
    }

    /// Moves the file to `destination`, in one step and without waiting for the disk: a file that a power cut
    /// damages is found by its digest when it is used.
    func publish(as destination: FilePath) throws(FileError) {
        try Files.rename(path, to: destination)
        isOnlyOurs = false
    }

    private func hashWhatIsThere(_ isStopped: () -> Bool) throws(FileError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while !isStopped() {
            let count: Int
            do {
                count = try descriptor.read(fromAbsoluteOffset: size, into: buffer)
            } catch {
                throw FileError("read", path, error as? Errno ?? .ioError)
            }
            if count == 0 { return }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            size += Int64(count)
        }
    }

    private static func open(_ path: FilePath) throws(FileError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path, .readWrite, options: [.create, .append, .closeOnExec, .noFollow],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
    }

    /// The file at `path`, locked; nil where another process holds it.
    private static func openLocked(_ path: FilePath) throws(FileError) -> FileDescriptor? {
        while true {
            let descriptor = try open(path)
            guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else {
                try? descriptor.close()
                return nil
            }
            // Between opening and locking its former owner may have moved it to where it belongs.
            var status = stat()
            if fstat(descriptor.rawValue, &status) == 0, try FileStatus(at: path)?.inode == UInt64(status.st_ino) {
                return descriptor
            }
            try? descriptor.close()
        }
    }
}

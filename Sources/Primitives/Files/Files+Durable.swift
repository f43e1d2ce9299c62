package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// What makes a change outlast a power failure.
extension Files {
    /// Waits until the file or folder at `path`, as it is now, is on the disk: of a folder, which names are in it.
    package static func sync(_ path: FilePath) throws(FileError) {
        let descriptor = path.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw FileError("open", path, Errno(rawValue: Glibc.errno)) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw FileError("write", path, Errno(rawValue: Glibc.errno)) }
    }
}

extension FileDescriptor {
    /// Has the system begin to put onto the disk what was written to the file, without waiting for that, and forget what is there
    /// already: where much is written, a sync at the end then has little left to wait for. Does nothing to a pipe.
    package func startWritingBack() { posix_fadvise(rawValue, 0, 0, POSIX_FADV_DONTNEED) }
}

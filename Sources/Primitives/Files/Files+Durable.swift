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

package import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Copies and links of single files.
package enum FileCopy {
    /// SEEK_DATA and SEEK_HOLE of lseek(2), which Glibc's module has not for programs that ask for nothing of GNU's.
    private static let seekData: Int32 = 3, seekHole: Int32 = 4

    /// Copies the bytes of `source` into a new file at `destination`: sharing its blocks where the file system can
    /// (ioctl_ficlone(2)), otherwise inside the kernel (sendfile(2)). What are holes in `source` are holes there, too.
    package static func copy(_ source: FilePath, to destination: FilePath, permissions: UInt32 = 0o644)
        throws(FileError)
    {
        let from = source.withPlatformString { open($0, O_RDONLY | O_CLOEXEC) }
        guard from >= 0 else { throw FileError("read", source, Errno(rawValue: errno)) }
        defer { close(from) }
        let to = destination.withPlatformString { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, permissions) }
        guard to >= 0 else { throw FileError("write", destination, Errno(rawValue: errno)) }
        defer { close(to) }
        fchmod(to, permissions)
        let cloneFile: UInt = 0x4004_9409  // FICLONE
        if ioctl(to, cloneFile, from) == 0 { return }
        let failed: () -> FileError = { FileError("write", destination, Errno(rawValue: errno)) }
        let size = lseek(from, 0, SEEK_END)
        guard size >= 0, ftruncate(to, size) == 0 else { throw failed() }
        var offset: off_t = 0
        while offset < size {
            let start = lseek(from, offset, seekData)
            // Behind the last data is a hole up to the end.
            if start < 0, errno == ENXIO { return }
            guard start >= 0 else { throw failed() }
            let end = lseek(from, start, seekHole)
            guard end >= 0, lseek(to, start, SEEK_SET) == start else { throw failed() }
            offset = start
            while offset < end {
                let count = sendfile(to, from, &offset, Int(min(end - offset, 1 << 30)))
                // A file that is cut off meanwhile is not copied whole.
                guard count != 0 else { throw FileError("read", source, .ioError) }
                guard count > 0 || errno == EINTR else { throw failed() }
            }
        }
    }

    /// Makes `destination` another name of `source`, or a copy where the file system can't do that.
    package static func link(_ source: FilePath, to destination: FilePath) throws(FileError) {
        let result = source.withPlatformString { from in destination.withPlatformString { Glibc.link(from, $0) } }
        if result == 0 { return }
        switch errno {
        case EXDEV, EMLINK, EPERM, EOPNOTSUPP: try copy(source, to: destination, permissions: 0o444)
        default: throw FileError("make", destination, Errno(rawValue: errno))
        }
    }
}

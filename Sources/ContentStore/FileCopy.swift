package import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Copies and links of single files.
package enum FileCopy {
    /// Copies the bytes of `source` into a new file at `destination`: sharing its blocks where the file system can
    /// (ioctl_ficlone(2)), otherwise inside the kernel (sendfile(2)).
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
        while true {
            let count = sendfile(to, from, nil, 1 << 30)
            if count == 0 { return }
            guard count > 0 || errno == EINTR else { throw FileError("write", destination, Errno(rawValue: errno)) }
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

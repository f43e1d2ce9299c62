package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// A file operation that failed: which, on what path, and why.
package struct FileError: UserError {
    /// What was tried, as it stands before the path in a sentence: "read", "make the folder".
    package let operation: String
    /// What it was tried on.
    package let path: FilePath
    /// What the system said (errno(3)): "No such file or directory".
    package let errno: Errno

    /// Whether it is a pipe, a socket or a device, and was refused for that.
    package let isNoPlainFile: Bool

    package init(_ operation: String, _ path: FilePath, _ errno: Errno, isNoPlainFile: Bool = false) {
        self.operation = operation
        self.path = path
        self.errno = errno
        self.isNoPlainFile = isNoPlainFile
    }

    package var what: String {
        let reason = isNoPlainFile ? "it is no plain file, but a pipe, a socket or a device" : "\(errno)"
        return "cannot \(operation) \(path): \(reason)"
    }
    package var hint: String? {
        errno == .noSpace ? "the disk is full: free some space where \(path.removingLastComponent()) is" : nil
    }
}

/// What `lstat(2)` says of a file, as far as anything here asks.
package struct FileStatus: Hashable, Sendable {
    /// What lies at a path; devices, sockets and pipes are `other`.
    package enum Kind: Sendable { case regular, directory, symbolicLink, other }

    /// By `st_mode`; a link is one unless it was followed.
    package let kind: Kind
    /// In bytes; of a link, the length of its target.
    package let size: Int64
    /// In bytes, what it takes on the disk; less than its size where it has holes.
    package let allocated: Int64
    /// The permission bits, 0o7777.
    package let permissions: UInt16
    /// Names the file within its file system.
    package let inode: UInt64
    /// How many names the file has: 2 for a blob that is published by a hard link, too.
    package let linkCount: Int
    /// The user's number; 0 is root.
    package let owner: UInt32
    /// The group's number.
    package let group: UInt32
    /// When the bytes were last written, in nanoseconds since 1970.
    package let modified: Int64
    /// When bytes, mode, owner or links last changed, in nanoseconds since 1970.
    package let changed: Int64

    /// The status of `path` itself, or of what it leads to where it is a link that `followsLinks`; nil where there is nothing.
    package init?(at path: FilePath, followsLinks: Bool = false) throws(FileError) {
        var status = stat()
        let result = path.withPlatformString { followsLinks ? stat($0, &status) : lstat($0, &status) }
        guard result == 0 else {
            let code = Errno(rawValue: Glibc.errno)
            if code == .noSuchFileOrDirectory || code == .notDirectory { return nil }
            throw FileError("look at", path, code)
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: kind = .regular
        case S_IFDIR: kind = .directory
        case S_IFLNK: kind = .symbolicLink
        default: kind = .other
        }
        size = Int64(status.st_size)
        allocated = Int64(status.st_blocks) * 512
        permissions = UInt16(status.st_mode & 0o7777)
        inode = UInt64(status.st_ino)
        linkCount = Int(status.st_nlink)
        owner = status.st_uid
        group = status.st_gid
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
    }
}

/// The few operations on whole files and folders that everything here is made of.
package enum Files {
    /// Whether anything, a dangling link too, is at `path`.
    package static func exists(_ path: FilePath) -> Bool {
        path.withPlatformString { access($0, F_OK) } == 0
    }

    /// All bytes of the file at `path`. Throws where it is a folder, or something that may never end: a pipe, a device.
    package static func read(_ path: FilePath) throws(FileError) -> [UInt8] {
        try wrap("read", path) {
            try withPlainFile(path) { descriptor, size in
                var bytes: [UInt8] = []
                bytes.reserveCapacity(size + 1)
                while true {
                    let room = max(size - bytes.count, 65_536)
                    let piece = try [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                        count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    if piece.isEmpty { return bytes }
                    if bytes.isEmpty { bytes = piece } else { bytes += piece }
                }
            }
        }
    }

    /// Opens the file at `path` for `body`, which gets its size by its status. Opening a pipe does not wait for a writer: it is
    /// refused, as all is that is neither a file nor the empty device.
    private static func withPlainFile<T>(_ path: FilePath, _ body: (FileDescriptor, Int) throws -> T) throws -> T {
        let descriptor = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
        return try descriptor.closeAfter {
            var status = stat()
            guard fstat(descriptor.rawValue, &status) == 0 else { throw Errno(rawValue: Glibc.errno) }
            switch status.st_mode & S_IFMT {
            case S_IFREG: break
            // A folder opens, and has whatever size its file system likes.
            case S_IFDIR: throw Errno.isDirectory
            case S_IFCHR where status.st_rdev == Self.emptyDevice: break
            default: throw NoPlainFile()
            }
            return try body(descriptor, max(Int(status.st_size), 0))
        }
    }

    /// `/dev/null`, null(4): what stands in the place of a configuration that is to be none.
    private static let emptyDevice = dev_t(1 << 8 | 3)

    private struct NoPlainFile: Error {}

    /// The text of the file at `path`, bytes that are no UTF-8 replaced.
    package static func readText(_ path: FilePath) throws(FileError) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Makes or replaces the file at `path` so that a reader, or a machine that lost power, sees the old bytes or
    /// the new ones and nothing between.
    package static func write(
        _ bytes: some Sequence<UInt8>, to path: FilePath,
        permissions: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
    ) throws(FileError) {
        // A name of its own for each call: two tasks may write one file at once.
        let name = "\(path.lastComponent?.string ?? "file").\(String(UInt64.random(in: 0 ... .max), radix: 36)).new"
        let temporary = path.removingLastComponent().appending(".\(name)")
        try wrap("write", path) {
            let descriptor = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: permissions)
            do {
                try descriptor.closeAfter {
                    try descriptor.writeAll(bytes)
                    guard fsync(descriptor.rawValue) == 0 else { throw Errno(rawValue: Glibc.errno) }
                }
            } catch {
                _ = temporary.withPlatformString { unlink($0) }
                throw error
            }
        }
        try rename(temporary, to: path)
    }

    /// Moves `source` to `destination` on the same file system, replacing what was there in one step.
    package static func rename(_ source: FilePath, to destination: FilePath) throws(FileError) {
        let result = source.withPlatformString { from in destination.withPlatformString { Glibc.rename(from, $0) } }
        guard result == 0 else { throw FileError("make", destination, Errno(rawValue: Glibc.errno)) }
    }

    /// Creates a folder, with those above it. False where there is something of the name already. Throws `FileError`.
    package static func createNewDirectory(_ path: FilePath) throws(FileError) -> Bool {
        try createDirectory(path.removingLastComponent())
        if path.withPlatformString({ mkdir($0, 0o755) }) == 0 { return true }
        let code = Errno(rawValue: Glibc.errno)
        guard code == .fileExists else { throw FileError("make the folder", path, code) }
        return false
    }

    /// Makes `path` a folder, with all above it; it is no error that it is one already.
    package static func createDirectory(_ path: FilePath) throws(FileError) {
        if path.withPlatformString({ mkdir($0, 0o755) }) == 0 { return }
        let code = Errno(rawValue: Glibc.errno)
        switch code {
        case .fileExists:
            return
        case .noSuchFileOrDirectory where !path.removingLastComponent().isEmpty:
            try createDirectory(path.removingLastComponent())
            guard path.withPlatformString({ mkdir($0, 0o755) }) == 0 || Glibc.errno == EEXIST else {
                throw FileError("make the folder", path, Errno(rawValue: Glibc.errno))
            }
        default:
            throw FileError("make the folder", path, code)
        }
    }

    /// Removes the file, link or folder at `path` with all that is in it; it is no error that there is nothing.
    package static func remove(_ path: FilePath) throws(FileError) {
        guard let status = try FileStatus(at: path) else { return }
        if status.kind == .directory {
            _ = path.withPlatformString { chmod($0, 0o700) }
            for name in try components(of: path) { try remove(path.appending(name)) }
            guard path.withPlatformString({ rmdir($0) }) == 0 else {
                throw FileError("remove the folder", path, Errno(rawValue: Glibc.errno))
            }
        } else if path.withPlatformString({ unlink($0) }) != 0, Glibc.errno != ENOENT {
            throw FileError("remove", path, Errno(rawValue: Glibc.errno))
        }
    }

    /// Sets the time at which the file at `path` was last written to now. One that is not there, or may not be touched, is left.
    package static func touch(_ path: FilePath) {
        _ = path.withPlatformString { utimensat(AT_FDCWD, $0, nil, 0) }
    }

    /// The names in the folder at `path`, in the order of their bytes. Throws where one is no UTF-8: as text it would
    /// name another file, or none.
    package static func list(_ path: FilePath) throws(FileError) -> [String] {
        var names: [String] = []
        for component in try components(of: path) {
            guard let name = String(validating: component) else {
                throw FileError("take the name of", path.appending(component), .illegalByteSequence)
            }
            names.append(name)
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The names in the folder at `path` as they are on disk, in no order.
    private static func components(of path: FilePath) throws(FileError) -> [FilePath.Component] {
        guard let folder = path.withPlatformString({ opendir($0) }) else {
            throw FileError("list the folder", path, Errno(rawValue: Glibc.errno))
        }
        defer { closedir(folder) }
        var names: [FilePath.Component] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { FilePath.Component(platformString: $0) }
            }
            if let name, name.kind == .regular { names.append(name) }
        }
        return names
    }

    /// The path of what is at `path`, no link in it; nil where nothing is.
    package static func realPath(_ path: FilePath) -> FilePath? {
        guard let name = path.withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(name) }
        return FilePath(platformString: name)
    }

    /// Makes a symbolic link at `path`, where nothing may be yet, that leads to `target`.
    package static func makeLink(at path: FilePath, to target: String) throws(FileError) {
        let result = target.withCString { to in path.withPlatformString { symlink(to, $0) } }
        guard result == 0 else { throw FileError("make the link", path, Errno(rawValue: Glibc.errno)) }
    }

    /// Gives a file or folder the permission bits `mode`, whatever the umask.
    package static func setPermissions(_ mode: UInt16, of path: FilePath) throws(FileError) {
        guard path.withPlatformString({ chmod($0, mode_t(mode)) }) == 0 else {
            throw FileError("protect", path, Errno(rawValue: Glibc.errno))
        }
    }

    /// What the symbolic link at `path` points to.
    package static func readLink(_ path: FilePath) throws(FileError) -> String {
        let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = path.withPlatformString { name in
                buffer.withMemoryRebound(to: CChar.self) { link in
                    link.baseAddress.map { max(readlink(name, $0, link.count), 0) } ?? 0
                }
            }
        }
        guard !bytes.isEmpty else { throw FileError("read the link", path, Errno(rawValue: Glibc.errno)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The digest and size of the file at `path`, read in pieces of a megabyte.
    package static func digest(_ path: FilePath) throws(FileError) -> (digest: Digest, size: Int64) {
        try wrap("read", path) {
            try withPlainFile(path) { descriptor, _ in
                let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
                defer { buffer.deallocate() }
                var hasher = SHA256Hasher()
                var size: Int64 = 0
                while true {
                    let count = try descriptor.read(into: buffer)
                    if count == 0 { break }
                    hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                    size += Int64(count)
                }
                return (hasher.finalize(), size)
            }
        }
    }

    /// Bytes that a user may still write on the file system that holds `path`.
    package static func freeSpace(at path: FilePath) throws(FileError) -> ByteCount {
        var status = statvfs()
        guard path.withPlatformString({ statvfs($0, &status) }) == 0 else {
            throw FileError("ask for the free space of", path, Errno(rawValue: Glibc.errno))
        }
        return ByteCount(UInt64(status.f_bavail) * UInt64(status.f_frsize))
    }

    private static func wrap<T>(_ operation: String, _ path: FilePath, _ body: () throws -> T) throws(FileError) -> T {
        do {
            return try body()
        } catch let error as Errno {
            throw FileError(operation, path, error)
        } catch let error as FileError {
            throw error
        } catch is NoPlainFile {
            throw FileError(operation, path, .invalidArgument, isNoPlainFile: true)
        } catch {
            throw FileError(operation, path, .ioError)
        }
    }
}

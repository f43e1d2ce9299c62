package import Primitives
package import SystemPackage

/// An ISO 9660 image (ECMA-119), with Rock Ridge names where it has them.
package enum DiscImage {
    /// Whether the file or device at `path` is one: its first volume descriptor, in sector 16, says so. A pipe is none, and is not
    /// waited for.
    package static func isImage(_ path: FilePath) -> Bool {
        guard let descriptor = try? FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking]) else {
            return false
        }
        defer { try? descriptor.close() }
        var mark = [UInt8](repeating: 0, count: 5)
        let count = try? mark.withUnsafeMutableBytes {
            try descriptor.read(fromAbsoluteOffset: 16 * 2048 + 1, into: $0)
        }
        return count == 5 && mark.elementsEqual("CD001".utf8)
    }

    /// Whether the firmware of a PC would start it from a disk: its first sector ends as a boot record does. Throws `FileError`.
    package static func startsFromDisk(_ path: FilePath) throws(FileError) -> Bool {
        try bytes(2, at: 510, of: path) == [0x55, 0xAA]
    }

    /// The names of all files and folders on the image at `image`: "kldload/deploy.lock". Throws where it is damaged.
    package static func names(on image: FilePath) throws(ArchiveError) -> [String] {
        try DiscVolume(image).entries().map(\.path)
    }

    /// `count` bytes from `offset` on; zeros for those behind the end.
    private static func bytes(_ count: Int, at offset: Int64, of path: FilePath) throws(FileError) -> [UInt8] {
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            return try descriptor.closeAfter {
                var bytes = [UInt8](repeating: 0, count: count)
                _ = try bytes.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: offset, into: $0) }
                return bytes
            }
        } catch {
            throw FileError("read", path, error as? Errno ?? .ioError)
        }
    }

    /// The bytes of the file called `name` ("kldload/deploy.lock") on the image at `image`; nil where there is none.
    ///
    /// The content of other files is not read. Throws where the image is damaged, or the file larger than `limit`.
    package static func file(_ name: String, on image: FilePath, limit: ByteCount) throws(ArchiveError) -> [UInt8]? {
        let volume = try DiscVolume(image)
        let entry = try volume.entries().first { $0.path == name && $0.kind == .file }
        return try entry.map { entry throws(ArchiveError) in try volume.bytes(of: entry, limit: limit) }
    }
}

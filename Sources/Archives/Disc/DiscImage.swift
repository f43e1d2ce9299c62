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

    /// How long the volume is, as its descriptor says it (ECMA-119, 8.4.8): a file with less of it was cut short.
    ///
    /// Throws `FileError` where `path` can't be read.
    package static func volumeSize(of path: FilePath) throws(FileError) -> ByteCount {
        let blocks = try bytes(4, at: 16 * 2048 + 80, of: path)
        return ByteCount(blocks.reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) } * 2048)
    }

    /// Whether the firmware of a PC would start it from a disk: its first sector ends as a boot record does. Throws `FileError`.
    package static func startsFromDisk(_ path: FilePath) throws(FileError) -> Bool {
        try bytes(2, at: 510, of: path) == [0x55, 0xAA]
    }

    /// What an image says of itself outside of its files.
    package struct Header: Hashable, Sendable {
        /// When the volume was last modified, sixteen digits to the hundredth of a second (ECMA-119, 8.4.26.1): "2026112821351116".
        package let modified: String
        /// When its root folder was, in the same digits: the whole tree of an image of ours has that date.
        package let fileDate: String
        /// The number of its partition table (UEFI 2.10, 5.3.2), 32 hexadecimal digits as they lie on the image; zeros without one.
        package let partitionTable: String
    }

    /// Reads that. Throws `FileError`.
    package static func header(of path: FilePath) throws(FileError) -> Header {
        let descriptor: Int64 = 16 * 2048
        let modified = try bytes(16, at: descriptor + 830, of: path)
        // Years since 1900, month, day, hour, minute, second (ECMA-119, 9.1.5), in the record of the root folder.
        let date = try bytes(6, at: descriptor + 156 + 18, of: path).map { Int($0) }
        let digits = [date[0] + 1900] + date.dropFirst()
        let number = try bytes(16, at: 512 + 56, of: path)
        return Header(
            modified: String(decoding: modified, as: UTF8.self),
            fileDate: digits.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined() + "00",
            partitionTable: number.map(\.hex).joined())
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

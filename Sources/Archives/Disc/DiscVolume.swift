package import Primitives
package import SystemPackage

/// A volume of ISO 9660 (ECMA-119) in a file or on a device, with the names of Rock Ridge (IEEE P1282) where it has them.
///
/// Only the descriptor is read when it is opened. Every number in it is held against the bounds of what holds it.
package final class DiscVolume: Sendable {
    /// What has a name on the volume.
    package struct Entry: Sendable, Hashable {
        /// What it is; devices, sockets and pipes are `other`.
        package enum Kind: Sendable, Hashable { case file, folder, link, other }

        /// From the root, without a slash before it: "live/vmlinuz".
        package let path: String
        /// What it is.
        package let kind: Kind
        /// Where its bytes lie in the image, in this order; nothing where it is empty, several of what is larger than 4 GiB.
        package let extents: [Range<Int64>]

        /// Of its content; in bytes.
        package var size: Int64 { extents.reduce(0) { $0 + Int64($1.count) } }
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

    /// Where the image is.
    package let path: FilePath
    /// Of the file or the device; in bytes.
    package let size: Int64
    /// What the volume says of its own size, in bytes: where the file is shorter, it is cut off.
    package let declaredSize: Int64
    /// What it says of itself.
    package let header: Header
    private let descriptor: FileDescriptor
    private let root: Range<Int64>

    /// A logical sector (ECMA-119, 6.1.2).
    static let sector: Int64 = 2048
    /// In bytes; the largest folder that is taken for one.
    private static let folderLimit: Int64 = 64 << 20
    private static let entryLimit = 1_000_000

    /// Opens the image at `path`, which stays open while this lives.
    ///
    /// - Throws: `ArchiveError` where it can't be read, or is no volume of blocks of 2048 bytes.
    package init(_ path: FilePath) throws(ArchiveError) {
        let opened: FileDescriptor
        do { opened = try FileDescriptor.open(path, .readOnly, options: .closeOnExec) } catch {
            throw ArchiveError(path.string, .file("open", error as? Errno ?? .ioError))
        }
        self.path = path
        descriptor = opened
        do throws(ArchiveError) {
            do { size = try opened.seek(offset: 0, from: .end) } catch {
                throw ArchiveError(path.string, .file("read", error as? Errno ?? .ioError))
            }
            let primary = try Self.primaryDescriptor(opened, path.string, size: size)
            // ECMA-119, 8.4: the volume space size, the size of a block, and the record of the root folder.
            guard primary.little(at: 128, bytes: 2) == Self.sector, let blocks = primary.little(at: 80, bytes: 4),
                let start = primary.little(at: 158, bytes: 4), let length = primary.little(at: 166, bytes: 4)
            else { throw ArchiveError(path.string, .unsupported("blocks that are not of 2048 bytes")) }
            declaredSize = blocks * Self.sector
            root = start * Self.sector..<start * Self.sector + length
            // Years since 1900, month, day, hour, minute, second (ECMA-119, 9.1.5), in the record of the root folder.
            let date = [Int(primary[174]) + 1900] + primary[175..<180].map { Int($0) }
            header = Header(
                modified: String(decoding: primary[830..<846], as: UTF8.self),
                fileDate: date.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined() + "00",
                partitionTable: try Self.read(opened, path.string, 568..<584).map(\.hex).joined())
        } catch {
            try? opened.close()
            throw error
        }
    }

    deinit { try? descriptor.close() }

    /// Descriptors lie from sector 16 on, one in each, up to the one that ends them (ECMA-119, 8.1).
    private static func primaryDescriptor(
        _ descriptor: FileDescriptor, _ name: String, size: Int64
    ) throws(ArchiveError) -> [UInt8] {
        for number in Int64(16)..<32 {
            guard (number + 1) * sector <= size else { throw ArchiveError(name, .truncated) }
            let bytes = try read(descriptor, name, number * sector..<(number + 1) * sector)
            guard bytes[1..<6].elementsEqual("CD001".utf8), bytes[0] != 255 else { break }
            if bytes[0] == 1 { return bytes }
        }
        throw ArchiveError(name, .corrupt("it has no volume descriptor of ISO 9660"))
    }

    /// Everything that has a name, folders before what is in them, in the order of the volume.
    ///
    /// - Throws: `ArchiveError` where a folder is none, lies outside of the image or within itself, where a name can't be one or is
    ///   there twice.
    package func entries() throws(ArchiveError) -> [Entry] {
        var entries: [Entry] = []
        var seen: Set<String> = []
        var visited: Set<Int64> = [root.lowerBound]
        var pending: [(path: String, extent: Range<Int64>)] = [("", root)]
        // In front of each entry's own fields: SUSP 1.12, 5.3.
        var skip = 0
        while let folder = pending.popLast() {
            let shown = folder.path.isEmpty ? "the root folder" : folder.path
            guard folder.extent.count <= Self.folderLimit else { throw damaged("\(shown) has an impossible size") }
            let records = try DirectoryRecords(
                bytes(in: folder.extent, of: shown), shown: shown, image: path.string, skip: &skip,
                isRoot: folder.path.isEmpty
            ) { block, offset, length throws(ArchiveError) in
                let start = block * Self.sector + offset
                return try self.bytes(in: start..<start + length, of: "\(shown) (its names)")
            }
            var inner: [(String, Range<Int64>)] = []
            for record in records.all {
                let name = folder.path.isEmpty ? record.name : "\(folder.path)/\(record.name)"
                guard seen.insert(name).inserted else { throw damaged("\(name) is there twice") }
                guard seen.count <= Self.entryLimit else { throw damaged("it has more than a million names") }
                for extent in record.extents where extent.upperBound > size || extent.upperBound > declaredSize {
                    throw damaged("\(name) lies outside of the image")
                }
                entries.append(Entry(path: name, kind: record.kind, extents: record.extents))
                guard record.kind == .folder else { continue }
                guard let extent = record.extents.first, visited.insert(extent.lowerBound).inserted else {
                    throw damaged("the folder \(name) is another one, too")
                }
                inner.append((name, extent))
            }
            pending += inner.reversed()
        }
        return entries
    }

    /// The content of a file.
    ///
    /// - Throws: `ArchiveError` where it is larger than `limit`, or can't be read.
    package func bytes(of entry: Entry, limit: ByteCount) throws(ArchiveError) -> [UInt8] {
        guard entry.size <= limit.bytes else { throw ArchiveError("\(path): \(entry.path)", .overLimit(limit)) }
        var bytes: [UInt8] = []
        for extent in entry.extents { bytes += try self.bytes(in: extent, of: entry.path) }
        return bytes
    }

    /// Calls `body` with the bytes in `range` of the image, piece after piece of up to a mebibyte.
    ///
    /// - Throws: `ArchiveError` where it ends before that, or can't be read.
    package func forEachPiece(
        of range: Range<Int64>, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(ArchiveError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(min(range.count, 1 << 20), 1), alignment: 4096)
        defer { buffer.deallocate() }
        var position = range.lowerBound
        while position < range.upperBound {
            let count = min(buffer.count, Int(range.upperBound - position))
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            try Self.fill(room, from: descriptor, path.string, at: position)
            body(UnsafeRawBufferPointer(room))
            position += Int64(count)
        }
    }

    private func damaged(_ detail: String) -> ArchiveError { ArchiveError(path.string, .corrupt(detail)) }

    private func bytes(in range: Range<Int64>, of shown: String) throws(ArchiveError) -> [UInt8] {
        guard range.upperBound <= size else { throw damaged("\(shown) lies outside of the image") }
        return try Self.read(descriptor, path.string, range)
    }

    private static func read(
        _ descriptor: FileDescriptor, _ name: String, _ range: Range<Int64>
    ) throws(ArchiveError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: range.count)
        var failure: ArchiveError?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(ArchiveError) { try fill(buffer, from: descriptor, name, at: range.lowerBound) } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from descriptor: FileDescriptor, _ name: String, at offset: Int64
    ) throws(ArchiveError) {
        var got = 0
        while got < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[got...])
            let count: Int
            do { count = try descriptor.read(fromAbsoluteOffset: offset + Int64(got), into: rest) } catch {
                throw ArchiveError(name, .file("read", error as? Errno ?? .ioError))
            }
            guard count > 0 else { throw ArchiveError(name, .truncated) }
            got += count
        }
    }
}

extension [UInt8] {
    /// The number in `count` bytes at `offset`, the lowest first: what ISO 9660 writes in both orders begins with that one
    /// (ECMA-119, 7.2.3, 7.3.3). Nil where there are not so many.
    func little(at offset: Int, bytes count: Int) -> Int64? {
        guard offset >= 0, offset + count <= self.count else { return nil }
        var value: Int64 = 0
        for place in (0..<count).reversed() { value = value << 8 | Int64(self[offset + place]) }
        return value
    }
}

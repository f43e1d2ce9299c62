internal import SystemPackage

/// Writes a tar archive, IEEE 1003.1 pax interchange format, byte by byte ours: the same entries give the same archive
/// with any version of any library.
final class TarWriter {
    private let output: (UnsafeRawBufferPointer) throws(ArchiveError) -> Void
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    private var used = 0
    private(set) var size: Int64 = 0

    /// Makes or empties the file at `path`.
    init(path: FilePath) throws(ArchiveError) {
        let file = try OutputFile(path)
        output = { (bytes) throws(ArchiveError) in try file.write(bytes) }
    }

    /// Hands the archive piece by piece to `output`.
    init(to output: @escaping (UnsafeRawBufferPointer) throws(ArchiveError) -> Void) { self.output = output }

    deinit { buffer.deallocate() }

    /// Writes the headers of `entry`, whose path is to be as it shall stand in the archive. For a file the caller
    /// then writes exactly its content's bytes and calls `pad`.
    func writeHeader(_ entry: ArchiveEntry) throws(ArchiveError) {
        var records: [UInt8] = []
        var path = entry.path
        if entry.kind == .directory, path.last != UInt8(ascii: "/") { path.append(UInt8(ascii: "/")) }
        if path.count > 100 || path.contains(where: { $0 >= 0x80 }) { records += Self.record("path", path) }
        var link: [UInt8] = []
        var size: Int64 = 0
        var device: (UInt32, UInt32) = (0, 0)
        let type: Character
        switch entry.kind {
        case .file(let bytes): (type, size) = ("0", bytes)
        case .hardLink(let target): (type, link) = ("1", target)
        case .symbolicLink(let target): (type, link) = ("2", target)
        case .characterDevice(let major, let minor): (type, device) = ("3", (major, minor))
        case .blockDevice(let major, let minor): (type, device) = ("4", (major, minor))
        case .directory: type = "5"
        case .fifo: type = "6"
        }
        if link.count > 100 || link.contains(where: { $0 >= 0x80 }) { records += Self.record("linkpath", link) }
        for (key, value, limit) in [
            ("size", UInt64(clamping: size), 1 << 33), ("uid", entry.user, 1 << 21), ("gid", entry.group, 1 << 21),
            ("mtime", UInt64(clamping: entry.modified), 1 << 33),
        ] where value >= UInt64(limit) {
            records += Self.record(key, Array(String(value).utf8))
        }
        for attribute in entry.attributes {
            records += Self.record("SCHILY.xattr." + attribute.name, attribute.value)
        }
        if !records.isEmpty {
            let header = Header(
                path: Array("./PaxHeaders/entry".utf8), link: [], type: "x", size: Int64(records.count),
                permissions: 0o644, user: 0, group: 0, modified: entry.modified, device: (0, 0))
            try write(header.bytes)
            try write(records)
            try pad(after: Int64(records.count))
        }
        let header = Header(
            path: path, link: link, type: type, size: size, permissions: entry.permissions, user: entry.user,
            group: entry.group, modified: entry.modified, device: device)
        try write(header.bytes)
    }

    func write(_ bytes: [UInt8]) throws(ArchiveError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(ArchiveError) in try write(UnsafeRawBufferPointer(bytes)) }
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            try fill { (room) throws(ArchiveError) in
                let count = min(room.count, rest.count)
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
                rest = rest.dropFirst(count)
                return count
            }
        }
    }

    /// Lets `body` write some bytes where they go, and say how many.
    func fill(_ body: (UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int) throws(ArchiveError) {
        if used == buffer.count { try flush() }
        used += try body(UnsafeMutableRawBufferPointer(rebasing: buffer[used...]))
    }

    /// Writes the content of the member that `reader` stands at, and its padding. `name` is what errors call its archive.
    func writeContent(of reader: ArchiveReader, size: Int64, name: String) throws(ArchiveError) {
        var left = size
        while left > 0 {
            try fill { (room) throws(ArchiveError) in
                let part = UnsafeMutableRawBufferPointer(rebasing: room[..<Int(min(left, Int64(room.count)))])
                let count = try reader.readData(into: part)
                guard count > 0 else { throw ArchiveError(name, .truncated) }
                left -= Int64(count)
                return count
            }
        }
        try pad(after: size)
    }

    /// Zeros up to the next multiple of 512, after content of `size` bytes.
    func pad(after size: Int64) throws(ArchiveError) {
        try write([UInt8](repeating: 0, count: Int((512 - size % 512) % 512)))
    }

    /// Writes the end of the archive and all that is buffered.
    func finish() throws(ArchiveError) {
        try write([UInt8](repeating: 0, count: 1024))
        try flush()
    }

    private func flush() throws(ArchiveError) {
        try output(UnsafeRawBufferPointer(rebasing: buffer[..<used]))
        size += Int64(used)
        used = 0
    }

    /// "LENGTH KEY=VALUE\n", where LENGTH counts itself.
    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = Array(" \(key)=".utf8) + value + [UInt8(ascii: "\n")]
        var length = body.count + 1
        while String(length).utf8.count + body.count != length { length += 1 }
        return Array(String(length).utf8) + body
    }
}

/// A file that is written from its beginning.
private final class OutputFile {
    private let path: FilePath
    private let descriptor: FileDescriptor

    /// Makes or empties the file at `path`.
    init(_ path: FilePath) throws(ArchiveError) {
        self.path = path
        do {
            descriptor = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw ArchiveError(path.string, .file("make", error as? Errno ?? .ioError))
        }
    }

    deinit { try? descriptor.close() }

    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        do {
            try descriptor.writeAll(bytes)
        } catch {
            throw ArchiveError(path.string, .file("write", error as? Errno ?? .ioError))
        }
    }
}

/// The 512 bytes of a ustar header. What doesn't fit is cut: a pax record before it says it in full.
private struct Header {
    var bytes = [UInt8](repeating: 0, count: 512)

    init(
        path: [UInt8], link: [UInt8], type: Character, size: Int64, permissions: UInt16, user: UInt64, group: UInt64,
        modified: Int64, device: (UInt32, UInt32)
    ) {
        bytes.replaceSubrange(0..<min(path.count, 100), with: path.prefix(100))
        octal(UInt64(permissions), at: 100, digits: 7)
        octal(user, at: 108, digits: 7)
        octal(group, at: 116, digits: 7)
        octal(UInt64(clamping: size), at: 124, digits: 11)
        octal(UInt64(clamping: modified), at: 136, digits: 11)
        bytes.replaceSubrange(148..<156, with: [UInt8](repeating: UInt8(ascii: " "), count: 8))
        bytes[156] = type.asciiValue ?? UInt8(ascii: "0")
        bytes.replaceSubrange(157..<157 + min(link.count, 100), with: link.prefix(100))
        bytes.replaceSubrange(257..<265, with: Array("ustar".utf8) + [0] + Array("00".utf8))
        octal(UInt64(device.0), at: 329, digits: 7)
        octal(UInt64(device.1), at: 337, digits: 7)
        octal(bytes.reduce(0) { $0 + UInt64($1) }, at: 148, digits: 6)
        bytes[154] = 0
    }

    private mutating func octal(_ value: UInt64, at offset: Int, digits: Int) {
        let most = UInt64(1) << UInt64(3 * digits)
        var rest = value < most ? value : 0
        for index in (0..<digits).reversed() {
            bytes[offset + index] = UInt8(ascii: "0") + UInt8(rest & 7)
            rest >>= 3
        }
    }
}

private import Primitives
package import SystemPackage

/// Reads a tar archive packed with zstd as a stream: while one thread reads and unpacks, another takes what comes. Only what
/// `PackedTarWriter` writes is read: plain files.
package final class PackedTarReader {
    /// A member while it passes.
    package struct Member {
        /// As it stands in the archive.
        package let path: String
        /// In bytes.
        package let size: Int64
        /// Where its content begins in what is packed.
        package let offset: Int64
        fileprivate let reader: PackedTarReader

        /// Hands the content over piece by piece; what is not asked for is passed over.
        package func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
            try reader.pass(size, body)
        }
    }

    private let name: String
    private let next: () throws -> UnsafeRawBufferPointer?
    private var piece = UnsafeRawBufferPointer(start: nil, count: 0)
    private var offset: Int64 = 0

    private init(name: String, next: @escaping () throws -> UnsafeRawBufferPointer?) {
        self.name = name
        self.next = next
    }

    /// Hands each member of the archive in `descriptor` to `body`. `name` is what errors call the file.
    ///
    /// Throws what `body` throws, and `PackedTarError` where the file is foreign, cut off or damaged: members before that place were
    /// handed over all the same.
    package static func read(
        from descriptor: FileDescriptor, name: String, _ body: (Member) throws -> Void
    ) throws {
        let unpacker = try PackedFile(descriptor, name: name)
        let ring = PieceRing()
        try BlockingWork.beside {
            do {
                while let piece = try unpacker.next() { if !ring.put(piece) { break } }
                ring.finish(nil)
            } catch {
                ring.finish(error)
            }
        } _: { isRunning in
            defer { if isRunning { ring.cancel() } }
            let reader = PackedTarReader(name: name, next: isRunning ? ring.next : unpacker.next)
            try reader.readMembers(body)
        }
    }

    private func readMembers(_ body: (Member) throws -> Void) throws {
        var largeSize: Int64?
        while true {
            let start = offset
            var header: [UInt8] = []
            try pass(512) { header += $0 }
            if header.allSatisfy({ $0 == 0 }) { return try readEnd() }
            guard let found = TarHeader(header) else {
                throw PackedTarError(name, .odd(at: start, "there is no header of a tar archive"))
            }
            switch found.type {
            case "x":
                guard found.size <= 1 << 16 else {
                    throw PackedTarError(name, .odd(at: start, "a pax header of \(found.size) bytes"))
                }
                var records: [UInt8] = []
                try pass(found.size) { records += $0 }
                largeSize = TarHeader.size(inRecords: records)
            case "0":
                let size = largeSize ?? found.size
                largeSize = nil
                let end = offset + size
                try body(Member(path: found.path, size: size, offset: offset, reader: self))
                try pass(end - offset) { _ in }
                try pass((512 - size % 512) % 512) { _ in }
                continue
            default:
                throw PackedTarError(name, .odd(at: start, "\(found.path) is no plain file"))
            }
            try pass((512 - found.size % 512) % 512) { _ in }
        }
    }

    /// Behind the first block of zeros: another one, and nothing else.
    private func readEnd() throws {
        try pass(512) { block in
            guard block.allSatisfy({ $0 == 0 }) else {
                throw PackedTarError(name, .odd(at: offset, "there is more behind the end of the archive"))
            }
        }
        guard piece.isEmpty, try next() == nil else {
            throw PackedTarError(name, .odd(at: offset, "there is more behind the end of the archive"))
        }
    }

    /// Hands the next `count` bytes to `body`.
    private func pass(_ count: Int64, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var left = count
        while left > 0 {
            if piece.isEmpty {
                guard let found = try next() else {
                    throw PackedTarError(name, .odd(at: offset, "it ends in the middle"))
                }
                piece = found
                continue
            }
            let part = UnsafeRawBufferPointer(rebasing: piece.prefix(Int(clamping: left)))
            piece = UnsafeRawBufferPointer(rebasing: piece.dropFirst(part.count))
            offset += Int64(part.count)
            left -= Int64(part.count)
            try body(part)
        }
    }
}

/// What is read of the header of a tar archive's member (IEEE 1003.1, ustar).
private struct TarHeader {
    let path: String
    let size: Int64
    let type: Character

    /// Nil where `block` is none: its sum says otherwise.
    init?(_ block: [UInt8]) {
        guard block.count == 512, block[257..<262].elementsEqual("ustar".utf8) else { return nil }
        let sum = block.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int64(block[$1])) }
        guard let noted = Self.octal(block[148..<156]), noted == sum, let size = Self.octal(block[124..<136]) else {
            return nil
        }
        path = String(decoding: block[..<100].prefix { $0 != 0 }, as: UTF8.self)
        self.size = size
        type = Character(Unicode.Scalar(block[156]))
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int64? {
        let text = String(decoding: field.prefix { $0 != 0 }, as: UTF8.self).filter { $0 != " " }
        return Int64(text, radix: 8).flatMap { $0 < 0 ? nil : $0 }
    }

    /// The size in pax records: for what is too large for a header.
    static func size(inRecords records: [UInt8]) -> Int64? {
        for line in records.split(separator: UInt8(ascii: "\n")) {
            let record = line.drop { $0 != UInt8(ascii: " ") }.dropFirst()
            if record.starts(with: "size=".utf8) {
                return Int64(String(decoding: record.dropFirst(5), as: UTF8.self)).flatMap { $0 < 0 ? nil : $0 }
            }
        }
        return nil
    }
}

/// Reads a file that is packed with zstd.
private final class PackedFile {
    private let descriptor: FileDescriptor
    private let name: String
    private let unpacker: ZstdUnpacker
    private let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4096)
    private var filled = 0
    private var position = 0
    /// How much of the file was read.
    private var offset: Int64 = 0

    init(_ descriptor: FileDescriptor, name: String) throws(ArchiveError) {
        guard let unpacker = ZstdUnpacker() else { throw ArchiveError(name, .library("out of memory")) }
        self.descriptor = descriptor
        self.name = name
        self.unpacker = unpacker
    }

    deinit {
        packed.deallocate()
        room.deallocate()
    }

    /// The next piece, valid until the next call; nil at the end.
    func next() throws -> UnsafeRawBufferPointer? {
        while true {
            if position == filled {
                let isFirst = offset == 0
                try fill()
                if isFirst { try checkStart() }
                if filled == 0 {
                    guard unpacker.isBetweenFrames else { throw PackedTarError(name, .cut(at: offset)) }
                    return nil
                }
            }
            let count: Int
            do {
                let input = UnsafeRawBufferPointer(rebasing: packed[..<filled])
                count = try unpacker.unpack(input, from: &position, into: room)
            } catch {
                throw PackedTarError(name, .damaged(at: offset, error.text))
            }
            if count > 0 { return UnsafeRawBufferPointer(rebasing: room[..<count]) }
        }
    }

    /// Reads as much as there is room for, unless the file ends: a pipe gives less at a time.
    private func fill() throws {
        position = 0
        filled = 0
        do {
            while filled < packed.count {
                let count = try descriptor.read(into: UnsafeMutableRawBufferPointer(rebasing: packed[filled...]))
                if count == 0 { break }
                filled += count
            }
        } catch {
            throw ArchiveError(name, .file("read", error as? Errno ?? .ioError))
        }
        offset += Int64(filled)
    }

    private func checkStart() throws(PackedTarError) {
        let start = Array(packed[..<min(filled, 4)])
        guard Compression(sniffing: start) == .zstd else { throw PackedTarError(name, .foreign(start)) }
    }
}

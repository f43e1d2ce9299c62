private import CLzma
private import CZstd
package import Primitives

extension Compression {
    /// Unpacks `bytes` and hands them to `body` piece by piece, in order; a piece is valid during the call. A second thread
    /// unpacks while `body` works on the calling one, at most a megabyte ahead.
    ///
    /// The result may have `limit` bytes at most; `name` is what errors call the bytes.
    ///
    /// - Throws: what `body` throws, or `ArchiveError` where the bytes are cut off, damaged or over the limit.
    package func decompress(
        _ bytes: [UInt8], name: String, limit: ByteCount, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let ring = PieceRing()
        try BlockingWork.beside {
            do {
                try unpack(bytes, name: name, limit: limit) { piece in ring.put(piece) }
                ring.finish(nil)
            } catch {
                ring.finish(error)
            }
        } _: { isRunning in
            guard isRunning else {
                return try unpack(bytes, name: name, limit: limit) { piece in
                    try body(piece)
                    return true
                }
            }
            defer { ring.cancel() }
            while let piece = try ring.next() { try body(piece) }
        }
    }

    /// Unpacks on this thread, until `body` returns false.
    private func unpack(
        _ bytes: [UInt8], name: String, limit: ByteCount, _ body: (UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        let limit = Int(clamping: limit.bytes)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PieceRing.pieceSize, alignment: 16)
        defer { buffer.deallocate() }
        var total = 0
        func take(_ count: Int) throws -> Bool {
            total += count
            guard total <= limit else { throw ArchiveError(name, .overLimit(ByteCount(limit))) }
            return try count == 0 || body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        try bytes.withUnsafeBytes { input in
            switch self {
            case .none:
                guard input.count <= limit else { throw ArchiveError(name, .overLimit(ByteCount(limit))) }
                _ = try body(input)
            case .gzip:
                guard input.count >= 18 else { throw ArchiveError(name, .truncated) }
                guard let check = try unpackRaw(input, name: name, into: buffer, take) else { return }
                try verifyTrailer(bytes, name: name, total: total, check: check)
            case .bzip2:
                try verifyIsBzip2(bytes, name)
                _ = try unpackRaw(input, name: name, into: buffer, take)
            case .xz:
                let decoder = try XZDecoder(name: name)
                var position = 0
                while true {
                    let rest = UnsafeRawBufferPointer(rebasing: input[position...])
                    let result = decoder.decode(rest, isLast: true, into: buffer)
                    position += result.consumed
                    if case .failed(let error) = result.step { throw error }
                    guard try take(result.produced) else { return }
                    if case .finished = result.step { return }
                }
            case .zstd: try unpackZstd(input, name: name, into: buffer, take)
            }
        }
    }

    /// Returns the check sum of what was unpacked; nil where `take` wanted no more.
    private func unpackRaw(
        _ input: UnsafeRawBufferPointer, name: String, into buffer: UnsafeMutableRawBufferPointer,
        _ take: (Int) throws -> Bool
    ) throws -> UInt32? {
        let reader = try ArchiveReader(name: name)
        var check: UInt32 = 0
        guard try reader.openRaw(input) else { return check }
        while true {
            let count = try reader.readData(into: buffer)
            check = lzma_crc32(buffer.bindMemory(to: UInt8.self).baseAddress, count, check)
            guard try take(count) else { return nil }
            if count < buffer.count { return check }
        }
    }

    /// libarchive compares neither the check sum nor the length at the end of a member (RFC 1952, 2.3.1).
    private func verifyTrailer(_ bytes: [UInt8], name: String, total: Int, check: UInt32) throws {
        func trailer(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[bytes.count - offset + $1]) << UInt32(8 * $1) }
        }
        if trailer(4) == UInt32(truncatingIfNeeded: total), trailer(8) == check { return }
        // A file of several members has the trailer of its last one; all of it is needed to judge that.
        _ = try decompress(bytes, name: name, limit: ByteCount(total))
    }

    private func unpackZstd(
        _ input: UnsafeRawBufferPointer, name: String, into buffer: UnsafeMutableRawBufferPointer,
        _ take: (Int) throws -> Bool
    ) throws {
        guard let unpacker = ZstdUnpacker() else { throw ArchiveError(name, .library("out of memory")) }
        var position = 0
        while !unpacker.isBetweenFrames || position < input.count {
            let before = position
            let count: Int
            do {
                count = try unpacker.unpack(input, from: &position, into: buffer)
            } catch {
                throw ArchiveError(name, .corrupt(error.text))
            }
            guard try take(count) else { return }
            if !unpacker.isBetweenFrames, position == before, count == 0 { throw ArchiveError(name, .truncated) }
        }
    }
}

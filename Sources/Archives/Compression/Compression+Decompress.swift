private import CArchive
private import CLzma
private import CZstd
private import Glibc
package import Primitives
package import SystemPackage

extension Compression {
    /// All of the file at `path`, unpacked, in memory. It works on the calling thread (and, for .xz, some of
    /// liblzma's own) until it is done: some 100 MB of output a second and core for xz, more for the others.
    ///
    /// The result may have `limit` bytes at most. `sizeHint` is how many to expect, if that is known from elsewhere: it
    /// saves copying when it is right, and is not needed where the file declares its size.
    ///
    /// - Throws: `ArchiveError` naming the file when it can't be read, is cut off, damaged or over the limit.
    package func decompress(
        file path: FilePath, limit: ByteCount, sizeHint: Int? = nil
    ) throws(ArchiveError) -> [UInt8] {
        let bytes: [UInt8]
        do { bytes = try Files.read(path) } catch { throw ArchiveError(path.string, .file("read", error.errno)) }
        return try decompress(bytes, name: path.string, limit: limit, sizeHint: sizeHint)
    }

    /// All of `bytes`, unpacked. `name` is what errors call them; the rest is as for a file.
    package func decompress(
        _ bytes: [UInt8], name: String, limit: ByteCount, sizeHint: Int? = nil
    ) throws(ArchiveError) -> [UInt8] {
        let limit = Int(clamping: limit.bytes)
        switch self {
        case .none:
            guard bytes.count <= limit else { throw ArchiveError(name, .overLimit(ByteCount(limit))) }
            return bytes
        case .gzip: return try gunzip(bytes, name, limit, sizeHint)
        case .bzip2: return try unbzip2(bytes, name, limit, sizeHint)
        case .xz: return try unxz(bytes, name, limit, sizeHint)
        case .zstd: return try unzstd(bytes, name, limit, sizeHint)
        }
    }
}

private enum Filling {
    case full(Int)
    case finished(Int)
    case failed(ArchiveError)
}

/// Collects what `produce` writes into the room it is given. With a right guess the result is never copied.
private func collect(
    _ name: String, guess: Int?, limit: Int, _ produce: (UnsafeMutableRawBufferPointer) -> Filling
) throws(ArchiveError) -> [UInt8] {
    let most = limit == .max ? limit : limit + 1
    var result: [UInt8] = []
    // One byte more than expected, so that the end is seen without a second piece.
    var room = min(max((guess ?? 1 << 20), 4096) + 1, most)
    while true {
        var filling = Filling.full(0)
        let piece = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            preferHugePages(UnsafeMutableRawBufferPointer(buffer))
            filling = produce(UnsafeMutableRawBufferPointer(buffer))
            count =
                switch filling {
                case .full(let produced), .finished(let produced): produced
                case .failed: 0
                }
        }
        if case .failed(let error) = filling { throw error }
        if result.isEmpty { result = piece } else { result += piece }
        guard result.count <= limit else { throw ArchiveError(name, .overLimit(ByteCount(limit))) }
        if case .finished = filling { return result }
        room = min(max(result.count, 1 << 20), most - result.count)
    }
}

/// Asks for large pages where a buffer is large: taking 57 MB in pages of 4 kB costs a tenth of decoding them.
private func preferHugePages(_ buffer: UnsafeMutableRawBufferPointer) {
    guard buffer.count >= 8 << 20, let base = buffer.baseAddress else { return }
    let start = (Int(bitPattern: base) + 4095) & ~4095
    guard let aligned = UnsafeMutableRawPointer(bitPattern: start) else { return }
    madvise(aligned, Int(bitPattern: base) + buffer.count - start, MADV_HUGEPAGE)
}

/// All blocks at the same time; nil where there is only one, or the file is for `XZDecoder` to judge.
private func unxzBlocks(_ bytes: [UInt8], _ name: String, _ limit: Int) throws(ArchiveError) -> [UInt8]? {
    try bytes.withUnsafeBufferPointer { buffer throws(ArchiveError) in
        let input = UnsafeRawBufferPointer(buffer)
        guard let blocks = XZBlocks(input) else { return nil }
        guard blocks.size <= limit else { throw ArchiveError(name, .overLimit(ByteCount(limit))) }
        var failure: ArchiveError?
        let result = [UInt8](unsafeUninitializedCapacity: blocks.size) { buffer, count in
            let output = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<blocks.size])
            preferHugePages(output)
            do throws(ArchiveError) {
                try blocks.decode(input, into: output, threads: Int(lzma_cputhreads()), name: name)
                count = blocks.size
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return result
    }
}

private func unxz(_ bytes: [UInt8], _ name: String, _ limit: Int, _ hint: Int?) throws(ArchiveError) -> [UInt8] {
    if let result = try unxzBlocks(bytes, name, limit) { return result }
    let decoder = try XZDecoder(name: name)
    var position = 0
    return try collect(name, guess: hint ?? bytes.withUnsafeBytes(XZDecoder.declaredSize), limit: limit) { output in
        bytes.withUnsafeBytes { input in
            var produced = 0
            while true {
                let rest = UnsafeMutableRawBufferPointer(rebasing: output[produced...])
                let source = UnsafeRawBufferPointer(rebasing: input[position...])
                let result = decoder.decode(source, isLast: true, into: rest)
                position += result.consumed
                produced += result.produced
                switch result.step {
                case .finished: return .finished(produced)
                case .failed(let error): return .failed(error)
                case .more where produced == output.count: return .full(produced)
                case .more: continue
                }
            }
        }
    }
}

private func unzstd(_ bytes: [UInt8], _ name: String, _ limit: Int, _ hint: Int?) throws(ArchiveError) -> [UInt8] {
    guard let context = ZSTD_createDCtx() else { throw ArchiveError(name, .library("out of memory")) }
    defer { ZSTD_freeDCtx(context) }
    return try bytes.withUnsafeBufferPointer { input throws(ArchiveError) in
        let declared = ZSTD_getFrameContentSize(input.baseAddress, input.count)
        // The two highest values mean "unknown" and "no frame".
        let guess = hint ?? (declared < UInt64.max - 1 ? Int(clamping: declared) : nil)
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var isBetweenFrames = false
        return try collect(name, guess: guess, limit: limit) { output in
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            while true {
                if isBetweenFrames, source.pos == source.size { return .finished(target.pos) }
                if target.pos == target.size { return .full(target.pos) }
                let before = (source.pos, target.pos)
                let result = ZSTD_decompressStream(context, &target, &source)
                if ZSTD_isError(result) != 0 {
                    return .failed(ArchiveError(name, .corrupt(String(cString: ZSTD_getErrorName(result)))))
                }
                isBetweenFrames = result == 0
                if !isBetweenFrames, before == (source.pos, target.pos) {
                    return .failed(ArchiveError(name, .truncated))
                }
            }
        }
    }
}

/// What libarchive makes of one stream or several.
private func unpackRaw(
    _ bytes: [UInt8], _ name: String, guess: Int?, _ limit: Int
) throws(ArchiveError) -> [UInt8] {
    let reader = try ArchiveReader(name: name)
    return try bytes.withUnsafeBufferPointer { input throws(ArchiveError) -> [UInt8] in
        guard try reader.openRaw(UnsafeRawBufferPointer(input)) else { return [] }
        return try collect(name, guess: guess, limit: limit) { output in
            do throws(ArchiveError) {
                let count = try reader.readData(into: output)
                return count < output.count ? .finished(count) : .full(count)
            } catch {
                return .failed(error)
            }
        }
    }
}

/// The library compares the check sums of a bzip2 stream.
private func unbzip2(_ bytes: [UInt8], _ name: String, _ limit: Int, _ hint: Int?) throws(ArchiveError) -> [UInt8] {
    try verifyIsBzip2(bytes, name)
    return try unpackRaw(bytes, name, guess: hint, limit)
}

/// What is none, libarchive would hand on as it is.
func verifyIsBzip2(_ bytes: [UInt8], _ name: String) throws(ArchiveError) {
    guard bytes.count >= 14 else { throw ArchiveError(name, .truncated) }
    guard Compression(sniffing: bytes) == .bzip2 else { throw ArchiveError(name, .corrupt("it is no bzip2 file")) }
}

private func gunzip(_ bytes: [UInt8], _ name: String, _ limit: Int, _ hint: Int?) throws(ArchiveError) -> [UInt8] {
    guard bytes.count >= 18 else { throw ArchiveError(name, .truncated) }
    guard Compression(sniffing: bytes) == .gzip else { throw ArchiveError(name, .corrupt("it is no gzip file")) }
    func trailer(_ offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(bytes[bytes.count - offset + $1]) << UInt32(8 * $1) }
    }
    let (check, size) = (trailer(8), Int(trailer(4)))
    let result = try unpackRaw(bytes, name, guess: hint ?? size, limit)
    // libarchive compares neither the check sum nor the length at the end of a member (RFC 1952, 2.3.1): this does,
    // for the last member of the file, which as a rule is the only one.
    guard size <= result.count else { throw ArchiveError(name, .truncated) }
    let actual = result.withUnsafeBufferPointer { buffer in
        lzma_crc32(buffer.baseAddress.map { $0 + (buffer.count - size) }, size, 0)
    }
    guard actual == check else { throw ArchiveError(name, .corrupt("its gzip check sum is wrong")) }
    return result
}

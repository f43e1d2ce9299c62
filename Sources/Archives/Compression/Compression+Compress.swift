private import CArchive
private import CLzma
private import CZstd

extension Compression {
    /// `bytes`, packed with no time or name inside, so that the same bytes give the same result with the same version of the
    /// library. `level` counts as the tool of the format does; by default it is 6 for xz and 9 for the others.
    ///
    /// It works on the calling thread; for .xz with a `blockSize` in bytes, on all cores: each block is packed on its own,
    /// and the result does not depend on how many cores there are.
    ///
    /// - Throws: `ArchiveError` only for want of memory or where the level doesn't exist.
    package func compress(
        _ bytes: [UInt8], level: Int32? = nil, blockSize: Int? = nil
    ) throws(ArchiveError) -> [UInt8] {
        switch self {
        case .none: return bytes
        case .gzip: return try filtered(bytes, "gzip", level: level ?? 9)
        case .bzip2: return try filtered(bytes, "bzip2", level: level ?? 9)
        case .xz: return try xzipped(bytes, level: level ?? 6, blockSize: blockSize)
        case .zstd: return try zstandard(bytes, level: level ?? 9)
        }
    }
}

private func failure(_ format: String, _ detail: String) -> ArchiveError {
    ArchiveError("\(format) data", .library(detail))
}

/// Runs a C function that packs into a buffer and says how much it wrote, or -1.
private func pack(
    _ format: String, bound: Int, _ body: (UnsafeMutableBufferPointer<UInt8>) -> Int
) throws(ArchiveError) -> [UInt8] {
    var written = -1
    let result = [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
        written = body(buffer)
        count = max(written, 0)
    }
    guard written >= 0 else { throw failure(format, "the library could not pack it") }
    return result
}

private func xzipped(_ bytes: [UInt8], level: Int32, blockSize: Int?) throws(ArchiveError) -> [UInt8] {
    guard let blockSize else {
        return try pack("xz", bound: lzma_stream_buffer_bound(bytes.count)) { output in
            var position = 0
            let result = lzma_easy_buffer_encode(
                UInt32(clamping: level), LZMA_CHECK_CRC64, nil, bytes, bytes.count, output.baseAddress, &position,
                output.count)
            return result == LZMA_OK ? position : -1
        }
    }
    var options = lzma_mt()
    options.threads = max(lzma_cputhreads(), 1)
    options.block_size = UInt64(max(blockSize, 4096))
    options.preset = UInt32(clamping: level)
    options.check = LZMA_CHECK_CRC64
    var stream = lzma_stream()
    defer { lzma_end(&stream) }
    guard lzma_stream_encoder_mt(&stream, &options) == LZMA_OK else { throw failure("xz", "out of memory") }
    let blocks = bytes.count / Int(options.block_size) + 1
    return try bytes.withUnsafeBufferPointer { input throws(ArchiveError) in
        // A block's header and the index's line for it need less than 128 bytes.
        try pack("xz", bound: lzma_stream_buffer_bound(bytes.count) + blocks * 128) { output in
            stream.next_in = input.baseAddress
            stream.avail_in = input.count
            stream.next_out = output.baseAddress
            stream.avail_out = output.count
            var result = LZMA_OK
            while result == LZMA_OK { result = lzma_code(&stream, LZMA_FINISH) }
            return result == LZMA_STREAM_END ? output.count - stream.avail_out : -1
        }
    }
}

private func zstandard(_ bytes: [UInt8], level: Int32) throws(ArchiveError) -> [UInt8] {
    guard let context = ZSTD_createCCtx() else { throw failure("zstd", "out of memory") }
    defer { ZSTD_freeCCtx(context) }
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    return try pack("zstd", bound: ZSTD_compressBound(bytes.count)) { output in
        let size = ZSTD_compress2(context, output.baseAddress, output.count, bytes, bytes.count)
        return ZSTD_isError(size) != 0 ? -1 : size
    }
}

/// By the filter of libarchive called `format`, gzip or bzip2.
private func filtered(_ bytes: [UInt8], _ format: String, level: Int32) throws(ArchiveError) -> [UInt8] {
    guard let archive = archive_write_new() else { throw failure(format, "out of memory") }
    defer { archive_write_free(archive) }
    guard let entry = archive_entry_new() else { throw failure(format, "out of memory") }
    defer { archive_entry_free(entry) }
    archive_entry_set_filetype(entry, 0o100000)
    archive_entry_set_size(entry, Int64(bytes.count))
    // Stored blocks, the worst case of RFC 1951, add 5 bytes to each 16 kB or more of input; bzip2 adds 1 % and 600 bytes at most.
    return try pack(format, bound: bytes.count + bytes.count / 100 + 1024) { output in
        var used = 0
        guard archive_write_set_format_raw(archive) == ARCHIVE_OK,
            archive_write_add_filter_by_name(archive, format) == ARCHIVE_OK,
            archive_write_set_filter_option(archive, format, "compression-level", "\(level)") == ARCHIVE_OK,
            format != "gzip" || archive_write_set_filter_option(archive, format, "timestamp", nil) == ARCHIVE_OK,
            archive_write_set_bytes_in_last_block(archive, 1) == ARCHIVE_OK,
            archive_write_open_memory(archive, output.baseAddress, output.count, &used) == ARCHIVE_OK,
            archive_write_header(archive, entry) == ARCHIVE_OK,
            archive_write_data(archive, bytes, bytes.count) == bytes.count,
            archive_write_close(archive) == ARCHIVE_OK
        else { return -1 }
        return used
    }
}

private import CLzma
internal import Primitives

/// The blocks of an .xz file of one stream, as the index at its end lists them: each can be decoded on its own, to its own
/// place of the result (The .xz File Format 1.2.0, sections 3 and 4).
struct XZBlocks {
    private struct Block {
        var input: Range<Int>
        var output: Range<Int>
        /// Of the compressed block without its padding.
        var unpaddedSize: UInt64
    }

    private let blocks: [Block]
    private let check: lzma_check
    /// Of the whole result; a claim of the file, checked while it is decoded.
    let size: Int

    /// nil where the file has several streams, or a single block, or is none of this format: what decodes it from the
    /// beginning says more about that.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 32, bytes.count % 4 == 0,
            let base = bytes.bindMemory(to: UInt8.self).baseAddress
        else { return nil }
        var header = lzma_stream_flags()
        var footer = lzma_stream_flags()
        guard lzma_stream_header_decode(&header, base) == LZMA_OK,
            lzma_stream_footer_decode(&footer, base + (bytes.count - 12)) == LZMA_OK,
            lzma_stream_flags_compare(&header, &footer) == LZMA_OK,
            footer.backward_size <= UInt64(bytes.count - 24)
        else { return nil }
        var index: OpaquePointer?
        var memory: UInt64 = 16 << 20
        let indexStart = bytes.count - 12 - Int(footer.backward_size)
        var position = indexStart
        guard lzma_index_buffer_decode(&index, &memory, nil, base, &position, bytes.count - 12) == LZMA_OK else {
            return nil
        }
        defer { lzma_index_end(index, nil) }
        guard lzma_index_file_size(index) == UInt64(bytes.count), lzma_index_block_count(index) > 1 else { return nil }
        var iterator = lzma_index_iter()
        lzma_index_iter_init(&iterator, index)
        var blocks: [Block] = []
        while lzma_index_iter_next(&iterator, LZMA_INDEX_ITER_BLOCK) == 0 {
            let block = iterator.block
            let input = Int(clamping: block.compressed_file_offset)
            let output = Int(clamping: block.uncompressed_file_offset)
            let (inputEnd, inputOverflows) = input.addingReportingOverflow(Int(clamping: block.total_size))
            let (outputEnd, outputOverflows) = output.addingReportingOverflow(Int(clamping: block.uncompressed_size))
            guard !inputOverflows, !outputOverflows, inputEnd <= indexStart, block.total_size > 0 else { return nil }
            blocks.append(
                Block(input: input..<inputEnd, output: output..<outputEnd, unpaddedSize: block.unpadded_size))
        }
        self.blocks = blocks
        check = footer.check
        size = blocks.last?.output.upperBound ?? 0
    }

    /// Decodes all blocks of `bytes`, the same as at `init`, into `output`, which has `size` bytes, on up to `threads` threads.
    /// `name` is for errors.
    func decode(
        _ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, threads: Int, name: String
    ) throws(ArchiveError) {
        nonisolated(unsafe) let (bytes, output) = (bytes, output)
        let failures = BlockingWork.concurrently(blocks.count, threads: threads) { number -> ArchiveError? in
            decode(
                blocks[number], UnsafeRawBufferPointer(rebasing: bytes[blocks[number].input]),
                into: UnsafeMutableRawBufferPointer(rebasing: output[blocks[number].output]), name: name)
        }
        if let failure = failures.lazy.compactMap({ $0 }).first { throw failure }
    }

    private func decode(
        _ block: Block, _ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, name: String
    ) -> ArchiveError? {
        guard let source = input.bindMemory(to: UInt8.self).baseAddress, source[0] != 0 else {
            return ArchiveError(name, .corrupt("a block of it has no header"))
        }
        // LZMA_FILTERS_MAX and an end mark; lzma_block_header_size_decode is a macro: (n + 1) * 4.
        return withUnsafeTemporaryAllocation(of: lzma_filter.self, capacity: 5) { filters in
            var header = lzma_block()
            header.version = 0
            header.header_size = (UInt32(source[0]) + 1) * 4
            header.check = check
            header.filters = filters.baseAddress
            guard Int(header.header_size) <= input.count else { return ArchiveError(name, .truncated) }
            guard lzma_block_header_decode(&header, nil, source) == LZMA_OK else {
                return ArchiveError(name, .corrupt("the header of a block is wrong"))
            }
            defer { lzma_filters_free(filters.baseAddress, nil) }
            guard lzma_block_compressed_size(&header, block.unpaddedSize) == LZMA_OK else {
                return ArchiveError(name, .corrupt("a block is not of the size that the index says"))
            }
            guard lzma_raw_decoder_memusage(filters.baseAddress) <= 256 << 20 else {
                return ArchiveError(name, .library("its xz dictionary is too large"))
            }
            var (taken, made) = (Int(header.header_size), 0)
            let result = lzma_block_buffer_decode(
                &header, nil, source, &taken, input.count, output.bindMemory(to: UInt8.self).baseAddress, &made,
                output.count)
            guard result != LZMA_MEM_ERROR else { return ArchiveError(name, .library("out of memory")) }
            guard result == LZMA_OK, made == output.count else {
                return ArchiveError(name, .corrupt("its xz data or check sum is wrong"))
            }
            return nil
        }
    }
}

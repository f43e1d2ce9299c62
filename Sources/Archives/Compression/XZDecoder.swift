private import CLzma
internal import Primitives

/// liblzma's multi-threaded decoder: the blocks of one .xz file are decoded at the same time, as far as it has
/// several; a file of a single block is decoded as fast as by the plain decoder.
final class XZDecoder {
    enum Step {
        /// The output is full, or all input was taken.
        case more
        /// The end of the last stream, its checks passed.
        case finished
        case failed(ArchiveError)
    }

    private let name: String
    private var stream = lzma_stream()

    /// A decoder for one file, or several joined ones. `name` is for errors.
    init(name: String) throws(ArchiveError) {
        self.name = name
        var options = lzma_mt()
        options.flags = 0x08  // LZMA_CONCATENATED, a macro that is not imported
        options.threads = max(lzma_cputhreads(), 1)
        // Above the first the decoder falls back to one thread; above the second it gives up. A preset of 9
        // needs 65 MiB.
        options.memlimit_threading = max(lzma_physmem() / 4, 128 << 20)
        options.memlimit_stop = 1 << 30
        let result = lzma_stream_decoder_mt(&stream, &options)
        guard result == LZMA_OK else { throw ArchiveError(name, .library("liblzma error \(result.rawValue)")) }
    }

    deinit { lzma_end(&stream) }

    /// Decodes some of `input` into `output` and says how much of both was used. With `isLast` no input follows.
    func decode(
        _ input: UnsafeRawBufferPointer, isLast: Bool, into output: UnsafeMutableRawBufferPointer
    ) -> (step: Step, consumed: Int, produced: Int) {
        stream.next_in = input.bindMemory(to: UInt8.self).baseAddress
        stream.avail_in = input.count
        stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
        stream.avail_out = output.count
        let result = lzma_code(&stream, isLast ? LZMA_FINISH : LZMA_RUN)
        let step: Step =
            switch result {
            case LZMA_OK: .more
            case LZMA_STREAM_END: .finished
            case LZMA_BUF_ERROR where stream.avail_out == 0: .more
            case LZMA_BUF_ERROR: .failed(ArchiveError(name, .truncated))
            case LZMA_FORMAT_ERROR: .failed(ArchiveError(name, .corrupt("it is no .xz file")))
            case LZMA_OPTIONS_ERROR: .failed(ArchiveError(name, .corrupt("unknown .xz options")))
            case LZMA_DATA_ERROR: .failed(ArchiveError(name, .corrupt("its xz data or check sum is wrong")))
            case LZMA_MEMLIMIT_ERROR: .failed(ArchiveError(name, .library("its xz dictionary is too large")))
            case LZMA_MEM_ERROR: .failed(ArchiveError(name, .library("out of memory")))
            default: .failed(ArchiveError(name, .library("liblzma error \(result.rawValue)")))
            }
        return (step, input.count - stream.avail_in, output.count - stream.avail_out)
    }

    /// The size that the index at the end of the .xz file `bytes` declares (of its last stream), nil where it has none.
    /// It is a claim of the file, good for reserving memory only.
    static func declaredSize(of bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 32, bytes.count % 4 == 0 else { return nil }
        let start = bytes.bindMemory(to: UInt8.self)
        guard let base = start.baseAddress else { return nil }
        var flags = lzma_stream_flags()
        guard lzma_stream_footer_decode(&flags, base + (bytes.count - 12)) == LZMA_OK,
            flags.backward_size <= UInt64(bytes.count - 24)
        else { return nil }
        var index: OpaquePointer?
        var memory: UInt64 = 16 << 20
        var position = bytes.count - 12 - Int(flags.backward_size)
        guard lzma_index_buffer_decode(&index, &memory, nil, base, &position, bytes.count - 12) == LZMA_OK else {
            return nil
        }
        defer { lzma_index_end(index, nil) }
        return Int(clamping: lzma_index_uncompressed_size(index))
    }
}

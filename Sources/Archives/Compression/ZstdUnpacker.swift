private import CZstd

/// Unpacks frames of zstd (RFC 8878) that come piece by piece.
package final class ZstdUnpacker {
    /// What zstd says of bytes that it can't unpack.
    package struct Damage: Error {
        /// In its words.
        package let text: String
    }

    private let context: OpaquePointer
    /// Whether all that came so far are whole frames.
    package private(set) var isBetweenFrames = false

    /// Nil where there is no memory.
    package init?() {
        guard let context = ZSTD_createDCtx() else { return nil }
        self.context = context
    }

    deinit { ZSTD_freeDCtx(context) }

    /// Unpacks what `input` has from `position` on, which moves on, into `buffer`; returns how much that became, in bytes. Where it is
    /// less than there is room for, all of the input was taken.
    package func unpack(
        _ input: UnsafeRawBufferPointer, from position: inout Int, into buffer: UnsafeMutableRawBufferPointer
    ) throws(Damage) -> Int {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: position)
        var target = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        let result = ZSTD_decompressStream(context, &target, &source)
        if ZSTD_isError(result) != 0 { throw Damage(text: String(cString: ZSTD_getErrorName(result))) }
        position = source.pos
        isBetweenFrames = result == 0
        return target.pos
    }
}

private import CZstd
private import Primitives
package import SystemPackage

/// Packs bytes into one frame of zstd (RFC 8878), and writes it.
package final class ZstdPacker {
    private let descriptor: FileDescriptor
    private let name: String
    private let context: OpaquePointer
    private let room: UnsafeMutableRawBufferPointer
    private var size: Int64 = 0
    /// How much was written since the system was last told to put it onto the disk.
    private var held = 0

    /// Packages are packed already: no level does anything to them, nor costs more than any other. Root file systems, which are not,
    /// become half as large.
    private static let level: Int32 = 1

    /// In bytes: the disk is to work while the rest is packed.
    private static let heldAtMost = 16 << 20

    /// Packs into `descriptor`; `name` is what errors call it. Throws where there is no memory.
    package init(_ descriptor: FileDescriptor, name: String) throws(ArchiveError) {
        guard let context = ZSTD_createCCtx() else { throw ArchiveError(name, .library("out of memory")) }
        self.descriptor = descriptor
        self.name = name
        self.context = context
        room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, Self.level)
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
    }

    deinit {
        ZSTD_freeCCtx(context)
        room.deallocate()
    }

    /// Adds `bytes` to what is packed. Throws what writing does.
    package func pack(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while source.pos < source.size { _ = try step(&source, ZSTD_e_continue) }
    }

    /// Ends the frame; returns the size of all that was written.
    package func finish() throws(ArchiveError) -> Int64 {
        var nothing = ZSTD_inBuffer(src: nil, size: 0, pos: 0)
        while try step(&nothing, ZSTD_e_end) > 0 {}
        return size
    }

    private func step(_ source: inout ZSTD_inBuffer, _ mode: ZSTD_EndDirective) throws(ArchiveError) -> Int {
        var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let left = ZSTD_compressStream2(context, &target, &source, mode)
        if ZSTD_isError(left) != 0 {
            throw ArchiveError(name, .library(String(cString: ZSTD_getErrorName(left))))
        }
        do {
            try descriptor.writeAll(UnsafeRawBufferPointer(rebasing: room[..<target.pos]))
        } catch {
            throw ArchiveError(name, .file("write", error as? Errno ?? .ioError))
        }
        size += Int64(target.pos)
        held += target.pos
        if held >= Self.heldAtMost {
            descriptor.startWritingBack()
            held = 0
        }
        return left
    }
}

private import CZstd
private import Primitives
package import SystemPackage

/// A tar archive packed with zstd, written as a stream: while one thread reads what goes in, another packs and writes.
///
/// Its members are plain files of nobody and of no time: the same ones give the same bytes with the same version of zstd.
package final class PackedTarWriter {
    private let tar: TarWriter

    private init(to output: @escaping (UnsafeRawBufferPointer) throws(ArchiveError) -> Void) {
        tar = TarWriter(to: output)
    }

    /// Writes to `descriptor` the members that `body` adds; returns how many bytes that became. `name` is what errors call the file.
    ///
    /// Throws what `body` throws, and `ArchiveError`.
    package static func write(
        to descriptor: FileDescriptor, name: String, _ body: (PackedTarWriter) throws -> Void
    ) throws -> Int64 {
        let packer = try ZstdPacker(descriptor, name: name)
        let ring = PieceRing()
        var failure: ArchiveError?
        do {
            try BlockingWork.beside {
                do throws(ArchiveError) {
                    while let piece = ring.nextPiece() { try packer.pack(piece) }
                } catch {
                    failure = error
                    ring.cancel()
                }
            } _: { isRunning in
                defer { if isRunning { ring.finish(nil) } }
                let writer = PackedTarWriter { (bytes) throws(ArchiveError) in
                    guard isRunning else { return try packer.pack(bytes) }
                    if !ring.put(bytes) { throw ArchiveError(name, .cancelled) }
                }
                try body(writer)
                try writer.tar.finish()
            }
        } catch {
            throw failure ?? error
        }
        if let failure { throw failure }
        return try packer.finish()
    }

    /// Adds a file of these bytes.
    package func add(_ bytes: [UInt8], as path: String) throws {
        try add(as: path, size: Int64(bytes.count)) { put in try bytes.withUnsafeBytes(put) }
    }

    /// Adds a file of `size` bytes, which `content` hands over piece by piece, exactly so many.
    package func add(
        as path: String, size: Int64, _ content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        try tar.writeHeader(
            ArchiveEntry(
                path: Array(path.utf8), kind: .file(size: size), permissions: 0o644, user: 0, group: 0, modified: 0,
                attributes: []))
        var left = size
        try content { bytes in
            left -= Int64(bytes.count)
            guard left >= 0 else { throw ArchiveError(path, .corrupt("it grew while it was read")) }
            try tar.write(bytes)
        }
        guard left == 0 else { throw ArchiveError(path, .truncated) }
        try tar.pad(after: size)
    }
}

/// Packs bytes into one frame of zstd, and writes it.
private final class ZstdPacker {
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

    init(_ descriptor: FileDescriptor, name: String) throws(ArchiveError) {
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

    func pack(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
        while source.pos < source.size { _ = try step(&source, ZSTD_e_continue) }
    }

    /// Ends the frame; returns the size of all that was written.
    func finish() throws(ArchiveError) -> Int64 {
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

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

import Archives
import Primitives
import SystemPackage

/// Blobs packed with zstd for their way.
enum PackedBlob {
    /// Packages, squashfs and ISOs are packed already. A part out of the middle tells, as heads and tails are often of another kind.
    private static let sample = 1 << 20
    private static let piece = 1 << 20

    /// Packs the file at `path` into a new one at `target`; false, and none there, where it hardly becomes smaller.
    static func pack(_ path: FilePath, into target: FilePath) throws -> Bool {
        let input = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try input.closeAfter {
            let size = try input.seek(offset: 0, from: .end)
            let part = try input.read(from: max(size / 2 - Int64(sample / 2), 0), atMost: sample)
            guard try Compression.zstd.compress(part, level: 1).count < part.count / 10 * 9 else { return false }
            let output = try FileDescriptor.open(
                target, .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
            return try output.closeAfter {
                let packer = try ZstdPacker(output, name: target.string)
                var position: Int64 = 0
                while position < size {
                    let bytes = try input.read(from: position, atMost: piece)
                    if bytes.isEmpty { break }  // it became shorter; the digest will tell
                    try bytes.withUnsafeBytes(packer.pack)
                    position += Int64(bytes.count)
                }
                _ = try packer.finish()
                return true
            }
        }
    }
}

extension FileDescriptor {
    /// At most `count` bytes, from `offset` on; fewer at the end of the file.
    fileprivate func read(from offset: Int64, atMost count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try read(fromAbsoluteOffset: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }
}

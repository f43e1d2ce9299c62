import Archives
import Primitives
import SystemPackage

/// The text of an index in a file of its own, to be mapped: the text, then who it is and a sum over it.
///
/// The end is a word that names the format, the digest of the index as the archive published it, the length of the text and its
/// CRC-64; numbers as this machine has them.
struct IndexText {
    /// "kldtext1"
    private static let magic: UInt64 = 0x3174_7865_7464_6C6B
    private static let footerSize = 56

    let region: ByteRegion
    private let checkSum: UInt64

    /// The text of the index with this digest in the file at `path`; nil where there is none that could be it. The text itself
    /// is looked at by `isWhole`.
    init?(mapping path: FilePath, of digest: Digest) {
        guard let file = try? ByteRegion(mapping: path), file.count >= Self.footerSize else { return nil }
        let length = file.count - Self.footerSize
        let footer = file.bytes.slice(length..<file.count)
        func word(_ offset: Int) -> UInt64 { footer.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        guard word(0) == Self.magic, footer[8..<40].elementsEqual(digest.bytes), word(40) == UInt64(length) else {
            return nil
        }
        checkSum = word(48)
        region = ByteRegion(file, 0..<length)
    }

    /// Whether the text is what was written; reads all of it.
    var isWhole: Bool { CheckSum.crc64(region.bytes) == checkSum }

    /// The end of the file with `text`.
    static func footer(of text: UnsafeRawBufferPointer, digest: Digest) -> [UInt8] {
        func bytes(_ word: UInt64) -> [UInt8] { withUnsafeBytes(of: word) { Array($0) } }
        return bytes(magic) + digest.bytes + bytes(UInt64(text.count)) + bytes(CheckSum.crc64(text))
    }
}

import Archives
package import Primitives
package import SystemPackage

/// A table in a file, to be mapped: what it is of, the texts it points into, and its image.
///
///     0  a word that names the format            8  its version
///    16  CRC-64 of all that follows             24  size of the file
///    32  the key, a SHA-256                     64  the boot of the machine in which the texts were last looked at
///    96  number of texts                       104  offset of the image, a multiple of 64
///   112  of each text: digest of its index, then size, inode, time of modification and of change of its file; zeros where
///        the image has all of the text that it needs
///
/// Numbers are as this machine has them: a file of another kind of machine is a foreign one.
package struct TableFile {
    /// "kldtable"
    private static let magic: UInt64 = 0x656C_6261_7464_6C6B
    private static let headerSize = 112
    private static let textSize = 64

    struct Text: Hashable {
        let index: Digest
        let file: ByteRegion.FileIdentity
    }

    /// Of the image: another one for each thing that is kept so, and for each change of it.
    let version: UInt64
    /// What its maker calls the thing that is in it: whoever maps a file compares it.
    package let key: Digest
    let boot: Digest
    let texts: [Text]
    /// What is kept, to be read in place; its bytes keep the file mapped.
    package let image: ByteRegion

    init(version: UInt64 = PackageTableImage.version, key: Digest, boot: Digest, texts: [Text], image: ByteRegion) {
        self.version = version
        self.key = key
        self.boot = boot
        self.texts = texts
        self.image = image
    }

    /// A file of something made of `indexes` that points at no texts of them.
    package init(version: UInt64, key: Digest, indexes: [Digest], image: ByteRegion) {
        let none = ByteRegion.FileIdentity(size: 0, inode: 0, modified: 0, changed: 0)
        self.init(
            version: version, key: key, boot: Digest(of: [UInt8]()),
            texts: indexes.map { Text(index: $0, file: none) }, image: image)
    }

    /// What it was made of, in order.
    package var indexes: [Digest] { texts.map(\.index) }

    /// The file at `path`; nil where it is missing, damaged, or of another format or version.
    package init?(mapping path: FilePath, version: UInt64 = PackageTableImage.version) {
        guard let file = try? ByteRegion(mapping: path), let header = Header(file.bytes, version) else { return nil }
        let bytes = file.bytes
        guard CheckSum.crc64(bytes.slice(24..<bytes.count)) == header.checkSum else { return nil }
        // Few of them are needed again.
        file.releasePages()
        self.version = version
        key = header.key
        boot = header.boot
        texts = header.texts
        image = ByteRegion(file, header.imageStart..<bytes.count)
    }

    /// The digests of the indexes that the file at `path` is of; nil where that is no such file.
    static func indexes(of path: FilePath, version: UInt64) -> [Digest]? {
        guard let file = try? ByteRegion(mapping: path) else { return nil }
        return Header(file.bytes, version)?.texts.map(\.index)
    }

    /// All before the image, whose bytes go behind it.
    var head: [UInt8] {
        func bytes(_ word: UInt64) -> [UInt8] { withUnsafeBytes(of: word) { Array($0) } }
        let start = (Self.headerSize + texts.count * Self.textSize + 63) & ~63
        var rest = bytes(UInt64(start + image.count)) + key.bytes + boot.bytes
        rest += bytes(UInt64(texts.count)) + bytes(UInt64(start))
        for text in texts {
            rest += text.index.bytes
            rest += [text.file.size, text.file.inode, text.file.modified, text.file.changed].flatMap(bytes)
        }
        rest += Array(repeating: 0, count: start - 24 - rest.count)
        let sum = CheckSum.crc64(image.bytes, startingWith: rest.withUnsafeBytes { CheckSum.crc64($0) })
        return bytes(Self.magic) + bytes(version) + bytes(sum) + rest
    }

    private struct Header {
        let checkSum: UInt64
        let key: Digest
        let boot: Digest
        let texts: [Text]
        let imageStart: Int

        init?(_ bytes: UnsafeRawBufferPointer, _ version: UInt64) {
            guard bytes.count >= headerSize else { return nil }
            func word(_ offset: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
            func digest(_ offset: Int) -> Digest? { Digest(bytes: bytes.slice(offset..<offset + 32)) }
            guard word(0) == magic, word(8) == version, word(24) == UInt64(bytes.count),
                let key = digest(32), let boot = digest(64),
                let count = Int(exactly: word(96)), count < 1 << 20,
                let start = Int(exactly: word(104)), start % 64 == 0, start <= bytes.count,
                headerSize + count * textSize <= start
            else { return nil }
            checkSum = word(16)
            self.key = key
            self.boot = boot
            imageStart = start
            texts = (0..<count).compactMap { number in
                let place = headerSize + number * textSize
                return digest(place).map { index in
                    Text(
                        index: index,
                        file: ByteRegion.FileIdentity(
                            size: word(place + 32), inode: word(place + 40), modified: word(place + 48),
                            changed: word(place + 56)))
                }
            }
        }
    }
}

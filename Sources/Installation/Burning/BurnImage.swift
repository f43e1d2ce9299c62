import Archives
package import Primitives
package import SystemPackage

/// An image that is to be written to a stick: judged before a stick is touched.
package struct BurnImage: Hashable, Sendable {
    /// As the user named it.
    package let path: FilePath
    /// Of the file.
    package let size: ByteCount
    /// The digest that the file NAME.sha256 beside it says; nil where there is no such file.
    package let expected: Digest?
    /// Which of our images it is, by what lies on it: "kldload live (debian 13), free-debian-server-58721e0"; nil of another's.
    package let title: String?
}

extension BurnImage {
    /// Looks at the file at `path`: its volume descriptor, its first sector, its checksum file.
    ///
    /// Throws `Mistake` where it is no image that can start from a stick, or the checksum file is none; `ArchiveError`, `FileError`.
    package init(at path: FilePath) throws {
        guard let status = try FileStatus(at: path, followsLinks: true) else {
            throw Mistake("there is no image \(path)", at: nil)
        }
        guard status.kind == .regular, DiscImage.isImage(path) else {
            throw Mistake("\(path) is no ISO image", at: nil)
        }
        let volume = try DiscVolume(path)
        guard volume.size >= volume.declaredSize else {
            throw Mistake(
                "\(path) was cut short", at: nil, details: ["\(volume.size) bytes of \(volume.declaredSize)"],
                hint: "copy or build it again")
        }
        guard try DiscImage.startsFromDisk(path) else {
            throw Mistake(
                "\(path) starts from a CD only: it has no boot sector for a disk", at: nil,
                hint: "an image that deploy builds has one")
        }
        self.path = path
        size = ByteCount(volume.size)
        expected = try Self.checksum(beside: path)
        let info = try DiscImage.file(".disk/info", on: path, limit: ByteCount(4096))
        let isOurs = try DiscImage.file("kldload/medium", on: path, limit: ByteCount(4096)) != nil
        title = isOurs ? info.map { String(decoding: $0, as: UTF8.self).trimmingLineEnd } : nil
    }

    private static func checksum(beside path: FilePath) throws -> Digest? {
        let place = FilePath(path.string + ".sha256")
        guard Files.exists(place) else { return nil }
        // As sha256sum(1) writes it: 64 digits, two blanks, a name.
        guard let digest = Digest(hex: String(try Files.readText(place).prefix(64))) else {
            throw Mistake(
                "\(place) has no SHA-256 digest at its start", at: nil,
                hint: "remove it, or put the file there that was made with the image")
        }
        return digest
    }
}

extension String {
    fileprivate var trimmingLineEnd: String { String(prefix { !$0.isNewline }) }
}

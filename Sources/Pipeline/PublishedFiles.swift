import Evidence
import Primitives
import SystemPackage

/// The images of ours in a folder that may hold other files, too.
///
/// An image is ours where it is called as we call one, after the first digits of its digest, and the checksum file beside it has that
/// digest and that name.
struct PublishedFiles {
    let folder: FilePath

    /// What an image is published as: itself, the bills of what it is made of, the statements about it, its checksum, the signature of
    /// that, and the page about its build; by a night, with what that tells, too. Some may not be there.
    static func names(of image: String) -> [String] {
        let night = NightRecord.files(of: image)
        return [
            image, spdx(of: image), cycloneDX(of: image), statements(of: image), checksum(of: image),
            signature(of: image), page(of: image), night.changes, night.lock, night.record,
        ]
    }

    static func checksum(of image: String) -> String { "\(image).sha256" }
    static func signature(of image: String) -> String { "\(image).sha256.asc" }
    static func spdx(of image: String) -> String { EvidenceFile.beside(image, ".spdx.json") }
    static func cycloneDX(of image: String) -> String { EvidenceFile.beside(image, ".cdx.json") }
    static func statements(of image: String) -> String { EvidenceFile.beside(image, ".intoto.jsonl") }
    /// "kldload-….html"
    static func page(of image: String) -> String { EvidenceFile.beside(image, ".html") }
    /// An image on its way into the folder.
    static func part(of image: String) -> String { ".\(image).part" }

    /// The text of a checksum file, as sha256sum(1) has it.
    static func checksumText(_ digest: Digest, of image: String) -> [UInt8] { Array("\(digest.hex)  \(image)\n".utf8) }

    /// The images of ours, in the order of their names; of some, only the checksum may be there.
    func images() throws(FileError) -> [String] {
        guard try FileStatus(at: folder, followsLinks: true)?.kind == .directory else { return [] }
        var images: [String] = []
        for name in try Files.list(folder) where name.hasSuffix(".iso.sha256") {
            let image = String(name.dropLast(".sha256".count))
            let path = folder.appending(name)
            guard Self.isImage(image), let status = try FileStatus(at: path), status.kind == .regular,
                status.size == 64 + 2 + image.utf8.count + 1,
                let digest = Digest(hex: String(try Files.readText(path).prefix(64))),
                image.hasSuffix("-\(digest.short).iso"),
                try Files.read(path) == Self.checksumText(digest, of: image)
            else { continue }
            images.append(image)
        }
        return images
    }

    /// The same, with the times at which a build put them there: an image itself is as old as its first build.
    func datedImages() throws(FileError) -> [(name: String, time: Int64)] {
        var dated: [(name: String, time: Int64)] = []
        for image in try images() {
            dated.append((image, try FileStatus(at: folder.appending(Self.checksum(of: image)))?.modified ?? 0))
        }
        return dated
    }

    /// Removes the image called `image` with what belongs to it; itself first, so that none is without its checksum, and that last,
    /// because the rest is known to be ours by it.
    func remove(_ image: String) throws(FileError) {
        let checksum = Self.checksum(of: image)
        for name in Self.names(of: image).filter({ $0 != checksum }) + [checksum] {
            try Files.remove(folder.appending(name))
        }
    }

    /// Removes all images of ours, and what a killed build left of others; says how many images, and which names are left.
    func removeAll() throws(FileError) -> (images: Int, left: [String]) {
        let images = try images()
        for image in images { try remove(image) }
        guard try FileStatus(at: folder, followsLinks: true)?.kind == .directory else { return (0, []) }
        var left: [String] = []
        for name in try Files.list(folder) {
            let image = String(name.dropFirst().dropLast(".part".count))
            if name == Self.part(of: image), Self.isImage(image) {
                try Files.remove(folder.appending(name))
            } else {
                left.append(name)
            }
        }
        return (images.count, left)
    }

    /// Whether an image of ours could be called so: "kldload-free-debian-server-amd64-20261120-1a2b3c4.iso".
    private static func isImage(_ name: String) -> Bool {
        guard name.hasPrefix("kldload-"), name.hasSuffix(".iso") else { return false }
        let digits = name.dropLast(".iso".count).split(separator: "-").last ?? ""
        return digits.utf8.count == 7 && digits.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }
}

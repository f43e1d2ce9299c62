import BuildGraph
import ContentStore
package import Primitives
package import SystemPackage

/// An image in the output folder.
package struct PublishedImage: Sendable {
    package let path: FilePath
    /// As people in the checkout know it.
    package let shown: String
    package let digest: Digest
    package let size: ByteCount
    /// Whether this build put it there.
    package let isNew: Bool
}

/// Puts finished images into the output folder, each with its checksum file, and keeps the last few.
struct ImagePublisher {
    let project: Project
    /// In the name of an image that was not proven.
    static let draftMark = "-draft"

    /// The name ends in the first digits of the image's own digest, so that no image ever takes the place of another one.
    func publish(_ artifact: Artifact, named name: String) throws -> PublishedImage {
        let folder = project.declaration.output.folder
        let file = "\(name)-\(artifact.digest.short).iso"
        let path = folder.appending(file)
        let checksum = folder.appending("\(file).sha256")
        let isThere = try FileStatus(at: path)?.size == artifact.size.bytes && Files.exists(checksum)
        if !isThere {
            guard project.store.isIntact(artifact.digest) else { throw DamagedImage() }
            try Files.createDirectory(folder)
            let part = folder.appending(".\(file).part")
            try Files.remove(part)
            try FileCopy.link(project.store.path(of: artifact.digest), to: part)
            try Files.write("\(artifact.digest.hex)  \(file)\n".utf8, to: checksum)
            try Files.rename(part, to: path)
            try prune(folder, keeping: file)
        }
        return PublishedImage(
            path: path, shown: project.workspace.shown(path), digest: artifact.digest, size: artifact.size,
            isNew: !isThere)
    }

    /// Removes the oldest images of ours beyond the declared number; drafts take the place of drafts only.
    private func prune(_ folder: FilePath, keeping newest: String) throws {
        let isDraft = newest.contains(Self.draftMark + "-")
        let images = try Files.list(folder).filter {
            $0.hasPrefix("kldload-") && $0.hasSuffix(".iso") && $0 != newest
                && $0.contains(Self.draftMark + "-") == isDraft
        }
        let byAge = try images.map {
            (name: $0, time: try FileStatus(at: folder.appending($0 + ".sha256"))?.modified ?? 0)
        }
        .sorted { ($0.time, $0.name) > ($1.time, $1.name) }
        for image in byAge.dropFirst(max(project.declaration.output.keep - 1, 0)) {
            try Files.remove(folder.appending(image.name))
            try Files.remove(folder.appending(image.name + ".sha256"))
        }
    }
}

/// An image whose bytes in the store are not what they were; they are removed by then.
struct DamagedImage: UserError {
    var what: String { "the image in the store is damaged" }
    var hint: String? { "build again: it is made anew" }
}

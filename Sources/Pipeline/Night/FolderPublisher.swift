import ContentStore
import Primitives
import SystemPackage

/// Publishes into a folder of this machine.
///
/// A file arrives under a name of its own, is on the disk before it gets the one that it is known by, and all of them are before
/// `latest` moves. A hard link to an image in the store is as good as a copy, and costs nothing.
struct FolderPublisher: Publisher {
    let folder: FilePath
    let shown: String

    private var latest: FilePath { folder.appending(NightFiles.latest) }

    func last() async throws -> LastNight? {
        try Files.createDirectory(folder)
        return try latestImage().map { LastNight(image: $0, filesIn: folder) }
    }

    /// The image that `latest` leads to; nil where it leads to none that is whole, by its checksum file and its size.
    private func latestImage() throws -> String? {
        guard let status = try FileStatus(at: latest) else { return nil }
        guard status.kind == .symbolicLink else { throw NotOurLink(path: latest) }
        let image = try Files.readLink(latest)
        guard try PublishedFiles(folder: folder).images().contains(image),
            let file = try FileStatus(at: folder.appending(image)), file.kind == .regular, file.size > 0
        else { return nil }
        return image
    }

    func publish(_ files: [FilePath], image: String, keep: Int) async throws -> Int {
        try await BlockingWork.run {
            try removeLeftovers()
            // The image last: what is beside it is there before it can be seen.
            let (images, others) = (
                files.filter { $0.lastComponent?.string == image }, files.filter { $0.lastComponent?.string != image }
            )
            for file in others + images { try take(file) }
            try Files.sync(folder)
            try pointLatest(at: image)
            return try prune(latest: image, keep: keep)
        }
    }

    func put(_ files: [FilePath]) async throws {
        try await BlockingWork.run {
            try Files.createDirectory(folder)
            for file in files { try take(file) }
            try Files.sync(folder)
        }
    }

    private func temporary(_ name: String) -> FilePath {
        folder.appending(".\(name).\(String(UInt64.random(in: 0 ... .max), radix: 36)).part")
    }

    private func take(_ file: FilePath) throws(FileError) {
        guard let name = file.lastComponent?.string else { return }
        let part = temporary(name)
        do throws(FileError) {
            try FileCopy.link(file, to: part)
            try Files.sync(part)
            try Files.rename(part, to: folder.appending(name))
            // Where both are one file already, rename(2) does nothing, and the other name stays.
            try Files.remove(part)
        } catch {
            try? Files.remove(part)
            throw error
        }
    }

    private func pointLatest(at image: String) throws(FileError) {
        if try FileStatus(at: latest)?.kind == .symbolicLink, try Files.readLink(latest) == image { return }
        let part = temporary(NightFiles.latest)
        try Files.makeLink(at: part, to: image)
        try Files.rename(part, to: latest)
        try Files.sync(folder)
    }

    /// Removes what a killed night left half copied.
    private func removeLeftovers() throws(FileError) {
        for name in try Files.list(folder) where name.hasSuffix(".part") {
            guard name.hasPrefix(".kldload-") || name.hasPrefix(".\(NightFiles.latest).") else { continue }
            try Files.remove(folder.appending(name))
        }
    }

    private func prune(latest: String, keep: Int) throws -> Int {
        let published = PublishedFiles(folder: folder)
        let images = try published.datedImages()
        let outdated = NightFiles.outdatedImages(images, latest: latest, keep: keep) {
            Files.exists(folder.appending($0))
        }
        for image in outdated { try published.remove(image) }
        for name in NightFiles.outdatedFailures(in: try Files.list(folder), keep: keep) {
            try Files.remove(folder.appending(name))
        }
        return images.count - outdated.count
    }
}

/// Something of somebody else's that is called as the link to the latest image.
struct NotOurLink: UserError {
    let path: FilePath
    var what: String { "\(path) is there, and is no link: it is not known to whom it belongs" }
    var hint: String? { "move it away, or publish to another folder" }
}

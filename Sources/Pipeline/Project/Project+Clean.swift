import Containers
import ContentStore
import Declaration
import Primitives
import SystemPackage

/// What `clean` removed beside the cache and the logs.
package struct Cleaning: Sendable {
    /// How many images of ours were in podman's storage.
    package let containerImages: Int
    /// Of the output folder; nil where they were to stay.
    package let images: Int?
    /// The output folder, as people in the checkout know it.
    package let output: String
    /// What lies in the folders that were cleaned, and is not ours.
    package let left: [String]
}

extension Project {
    /// Removes the cache, the logs and imported images, and with `output` the images in the output folder: what is ours by its name
    /// and by what says so, and nothing else, whatever folder the declaration or the environment names.
    ///
    /// Throws `Mistake`, with nothing removed, where the output folder is one that can't be ours.
    package func clean(output: Bool) async throws -> Cleaning {
        let folder = declaration.output.folder
        guard !output || !workspace.isShared(folder) else {
            throw Mistake(
                "output.folder is \(folder), which holds more than images: nothing was removed", at: nil,
                hint: "remove the images there by hand")
        }
        return try await holdingStore { storeLock in
            let containerImages = try await podman.removeImages(keeping: [])
            var left = try store.removeContents(holding: storeLock).map {
                workspace.shown(workspace.cache.appending($0))
            }
            left += try removeLogs().map { workspace.shown(workspace.logs.appending($0)) }
            var images: Int?
            if output {
                let cleaned = try PublishedFiles(folder: folder).removeAll()
                images = cleaned.images
                left += cleaned.left.map { workspace.shown(folder.appending($0)) }
            }
            return Cleaning(
                containerImages: containerImages, images: images, output: workspace.shown(folder), left: left)
        }
    }

    /// Removes the folders of logs, each called after a moment, and the folder around them where nothing else is in it; returns the
    /// names of what is.
    private func removeLogs() throws(FileError) -> [String] {
        guard try FileStatus(at: workspace.logs)?.kind == .directory else { return [] }
        var left: [String] = []
        for name in try Files.list(workspace.logs) {
            if Self.isLogFolder(name) { try Files.remove(workspace.logs.appending(name)) } else { left.append(name) }
        }
        if left.isEmpty { try Files.remove(workspace.logs) }
        return left
    }

    /// "20261119-203112", as builds have, or "20261119-203112-test-2".
    static func isLogFolder(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        func isNumber(_ part: Substring.UTF8View.SubSequence) -> Bool {
            !part.isEmpty && part.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard parts.count >= 2, parts[0].count == 8, parts[1].count == 6, isNumber(parts[0]), isNumber(parts[1]) else {
            return false
        }
        switch parts.count {
        case 2: return true
        case 3: return parts[2].elementsEqual("test".utf8)
        default: return parts.count == 4 && parts[2].elementsEqual("test".utf8) && isNumber(parts[3])
        }
    }
}

package import Primitives
import SystemPackage

/// A blob as it lies in a store.
package struct StoredBlob: Sendable {
    /// Of its bytes, but for holes.
    package let size: ByteCount
    /// Whether it has a name elsewhere too, as published images have: then removing it gives the disk nothing back.
    package let isElsewhere: Bool
    /// When it came in, or was last laid out as a file, in nanoseconds since 1970: a link to it changes that time, link(2).
    package let lastUse: Int64
}

/// What is in a store, and what goes out of it.
extension ContentStore {
    /// All blobs by their names; no bytes are looked at. Throws `FileError`.
    package func inventory() throws(FileError) -> [Digest: StoredBlob] {
        var blobs: [Digest: StoredBlob] = [:]
        let folder = root.appending("blobs")
        for part in try Files.list(folder) {
            for name in try Files.list(folder.appending(part)) {
                guard let digest = Digest(hex: name),
                    let status = try FileStatus(at: folder.appending(part).appending(name)), status.kind == .regular
                else { continue }
                blobs[digest] = StoredBlob(
                    size: ByteCount(min(status.size, status.allocated)), isElsewhere: status.linkCount > 1,
                    lastUse: status.changed)
            }
        }
        return blobs
    }

    /// Removes those of `digests` that this process has neither brought in nor asked for. What is not there is no error. Throws
    /// `FileError`.
    package func remove(_ digests: [Digest], holding lock: StoreLock) throws(FileError) {
        check(lock)
        for digest in digests { try removeUnclaimed(digest) }
    }
}

import BuildGraph
package import ContentStore
package import Locking
import Primitives
import Transfer

extension LockedIndex {
    /// The file as its repository has it, compressed.
    package var blob: Blob { Blob(digest, size: size) }
}

extension LockedSnapshot {
    /// The signed file, as the store keeps it (`SignedFile`).
    package var blob: Blob { Blob(digest, size: size) }
}

extension LockedPackage {
    /// Its file.
    package var blob: Blob { Blob(digest, size: size) }
}

extension ArchiveFile {
    /// Its bytes, whatever it is called and wherever it is.
    package var blob: Blob { Blob(digest, size: size) }
}

extension ArtifactStore {
    /// Moves a file that was downloaded into the work area into the store.
    @discardableResult
    func insert(_ downloaded: DownloadedFile) async throws -> Blob {
        try await insert(file: downloaded.destination, knownAs: Blob(downloaded.digest, size: downloaded.size))
    }

    /// The bytes of several blobs, by their digests.
    func bytes(of blobs: [Blob]) async throws -> [Digest: [UInt8]] {
        var bytes: [Digest: [UInt8]] = [:]
        for blob in blobs where bytes[blob.digest] == nil { bytes[blob.digest] = try await self.bytes(of: blob) }
        return bytes
    }
}

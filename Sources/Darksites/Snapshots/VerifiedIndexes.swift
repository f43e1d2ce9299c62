import APT
import Archives
import ContentStore
import Locking
import Primitives
import SystemPackage

/// Reads indexes out of the blobs that their digests name, and out of nothing that is kept beside them.
struct VerifiedIndexes {
    let store: ContentStore

    /// The packages of `indexes`, of which an earlier one is the first origin of what it shares with a later one. Blocks.
    ///
    /// Throws as `bytes` does, `ArchiveError` and `PackageIndexError`.
    func table(of indexes: [LockedIndex], architectures: [String]) throws -> PackageTable {
        let sources = try indexes.map { index in
            let source = "\(index.repository) \(index.path)"
            let text = try Compression(fileName: index.path).decompress(
                bytes(of: index), name: source, limit: ByteCount(2_000_000_000))
            return (
                index: try PackageIndex(parsing: ByteRegion(text), source: source),
                origin: IndexOrigin(repository: index.repository, suite: index.suite, component: index.component)
            )
        }
        return try PackageTable(
            sources, architecture: architectures[0], foreignArchitectures: Array(architectures.dropFirst()))
    }

    /// The bytes of `index`, which have its digest. Throws `FileError` where the blob is missing or damaged.
    func bytes(of index: LockedIndex) throws(FileError) -> [UInt8] {
        guard store.isIntact(index.digest) else {
            throw FileError("read", store.path(of: index.digest), .noSuchFileOrDirectory)
        }
        return try store.bytes(of: index.digest)
    }
}

import APT
import Archives
import BuildGraph
import ContentStore
import Locking
import Primitives

/// Reads indexes out of the blobs that their digests name, and out of nothing that is kept beside them.
struct VerifiedIndexes {
    let store: any ArtifactStore

    /// The packages of `indexes`, of which an earlier one is the first origin of what it shares with a later one.
    ///
    /// Throws as `bytes` does, `ArchiveError` and `PackageIndexError`.
    func table(of indexes: [LockedIndex], architectures: [String]) async throws -> PackageTable {
        let bytes = try await bytes(of: indexes)
        return try await BlockingWork.run {
            let sources = try indexes.map { index in
                let source = "\(index.repository) \(index.path)"
                let text = try Compression(fileName: index.path).decompress(
                    bytes[index.digest] ?? [], name: source, limit: ByteCount(2_000_000_000))
                return (
                    index: try PackageIndex(parsing: ByteRegion(text), source: source),
                    origin: IndexOrigin(
                        repository: index.repository, suite: index.suite ?? "", component: index.component ?? "")
                )
            }
            return try PackageTable(
                sources, architecture: architectures[0], foreignArchitectures: Array(architectures.dropFirst()))
        }
    }

    /// The bytes of `indexes` by their digests, which they have. Throws where one is missing or damaged.
    func bytes(of indexes: [LockedIndex]) async throws -> [Digest: [UInt8]] {
        let blobs = indexes.map(\.blob)
        // One that is damaged is none from then on.
        _ = try await store.fetch(Set(blobs))
        return try await store.bytes(of: blobs)
    }
}

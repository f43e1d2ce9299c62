package import BuildGraph
package import ContentStore
import Primitives
package import SystemPackage

/// The store of this host with a remote cache behind it: what is not here is fetched from there when it is needed.
///
/// What is inserted stays here; `SharedRecords` puts it there, once it is the result of a step that succeeded.
package struct TieredStore: ArtifactStore {
    private let local: ContentStore
    private let remote: RemoteCache

    package init(_ local: ContentStore, behind remote: RemoteCache) {
        self.local = local
        self.remote = remote
    }

    /// That of this host.
    package var workArea: WorkArea { local.workArea }

    /// Those that are neither here nor there.
    package func missing(of blobs: Set<Blob>) async throws -> Set<Blob> {
        let absent = try await local.missing(of: blobs)
        return absent.isEmpty ? [] : try await remote.missing(of: absent)
    }

    /// What can't be had is neither here nor there.
    package func fetch(_ blobs: Set<Blob>) async throws -> Set<Blob> {
        try await fetchFromRemote(local.fetch(blobs))
    }

    /// The same; what is here is not looked at.
    package func fetchAbsent(_ blobs: Set<Blob>) async throws -> Set<Blob> {
        try await fetchFromRemote(local.missing(of: blobs))
    }

    private func fetchFromRemote(_ absent: Set<Blob>) async throws -> Set<Blob> {
        absent.isEmpty ? [] : absent.subtracting(try await remote.fetch(absent, into: local))
    }

    /// What is not here is believed to be there, until it is read.
    package func mayHave(_ artifact: Artifact) async -> Bool { await local.has(artifact) || !remote.isAway }

    /// Fetched first, where they are not here.
    package func bytes(of blob: Blob) async throws -> [UInt8] {
        _ = try await fetchAbsent([blob])
        return try await local.bytes(of: blob)
    }

    /// Into this host's.
    @discardableResult
    package func insert(_ bytes: [UInt8]) async throws -> Blob { try await local.insert(bytes) }

    /// Into this host's.
    package func insert(file path: FilePath, knownAs known: Blob?) async throws -> Blob {
        try await local.insert(file: path, knownAs: known)
    }

    /// Into this host's.
    package func insert(folder: FilePath) async throws -> FileTree { try await local.insert(folder: folder) }

    /// Its files are fetched first, where they are not here.
    package func materialize(_ tree: FileTree, at folder: FilePath) async throws {
        _ = try await fetchAbsent(tree.blobs)
        try await local.materialize(tree, at: folder)
    }
}

package import ContentStore
import Primitives
package import SystemPackage

/// Where artifacts are kept, by digest and size: on this host (`ContentStore`), and maybe on others behind it.
///
/// Nobody outside knows where in it a blob lies: bytes are read and inserted, and who needs a file has one laid out where he works.
/// What is missing or damaged is a miss, never an error, until somebody wants to read it.
package protocol ArtifactStore: Sendable {
    /// Where files are made that the store is to take in.
    var workArea: WorkArea { get }

    /// Those of `blobs` that are nowhere, by what names and sizes say: no bytes are looked at.
    func missing(of blobs: Set<Blob>) async throws -> Set<Blob>

    /// Has all of `blobs` on this host, and their bytes checked. Returns those that can't be had.
    func fetch(_ blobs: Set<Blob>) async throws -> Set<Blob>

    /// The same, but for bytes that are on this host already: they are not looked at.
    func fetchAbsent(_ blobs: Set<Blob>) async throws -> Set<Blob>

    /// Whether `artifact` can be had, as far as that is known without asking others.
    func mayHave(_ artifact: Artifact) async -> Bool

    /// The bytes of a blob, wherever they are. Throws where they can't be had.
    func bytes(of blob: Blob) async throws -> [UInt8]

    /// Stores `bytes`.
    @discardableResult
    func insert(_ bytes: [UInt8]) async throws -> Blob

    /// Moves a file of the work area into the store. `known` is the address of its bytes where somebody has checked them.
    func insert(file path: FilePath, knownAs known: Blob?) async throws -> Blob

    /// Moves all files of a folder of the work area into the store, and the list of them.
    func insert(folder: FilePath) async throws -> FileTree

    /// Lays `tree` out as a real folder at `folder`, its files fetched where they are not on this host. They may be the store's
    /// own: to be mounted or read, and never written to.
    func materialize(_ tree: FileTree, at folder: FilePath) async throws
}

extension ContentStore: ArtifactStore {
    /// There is nowhere else to look.
    package func fetchAbsent(_ blobs: Set<Blob>) async throws -> Set<Blob> { try await missing(of: blobs) }
}

extension ArtifactStore {
    /// Moves a file of the work area into the store.
    package func insert(file path: FilePath) async throws -> Blob { try await insert(file: path, knownAs: nil) }

    /// Copies the file at `path` into the store.
    package func insert(copying path: FilePath) async throws -> Blob {
        let copy = workArea.newFile()
        try await BlockingWork.run { try FileCopy.copy(path, to: copy) }
        return try await insert(file: copy)
    }

    /// Stores the list that a tree is; its files are there, or come later.
    @discardableResult
    package func insert(_ tree: FileTree) async throws -> Artifact {
        Artifact(tree: try await insert(tree.serialized), size: tree.size)
    }

    /// The tree whose list is `blob`.
    package func tree(_ blob: Blob) async throws -> FileTree { try FileTree(serialized: try await bytes(of: blob)) }

    /// It is looked at.
    package func mayHave(_ artifact: Artifact) async -> Bool { await has(artifact) }

    /// Has all of `artifact` on this host, by what names and sizes say; false where some can't be had.
    package func fetchAbsent(_ artifact: Artifact) async throws -> Bool {
        guard try await fetchAbsent([artifact.blob]).isEmpty else { return false }
        guard artifact.kind == .tree else { return true }
        return try await fetchAbsent(try await tree(artifact.blob).blobs).isEmpty
    }

    /// Whether all of `artifact` is there, by what names and sizes say.
    package func has(_ artifact: Artifact) async -> Bool {
        var blobs: Set = [artifact.blob]
        if artifact.kind == .tree {
            guard let tree = try? await tree(artifact.blob) else { return false }
            blobs = tree.blobs
        }
        return (try? await missing(of: blobs).isEmpty) ?? false
    }

    /// Has `blob` on this host, its bytes checked; false where it can't be had.
    package func fetch(_ blob: Blob) async throws -> Bool { try await fetch([blob]).isEmpty }

    /// Has all of `artifact` on this host, its bytes checked; false where some can't be had.
    package func fetch(_ artifact: Artifact) async throws -> Bool {
        guard try await fetch(artifact.blob) else { return false }
        guard artifact.kind == .tree else { return true }
        return try await fetch(try await tree(artifact.blob).blobs).isEmpty
    }

    /// Lays `artifact` out at `path`, as a file or a folder; the rest is as for a tree.
    package func materialize(_ artifact: Artifact, at path: FilePath) async throws {
        switch artifact.kind {
        case .tree: try await materialize(try await tree(artifact.blob), at: path)
        case .file:
            let name = path.lastComponent?.string ?? ""
            try await materialize(try FileTree([name: .file(artifact.blob)]), at: path.removingLastComponent())
        }
    }
}

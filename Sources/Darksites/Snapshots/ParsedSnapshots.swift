package import APT
import Archives
package import BuildGraph
package import ContentStore
import Locking
package import Primitives
package import SystemPackage

/// What is kept of indexes, so that no question has to read them anew.
///
/// Whoever may write to it can change it: it decides what is chosen, and never what is taken. What a lock says is compared
/// with the indexes themselves (`SnapshotFetch.verify`), and a mirror's stanzas come from there.
package struct ParsedSnapshots: Sendable {
    private let store: any ArtifactStore
    private let derived: DerivedResults
    private var indexes: ParsedIndexes { ParsedIndexes(folder: derived.folder(.parsed)) }
    var packages: ParsedRPMSnapshots { ParsedRPMSnapshots(folder: ParsedFiles(folder: derived.folder(.parsed))) }

    package init(store: any ArtifactStore, derived: DerivedResults) {
        self.store = store
        self.derived = derived
    }

    /// The packages of all indexes of `snapshot`, which the store must hold intact.
    package func table(
        of snapshot: Snapshot, _ content: APTSnapshotContent, architectures: [String]
    ) async throws -> PackageTable {
        let files = files(of: snapshot, content)
        let bytes = try await store.bytes(of: snapshot.indexes.map(\.blob))
        return try await BlockingWork.run { [indexes] in
            try indexes.table(
                of: files, architecture: architectures[0], foreignArchitectures: Array(architectures.dropFirst())
            ) { bytes[$0.digest] ?? [] }
        }
    }

    /// The table of `snapshot`, where it was made before and the store still has the indexes, whose bytes are not looked at.
    func known(
        _ snapshot: Snapshot, _ content: APTSnapshotContent, architectures: [String]
    ) async throws -> PackageTable? {
        guard try await store.missing(of: Set(snapshot.indexes.map(\.blob))).isEmpty else { return nil }
        let files = files(of: snapshot, content)
        return try await BlockingWork.run { [indexes] in
            indexes.known(
                files, architecture: architectures[0], foreignArchitectures: Array(architectures.dropFirst()))
        }
    }

    /// `table`, which is that of `snapshot`, with the packages of one more index.
    func table(
        _ table: PackageTable, of snapshot: Snapshot, _ content: APTSnapshotContent, adding index: PackageIndex,
        origin: IndexOrigin
    ) throws(PackageIndexError) -> PackageTable {
        try indexes.table(table, of: files(of: snapshot, content), adding: index, origin: origin)
    }

    private func files(of snapshot: Snapshot, _ content: APTSnapshotContent) -> [IndexFile] {
        snapshot.indexes.map { index in
            let release = content.releases[index.name]
            let origin = IndexOrigin(
                repository: index.repository, site: content.sites[index.repository] ?? "", suite: index.suite ?? "",
                component: index.component ?? "",
                architecture: index.architecture ?? "",
                origin: release?.origin ?? "",
                label: release?.label ?? "", archive: release?.suite ?? "",
                codename: release?.codename ?? "", version: release?.version ?? "",
                notAutomatic: release?.notAutomatic ?? false,
                butAutomaticUpgrades: release?.butAutomaticUpgrades ?? false,
                generation: snapshot.generations[index.digest] ?? 0)
            return IndexFile(
                digest: index.digest, compression: Compression(fileName: index.path),
                source: "\(index.repository) \(index.path)", origin: origin)
        }
    }

    /// The files of all that was derived of other blobs than those in `kept`: indexes, signed files, packages and verified locks.
    package static func files(of derived: DerivedResults, but kept: Set<Digest>) throws(FileError) -> [FilePath] {
        var files = try ParsedFiles(folder: derived.folder(.parsed)).files(
            but: kept,
            versions: ["table": ParsedIndexes.tableVersion, ParsedRPMSnapshots.ending: ParsedRPMSnapshots.version])
        for kind in [DerivedResults.Kind.signed, .zfsKernels] {
            files += try derived.files(of: kind) { name in
                Digest(hex: String(name.prefix(64))).map(kept.contains) ?? false
            }
        }
        return files
    }
}

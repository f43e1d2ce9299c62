package import APT
import Archives
package import ContentStore
package import Locking
package import Primitives
import SystemPackage

/// What a store keeps of indexes beside the blobs, so that no question has to read them anew. All of it can be made again.
///
/// Whoever may write to the store can change it: it decides what is chosen, and never what is taken. What a lock says is compared
/// with the indexes themselves (`SnapshotFetch.verify`), and a mirror's stanzas come from there.
package struct ParsedSnapshots: Sendable {
    private let store: ContentStore
    private var folder: FilePath { store.root.appending("parsed") }
    private var files: ParsedFiles { ParsedFiles(folder: folder, ingest: store.ingestFolder) }
    /// The tables of Debian packages, and the unpacked indexes, in `parsed/` of the store.
    package var indexes: ParsedIndexes { ParsedIndexes(folder: folder, ingest: store.ingestFolder) }
    var packages: ParsedRPMSnapshots { ParsedRPMSnapshots(folder: files) }

    package init(store: ContentStore) { self.store = store }

    /// `index` as a file of the store.
    package func file(_ index: LockedIndex, origin: IndexOrigin) -> IndexFile {
        IndexFile(
            path: store.path(of: index.digest), digest: index.digest, compression: Compression(fileName: index.path),
            source: "\(index.repository) \(index.path)", origin: origin)
    }

    /// The packages of all indexes of `snapshot`, which the store must hold intact.
    package func table(
        of snapshot: Snapshot, _ content: APTSnapshotContent, architectures: [String]
    ) throws -> PackageTable {
        try indexes.table(
            of: files(of: snapshot, content), architecture: architectures[0],
            foreignArchitectures: Array(architectures.dropFirst()))
    }

    /// The table of `snapshot`, where it was made before and the store still has the indexes, whose bytes are not looked at.
    func known(_ snapshot: Snapshot, _ content: APTSnapshotContent, architectures: [String]) -> PackageTable? {
        guard snapshot.indexes.allSatisfy({ store.contains($0.digest, size: $0.size.bytes) }) else { return nil }
        return indexes.known(
            files(of: snapshot, content), architecture: architectures[0],
            foreignArchitectures: Array(architectures.dropFirst()))
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
            let release = content.release(index.repository, index.suite)
            let origin = IndexOrigin(
                repository: index.repository, site: content.sites[index.repository] ?? "", suite: index.suite,
                component: index.component == LockedIndex.none ? "" : index.component,
                architecture: index.architecture == LockedIndex.none ? "" : index.architecture,
                origin: release?.origin ?? "",
                label: release?.label ?? "", archive: release?.suite ?? "",
                codename: release?.codename ?? "", version: release?.version ?? "",
                notAutomatic: release?.notAutomatic ?? false,
                butAutomaticUpgrades: release?.butAutomaticUpgrades ?? false,
                generation: snapshot.generations[index.digest] ?? 0)
            return file(index, origin: origin)
        }
    }

    /// Removes all that is not of the indexes, signed files and verified locks in `kept`; returns the size of that.
    package func removeAll(but kept: Set<Digest>) throws(FileError) -> ByteCount {
        var removed = try files.removeAll(
            but: kept,
            versions: ["table": ParsedIndexes.tableVersion, ParsedRPMSnapshots.ending: ParsedRPMSnapshots.version])
        let signed = store.root.appending(KeptResults.Folder.signed.rawValue)
        guard Files.exists(signed) else { return removed }
        for name in try Files.list(signed) {
            if let digest = Digest(hex: String(name.prefix(64))), kept.contains(digest) { continue }
            let path = signed.appending(name)
            if let status = try FileStatus(at: path) { removed += ByteCount(status.size) }
            try Files.remove(path)
        }
        return removed
    }
}

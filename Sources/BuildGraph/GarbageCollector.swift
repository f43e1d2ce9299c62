package import ContentStore
package import Primitives

/// Removes from a store what no step's last run, nor the one before it, has read or made, and what no kept build is looked into by.
package struct GarbageCollector: Sendable {
    private let store: ContentStore
    private let records: RecordFolder

    private let builds: Int

    /// Keeps what the last `builds` builds reach, see `BuildHistory`.
    package init(store: ContentStore, records: RecordFolder, builds: Int) {
        self.store = store
        self.records = records
        self.builds = builds
    }

    /// Removes everything but that and the blobs in `kept`; returns how much it was.
    ///
    /// Of the run before the last one only what `explain` compares is kept: trees and small files.
    package func collect(
        keeping kept: Set<Digest>, holding lock: StoreLock
    ) async throws -> (blobs: Int, size: ByteCount) {
        var (keys, blobs) = try BuildHistory(records: records).reached(keeping: builds)
        blobs.formUnion(kept)
        func keep(_ artifact: Artifact, deeply: Bool) async {
            guard deeply || artifact.isCompared else { return }
            blobs.insert(artifact.digest)
            guard deeply, artifact.kind == .tree, let tree = try? await store.tree(artifact.blob) else { return }
            blobs.formUnion(tree.blobs.map(\.digest))
        }
        for last in try records.lastRecords() {
            for (record, isLast) in [(last, true)] + (last.previous.flatMap(records.record).map { [($0, false)] } ?? [])
            {
                keys.insert(record.key)
                if let log = record.log { blobs.insert(log.digest) }
                for artifact in record.inputs.values.map(\.artifact) + record.outputs.values {
                    await keep(artifact, deeply: isLast)
                }
            }
        }
        try records.removeAll(but: keys, holding: lock)
        return try store.removeAll(but: blobs, holding: lock)
    }
}

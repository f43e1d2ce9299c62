package import ContentStore
package import Primitives

/// Removes from a store what no step's last run, nor the one before it, has read or made.
package struct GarbageCollector: Sendable {
    private let store: ContentStore
    private let records: RecordFolder

    package init(store: ContentStore, records: RecordFolder) {
        self.store = store
        self.records = records
    }

    /// Removes everything but that and the blobs in `kept`; returns how much it was.
    ///
    /// Of the run before the last one only what `explain` compares is kept: trees and small files.
    package func collect(
        keeping kept: Set<Digest>, holding lock: StoreLock
    ) async throws -> (blobs: Int, size: ByteCount) {
        var blobs = kept
        var keys: Set<StepKey> = []
        func keep(_ artifact: Artifact, deeply: Bool) async {
            guard deeply || artifact.kind == .tree || artifact.size < ByteCount(1_000_000) else { return }
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

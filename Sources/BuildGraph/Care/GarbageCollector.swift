package import ContentStore
import Primitives

/// Makes room in a store: by rules that say which runs stay, and how large it may be.
package struct GarbageCollector: Sendable {
    private let store: ContentStore
    private let records: RecordFolder
    private let remembered: Int

    /// `remembered` builds are kept on record, see `BuildHistory`: what they are looked into by stays.
    package init(store: ContentStore, records: RecordFolder, remembered: Int) {
        self.store = store
        self.records = records
        self.remembered = remembered
    }

    /// What `rule` lets go; nothing is changed. What this process has brought into the store, or asked it for, stays.
    package func removal(by rule: KeepRule) async throws -> Removal {
        var rule = rule
        rule.blobs.formUnion(store.claims)
        return try await survey().removal(by: rule)
    }

    /// Lets `removal` go, but for blobs that this process has brought in or asked for meanwhile.
    ///
    /// The runs are forgotten first. Whoever is killed in the middle leaves blobs that nobody knows, and never a run whose result is
    /// gone.
    package func carryOut(_ removal: Removal, holding lock: StoreLock) async throws {
        try await BlockingWork.run {
            if removal.forgetsUnreadable { try records.removeUnreadable(holding: lock) }
            try records.remove(removal.runs, holding: lock)
            try store.remove(removal.blobs, holding: lock)
        }
    }

    /// The last run of each of `steps`, and the runs whose results they read, and so on.
    package func runs(behind steps: [StepName]) async throws -> Set<StepKey> {
        try await survey(withBlobs: false).closure(of: steps.compactMap(records.lastKey))
    }

    private func survey(withBlobs: Bool = true) async throws -> StoreSurvey {
        let all = try await BlockingWork.run { try records.all() }
        var files: [Digest: [Digest]] = [:]
        var runs: [StepKey: StoreSurvey.Run] = [:]
        for (record, lastUse) in all {
            var blobs = Set([record.log?.digest].compactMap { $0 })
            var compared = blobs
            for artifact in record.inputs.values.map(\.artifact) + record.outputs.values where withBlobs {
                blobs.insert(artifact.digest)
                if artifact.isCompared { compared.insert(artifact.digest) }
                guard artifact.kind == .tree else { continue }
                if files[artifact.digest] == nil {
                    files[artifact.digest] = (try? await store.tree(artifact.blob))?.blobs.map(\.digest) ?? []
                }
                blobs.formUnion(files[artifact.digest] ?? [])
            }
            runs[record.key] = StoreSurvey.Run(record: record, lastUse: lastUse, blobs: blobs, compared: compared)
        }
        let blobs = withBlobs ? try await BlockingWork.run { try store.inventory() } : [:]
        let history = BuildHistory(records: records)
        return StoreSurvey(
            blobs: blobs, runs: runs, last: try records.lastRecords().map(\.key),
            builds: try history.builds().map { Set($0.steps.compactMap(\.key)) },
            remembered: try history.reached(keeping: remembered))
    }
}

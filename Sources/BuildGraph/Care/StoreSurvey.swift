import ContentStore
import Primitives

/// What a store has, who of its runs holds which blobs, and what a rule makes of that. A value: it asks no disk.
struct StoreSurvey {
    /// A run on record.
    struct Run {
        let record: StepRecord
        /// In nanoseconds since 1970.
        let lastUse: Int64
        /// All that it read and made, the files of trees among it.
        let blobs: Set<Digest>
        /// Of these, what `explain` compares with a later run, and the log.
        let compared: Set<Digest>
    }

    let blobs: [Digest: StoredBlob]
    let runs: [StepKey: Run]
    /// The keys of the last run of each step.
    let last: [StepKey]
    /// The keys of the steps of each build on record, the newest first.
    let builds: [Set<StepKey>]
    /// What the builds that are kept on record are looked into by, see `BuildHistory`.
    let remembered: (keys: Set<StepKey>, blobs: Set<Digest>)

    /// The runs of `start`, and those whose results they read, and so on.
    func closure(of start: some Sequence<StepKey>) -> Set<StepKey> {
        var found: Set<StepKey> = []
        var open = Array(start)
        while let key = open.popLast() {
            guard let run = runs[key], found.insert(key).inserted else { continue }
            for case .step(_, _, let producer) in run.record.inputs.values.map(\.origin) { open.append(producer) }
        }
        return found
    }

    /// What goes by `rule`.
    func removal(by rule: KeepRule) -> Removal {
        var holdings = held(by: rule)
        let needed = rule.needed.intersection(holdings.keys)
        var fixed = rule.blobs.union(remembered.blobs)
        for key in needed { fixed.formUnion(holdings.removeValue(forKey: key) ?? []) }
        var goingRuns = runs.keys.filter { !needed.contains($0) && holdings[$0] == nil }
        var holders: [Digest: Int] = [:]
        for digest in holdings.values.joined() { holders[digest, default: 0] += 1 }
        let loose = blobs.keys.filter { holders[$0] == nil && !fixed.contains($0) }
        var going = rule.builds == nil ? [] : loose
        var left = rule.beside + blobs.values.reduce(.zero) { $0 + $1.size } - size(of: going)
        if let limit = rule.limit, left > limit {
            var spare = holdings.map { Spare(run: $0.key, blobs: $0.value, lastUse: runs[$0.key]?.lastUse ?? 0) }
            if rule.builds == nil {
                spare += loose.map { Spare(run: nil, blobs: [$0], lastUse: blobs[$0]?.lastUse ?? 0) }
            }
            for spare in spare.sorted() where left > limit {
                if let run = spare.run { goingRuns.append(run) }
                for digest in spare.blobs where !fixed.contains(digest) {
                    holders[digest, default: 1] -= 1
                    guard holders[digest] == 0, let blob = blobs[digest] else { continue }
                    going.append(digest)
                    left = left - blob.size
                }
            }
        }
        return Removal(
            runs: goingRuns, blobs: going,
            freed: going.reduce(.zero) { sum, digest in
                blobs[digest].map { $0.isElsewhere ? sum : sum + $0.size } ?? sum
            }, left: left, needed: rule.beside + size(of: fixed), forgetsUnreadable: rule.builds != nil)
    }

    /// What can go alone: a run with what no other has, or a blob that no run has.
    private struct Spare: Comparable {
        let run: StepKey?
        let blobs: Set<Digest>
        let lastUse: Int64

        private var name: String { (run?.digest ?? blobs.first)?.hex ?? "" }

        static func < (a: Spare, b: Spare) -> Bool { (a.lastUse, a.name) < (b.lastUse, b.name) }
    }

    private func size(of digests: some Sequence<Digest>) -> ByteCount {
        digests.reduce(.zero) { $0 + (blobs[$1]?.size ?? .zero) }
    }

    /// The runs that stay, and what each holds.
    private func held(by rule: KeepRule) -> [StepKey: Set<Digest>] {
        guard let count = rule.builds else { return runs.mapValues(\.blobs) }
        var held: [StepKey: Set<Digest>] = [:]
        func hold(_ keys: some Sequence<StepKey>, _ part: (Run) -> Set<Digest>) {
            for key in keys { if let run = runs[key] { held[key, default: []].formUnion(part(run)) } }
        }
        hold(rule.needed, \.blobs)
        hold(last, \.blobs)
        hold(builds.prefix(count).joined(), \.blobs)
        hold(last.compactMap { runs[$0]?.record.previous }, \.compared)
        hold(remembered.keys, \.compared)
        return held
    }
}

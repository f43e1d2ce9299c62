import ContentStore
import Primitives

/// Why a step ran, or would run: what changed among its inputs, and what made that change, down to the root causes.
package struct StepExplanation: Sendable {
    /// One difference, and the differences behind it.
    package struct Cause: Sendable {
        /// "live/root rootfs.tar", or the path of a file of the user's.
        package let subject: String
        /// "sha256 71aa… → 02be…", or the lines or files that differ.
        package let details: [String]
        /// Whether nothing in this build lies behind it.
        package let isRoot: Bool
        /// What changed in the step that made it; empty for a root, as it counts where runs of that step are not on record
        /// any more.
        package let because: [Cause]
    }

    /// What an explanation is of: a run that was, or one that would be; or what a build that was did in its place.
    package enum Verdict: Sendable {
        case neverRan
        case wouldRun
        case ran(secondsAgo: Int64, took: Duration)
        /// It failed, or was stopped.
        case failed(secondsAgo: Int64, took: Duration)
        /// That build found its result on record.
        case wasCached
        /// That build did not come to it.
        case neverBegan
    }

    /// Where a step ran that did not run on this host.
    package enum Place: Hashable, Sendable {
        /// On a worker that this host had sent it to.
        case worker
        /// Wherever whoever put its result into the cache with this address made it.
        case cache(String)
    }

    /// The step that was asked about.
    package let step: StepName
    /// Where it ran, where that was not on this host.
    package var place: Place?
    /// Whether it ran, would run, or never did.
    package let verdict: Verdict
    /// The sentence for a run without causes: a first run, or bytes that were missing.
    package let remark: String?
    /// The inputs that changed, by name; empty for a first run.
    package let causes: [Cause]

    /// The subjects that nothing else explains, each once.
    package var rootCauses: [String] {
        var found: [String] = []
        func visit(_ causes: [Cause]) {
            for cause in causes {
                if cause.isRoot, !found.contains(cause.subject) { found.append(cause.subject) }
                visit(cause.because)
            }
        }
        visit(causes)
        return found
    }
}

/// Finds explanations in the records of past runs.
package struct Explainer: Sendable {
    private let store: any ArtifactStore
    let records: any RecordStore
    private let finder: ChangeFinder
    let now: Int64

    /// `now`, in seconds since 1970, is what "ago" is measured from.
    package init(store: any ArtifactStore, records: any RecordStore, now: Int64) {
        self.store = store
        self.records = records
        self.now = now
        finder = ChangeFinder(records: records)
    }

    /// Explains the step called `name`, given how all steps stand now.
    package func explain(
        _ name: StepName, standing: [(step: Step, standing: StepStanding)]
    ) async -> StepExplanation? {
        let states = Dictionary(uniqueKeysWithValues: standing.map { ($0.step.name, $0) })
        guard let (step, state) = states[name] else { return nil }
        switch state {
        case .cached(let record):
            let verdict = StepExplanation.Verdict.ran(secondsAgo: max(now - record.finished, 0), took: record.duration)
            let place = record.source.map(StepExplanation.Place.cache)
            guard let key = record.previous, let previous = await records.record(key) else {
                return StepExplanation(
                    step: name, place: place, verdict: verdict, remark: "it was the first run on record", causes: [])
            }
            let causes = await causes(from: previous, inputs: record.inputs, code: record.code, fresh: nil)
            return StepExplanation(step: name, place: place, verdict: verdict, remark: nil, causes: causes)
        case .mustRun, .waits:
            let causes = await pending(step, states)
            let remark = causes.isEmpty ? "no run of it is on record" : nil
            return StepExplanation(
                step: name, verdict: causes.isEmpty ? .neverRan : .wouldRun, remark: remark, causes: causes)
        }
    }

    /// What lies behind a step that is not up to date.
    private func pending(
        _ step: Step, _ states: [StepName: (step: Step, standing: StepStanding)]
    ) async -> [StepExplanation.Cause] {
        guard let last = await records.lastRecord(of: step.name) else { return [] }
        switch states[step.name]?.standing {
        case .mustRun(let evaluation, _):
            return await causes(from: last, inputs: evaluation.inputs, code: step.code, fresh: step)
        case .waits(let producers):
            var causes: [StepExplanation.Cause] = []
            for producer in producers {
                guard let (step, _) = states[producer] else { continue }
                let behind = await pending(step, states)
                let details = behind.isEmpty ? ["has not run yet"] : ["would run first"]
                causes.append(
                    StepExplanation.Cause(
                        subject: producer.text, details: details, isRoot: behind.isEmpty, because: behind))
            }
            return causes
        case .cached, nil: return []
        }
    }

    /// `fresh` is the step as it stands now, where the run after the change has not happened yet.
    func causes(
        from before: StepRecord, inputs: [String: StepRecord.Input], code: String, fresh: Step?
    ) async -> [StepExplanation.Cause] {
        var causes: [StepExplanation.Cause] = []
        for change in finder.changes(from: before, inputs: inputs, code: code) {
            causes.append(await cause(change, from: before, inputs: inputs, code: code, fresh: fresh))
        }
        return causes
    }

    /// What lies behind one change among the inputs; the rest is as for `causes`.
    func cause(
        _ change: InputChange, from before: StepRecord, inputs: [String: StepRecord.Input], code: String, fresh: Step?
    ) async -> StepExplanation.Cause {
        let (old, new) = (before.inputs[change.input], inputs[change.input])
        let input = fresh?.inputs[change.input]
        switch (old?.origin, new?.origin) {
        case (.step(_, _, let oldKey), .step(let producer, let output, let newKey)):
            let digests = "\(change.before?.short ?? "nothing") → \(change.after?.short ?? "nothing")"
            var behind: [StepExplanation.Cause] = []
            if oldKey != newKey, let old = await records.record(oldKey), let new = await records.record(newKey) {
                behind = await causes(from: old, inputs: new.inputs, code: new.code, fresh: nil)
            }
            return StepExplanation.Cause(
                subject: "\(producer) \(output)", details: ["sha256 \(digests)"], isRoot: behind.isEmpty,
                because: behind)
        case (_, .user(let path)):
            let details = await difference(old?.artifact, new?.artifact, input, shownAs: path)
            // One file of a folder is the cause itself: "…/file changed".
            if details.count == 1, details[0].hasPrefix("\(path)/"), let space = details[0].lastIndex(of: " ") {
                let verb = String(details[0][details[0].index(after: space)...])
                return StepExplanation.Cause(
                    subject: String(details[0][..<space]), details: [verb], isRoot: true, because: [])
            }
            return StepExplanation.Cause(subject: path, details: details, isRoot: true, because: [])
        case _ where change.input == ChangeFinder.code:
            let details = before.code == code ? [] : ["\(before.code) → \(code)"]
            return StepExplanation.Cause(subject: change.input, details: details, isRoot: true, because: [])
        default:
            let details = await difference(old?.artifact, new?.artifact, input)
            return StepExplanation.Cause(subject: change.input, details: details, isRoot: true, because: [])
        }
    }

    /// What differs between the two values of an input, in lines or files, at most eight of them.
    private func difference(
        _ old: Artifact?, _ new: Artifact?, _ fresh: StepInput?, shownAs folder: String? = nil
    ) async -> [String] {
        let prefix = folder.map { "\($0)/" } ?? ""
        guard let old, let before = try? await store.bytes(of: old.blob) else { return [] }
        let after: [UInt8]?
        switch fresh {
        case .literal(let value): after = value
        case .file(let path, _, _): after = try? Files.read(path)
        case .folder(_, let tree, _): after = tree.serialized
        case .output, nil: after = if let new { try? await store.bytes(of: new.blob) } else { nil }
        }
        guard let after else { return [] }
        if let before = try? FileTree(serialized: before), let after = try? FileTree(serialized: after) {
            return Self.shorten(Self.files(before, after).map { prefix + $0 })
        }
        return Self.shorten(Self.lines(before, after))
    }

    private static func files(_ before: FileTree, _ after: FileTree) -> [String] {
        Set(before.paths).union(after.paths).sorted().compactMap { path in
            switch (before.nodes[path], after.nodes[path]) {
            case (let old?, let new?): old == new ? nil : "\(path) changed"
            case (nil, _): "\(path) added"
            case (_, nil): "\(path) removed"
            }
        }
    }

    /// The lines that were added and removed, in order where the texts are short: finding the order takes the square of
    /// what differs. None of bytes that are no text.
    private static func lines(_ before: [UInt8], _ after: [UInt8]) -> [String] {
        guard !before.contains(0), !after.contains(0) else { return [] }
        func split(_ bytes: [UInt8]) -> [String] {
            bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        }
        let (before, after) = (split(before), split(after))
        guard before.count + after.count <= 2000 else {
            let (old, new) = (Set(before), Set(after))
            return before.filter { !new.contains($0) }.map { "- \($0)" }
                + after.filter { !old.contains($0) }.map { "+ \($0)" }
        }
        return after.difference(from: before).map { change in
            switch change {
            case .insert(_, let line, _): "+ \(line)"
            case .remove(_, let line, _): "- \(line)"
            }
        }
    }

    private static func shorten(_ lines: [String]) -> [String] {
        lines.count <= 8 ? lines : Array(lines.prefix(7)) + ["and \(lines.count - 7) more"]
    }
}

/// The records of past runs, by key, and which run of each step was the last.
///
/// A record may come from another host; which run was the last is a matter of this one.
package protocol RecordStore: Sendable {
    /// The record of the run with this key; nil where there is none that can be read.
    func record(_ key: StepKey) async -> StepRecord?

    /// The record of the run that `step` would be with its inputs as they are now, and where it was found. Nothing is written.
    func find(_ step: Step, _ evaluation: StepEvaluation) async throws -> FoundRecord?

    /// Keeps `record`, as the last run of its step.
    func save(_ record: StepRecord) async throws

    /// Hands the run of `step` on to others, where this store does that; its outputs are in the store of artifacts. False where
    /// others do not have it then.
    @discardableResult
    func share(_ record: StepRecord, of step: Step, _ evaluation: StepEvaluation) async throws -> Bool

    /// The key of the last run of a step, or last use of its result.
    func lastKey(of step: StepName) async -> StepKey?

    /// Notes that a step's last result is this one; the next change is measured against it. It can be that of another
    /// step that does the same with the same inputs.
    func noteUse(of record: StepRecord, by step: StepName) async throws
}

/// A record, and where it was found.
package struct FoundRecord: Sendable {
    /// Where results are found.
    package enum Place: String, Hashable, Sendable {
        /// On this host.
        case here = "cached"
        /// In a cache that others use, too.
        case remote
    }

    /// What was found.
    package let record: StepRecord
    /// Where.
    package let place: Place

    package init(_ record: StepRecord, _ place: Place) {
        self.record = record
        self.place = place
    }
}

extension RecordStore {
    /// There are no others.
    @discardableResult
    package func share(_ record: StepRecord, of step: Step, _ evaluation: StepEvaluation) async throws -> Bool { false }

    /// The record of the last run of a step.
    package func lastRecord(of step: StepName) async -> StepRecord? {
        guard let key = await lastKey(of: step) else { return nil }
        return await record(key)
    }
}

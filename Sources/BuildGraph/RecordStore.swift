/// The records of past runs, by key, and which run of each step was the last.
///
/// A record may come from another host; which run was the last is a matter of this one.
package protocol RecordStore: Sendable {
    /// The record of the run with this key; nil where there is none that can be read.
    func record(_ key: StepKey) async -> StepRecord?

    /// Keeps `record`, as the last run of its step.
    func save(_ record: StepRecord) async throws

    /// The key of the last run of a step, or last use of its result.
    func lastKey(of step: StepName) async -> StepKey?

    /// Notes that a step's last result is this one; the next change is measured against it. It can be that of another
    /// step that does the same with the same inputs.
    func noteUse(of record: StepRecord, by step: StepName) async throws
}

extension RecordStore {
    /// The record of the last run of a step.
    package func lastRecord(of step: StepName) async -> StepRecord? {
        guard let key = await lastKey(of: step) else { return nil }
        return await record(key)
    }
}

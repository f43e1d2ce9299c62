import ContentStore
package import Primitives
package import SystemPackage

/// The records of past runs, by key, and which run of each step was the last.
package struct RecordStore: Sendable {
    private let root: FilePath

    /// Opens the records kept in the folder `root`, made where it is missing.
    package init(root: FilePath) throws(FileError) {
        self.root = root
        for folder in ["by-key", "last"] { try Files.createDirectory(root.appending(folder)) }
    }

    /// The record of the run with this key; nil where there is none that can be read.
    package func record(_ key: StepKey) -> StepRecord? {
        guard let text = try? Files.readText(path(key)), let record = StepRecord(serialized: text), record.key == key
        else {
            return nil
        }
        return record
    }

    /// The key of the last run of a step, or last use of its result.
    package func lastKey(of step: StepName) -> StepKey? {
        (try? Files.readText(root.appending("last").appending(step.fileName)))
            .flatMap { Digest(hex: String($0.prefix(64))) }.map(StepKey.init(digest:))
    }

    /// Keeps `record` under its key, in place of an older one, and notes it as its step's last run. Throws `FileError`.
    package func save(_ record: StepRecord) throws(FileError) {
        try Files.createDirectory(path(record.key).removingLastComponent())
        try Files.write(record.serialized.utf8, to: path(record.key))
        try noteUse(of: record, by: record.step)
    }

    /// Notes that a step's last result is this one; the next change is measured against it. It can be that of another
    /// step that does the same with the same inputs.
    package func noteUse(of record: StepRecord, by step: StepName) throws(FileError) {
        guard lastKey(of: step) != record.key else { return }
        try Files.createDirectory(root.appending("last"))
        try Files.write("\(record.key)\n".utf8, to: root.appending("last").appending(step.fileName))
    }

    /// The record of the last run of every step there ever was.
    func lastRecords() throws(FileError) -> [StepRecord] {
        try Files.list(root.appending("last")).compactMap { name in
            (try? Files.readText(root.appending("last").appending(name)))
                .flatMap { Digest(hex: String($0.prefix(64))) }.map(StepKey.init(digest:)).flatMap(record)
        }
    }

    /// Forgets all runs but those with these keys. The lock is that of the store that keeps their results.
    func removeAll(but kept: Set<StepKey>, holding _: StoreLock) throws(FileError) {
        let folder = root.appending("by-key")
        for part in try Files.list(folder) {
            for name in try Files.list(folder.appending(part)) {
                guard let digest = Digest(hex: name), kept.contains(StepKey(digest: digest)) else {
                    try Files.remove(folder.appending(part).appending(name))
                    continue
                }
            }
        }
    }

    private func path(_ key: StepKey) -> FilePath {
        root.appending("by-key").appending(String(key.description.prefix(2))).appending(key.description)
    }
}

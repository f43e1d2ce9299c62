import ContentStore
package import Primitives
package import SystemPackage

/// The records of past runs in a folder of this host: the first tier of a store of records.
package struct RecordFolder: RecordStore {
    private let root: FilePath

    /// That of the records of whole builds.
    var builds: FilePath { root.appending("builds") }

    /// Opens the records kept in the folder `root`, made where it is missing.
    package init(root: FilePath) throws(FileError) {
        self.root = root
        for folder in ["by-key", "last"] { try Files.createDirectory(root.appending(folder)) }
    }

    /// One that is damaged, or lies under another key than its own, is none.
    package func record(_ key: StepKey) -> StepRecord? {
        guard let text = try? Files.readText(path(key)), let record = StepRecord(serialized: text), record.key == key
        else {
            return nil
        }
        return record
    }

    /// Out of a file for each step.
    package func lastKey(of step: StepName) -> StepKey? {
        lastKey(inFile: step.fileName)
    }

    private func lastKey(inFile name: String) -> StepKey? {
        (try? Files.readText(root.appending("last").appending(name)))
            .flatMap { Digest(hex: String($0.prefix(64))) }.map(StepKey.init(digest:))
    }

    /// Keeps `record` under its key, in place of an older one, and notes it as its step's last run. Throws `FileError`.
    package func save(_ record: StepRecord) async throws {
        try await BlockingWork.run {
            try Files.createDirectory(path(record.key).removingLastComponent())
            try Files.write(record.serialized.utf8, to: path(record.key))
        }
        try await noteUse(of: record, by: record.step)
    }

    /// Writes only what is not noted already. Throws `FileError`.
    package func noteUse(of record: StepRecord, by step: StepName) async throws {
        guard lastKey(of: step) != record.key else { return }
        try await BlockingWork.run {
            try Files.createDirectory(root.appending("last"))
            try Files.write("\(record.key)\n".utf8, to: root.appending("last").appending(step.fileName))
        }
    }

    /// The record of the last run of every step there ever was.
    func lastRecords() throws(FileError) -> [StepRecord] {
        try Files.list(root.appending("last")).compactMap { lastKey(inFile: $0).flatMap(record) }
    }

    // MARK: For the holder of the lock of the store that keeps the results

    /// Forgets all runs but those with these keys.
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

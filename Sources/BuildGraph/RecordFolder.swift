import ContentStore
package import Primitives
package import SystemPackage

/// The records of past runs in a folder of this host: the first tier of a store of records.
package struct RecordFolder: RecordStore {
    private let root: FilePath
    /// The cache whose word is taken for what was not made on this host; nil: none's.
    package var believed: String?

    /// That of the records of whole builds.
    var builds: FilePath { root.appending("builds") }

    /// Opens the records kept in the folder `root`, made where it is missing.
    package init(root: FilePath) throws(FileError) {
        self.root = root
        for folder in ["by-key", "last"] { try Files.createDirectory(root.appending(folder)) }
    }

    /// That with its key, where it was made on this host, or a cache said so that is believed.
    package func find(_ step: Step, _ evaluation: StepEvaluation) -> FoundRecord? {
        guard let record = record(evaluation.key), record.source == nil || record.source == believed else { return nil }
        return FoundRecord(record, .here)
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

    /// The record is as young as its last use: its file has that time. Which run was a step's last is only written where that is
    /// not noted already. Throws `FileError`.
    package func noteUse(of record: StepRecord, by step: StepName) async throws {
        Files.touch(path(record.key))
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

    /// All records with the moments of their last use, in nanoseconds since 1970.
    func all() throws(FileError) -> [(record: StepRecord, lastUse: Int64)] {
        var found: [(record: StepRecord, lastUse: Int64)] = []
        for path in try files() {
            guard let name = path.lastComponent?.string, let digest = Digest(hex: name),
                let record = record(StepKey(digest: digest)), let status = try FileStatus(at: path)
            else { continue }
            found.append((record, status.modified))
        }
        return found
    }

    /// Removes what is no record: damaged ones, and those of older versions.
    func removeUnreadable(holding _: StoreLock) throws(FileError) {
        for path in try files() {
            let key = path.lastComponent.flatMap { Digest(hex: $0.string) }.map(StepKey.init(digest:))
            if key.flatMap(record) == nil { try Files.remove(path) }
        }
    }

    /// Forgets the runs with these keys.
    func remove(_ keys: [StepKey], holding _: StoreLock) throws(FileError) {
        for key in keys { try Files.remove(path(key)) }
    }

    private func files() throws(FileError) -> [FilePath] {
        let folder = root.appending("by-key")
        var files: [FilePath] = []
        for part in try Files.list(folder) {
            for name in try Files.list(folder.appending(part)) { files.append(folder.appending(part).appending(name)) }
        }
        return files
    }

    private func path(_ key: StepKey) -> FilePath {
        root.appending("by-key").appending(String(key.description.prefix(2))).appending(key.description)
    }
}

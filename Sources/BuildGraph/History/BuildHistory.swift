import ContentStore
package import Primitives
import SystemPackage

/// The records of the last builds: a file for each, called after its number, in a folder beside the records of steps.
package struct BuildHistory: Sendable {
    private let folder: FilePath
    private let records: RecordFolder

    /// Those of the builds whose steps are on record in `records`. The folder is made with the first build.
    package init(records: RecordFolder) {
        self.records = records
        folder = records.builds
    }

    /// The numbers of all that are kept, damaged ones among them; the newest first.
    private func numbers() throws(FileError) -> [Int] {
        guard Files.exists(folder) else { return [] }
        return try Files.list(folder).compactMap { Int($0) }.sorted(by: >)
    }

    /// All that are kept and can be read, the newest first.
    package func builds() throws(FileError) -> [BuildRecord] { try numbers().compactMap(build) }

    /// The build with this number; nil where it is not kept, or damaged.
    package func build(_ number: Int) -> BuildRecord? {
        guard let text = try? Files.readText(folder.appending("\(number)")),
            let record = BuildRecord(serialized: text), record.number == number
        else { return nil }
        return record
    }

    /// The number that the next build gets.
    package func nextNumber() throws(FileError) -> Int { (try numbers().first ?? 0) + 1 }

    /// Keeps `record` under its number, in place of what was there, and forgets all but the last `kept` builds. What those
    /// reached goes with the next collection of garbage.
    package func save(_ record: BuildRecord, keeping kept: Int) throws(FileError) {
        try Files.createDirectory(folder)
        try Files.write(record.serialized.utf8, to: folder.appending("\(record.number)"))
        for number in try numbers().dropFirst(kept) { try Files.remove(folder.appending("\(number)")) }
    }

    /// What the last `kept` builds are looked into by: the records of their steps and of the runs before those, the logs, the
    /// locks and pages, and of what the steps read and made whatever `explain` compares, which is trees and small files. What
    /// they made as such, images among it, is not.
    package func reached(keeping kept: Int) throws(FileError) -> (keys: Set<StepKey>, blobs: Set<Digest>) {
        var keys: Set<StepKey> = []
        var blobs: Set<Digest> = []
        for build in try builds().prefix(kept) {
            blobs.formUnion([build.lock, build.page].compactMap { $0?.digest })
            for step in build.steps {
                if let log = step.log { blobs.insert(log.digest) }
                keys.formUnion([step.key, step.previous].compactMap { $0 })
            }
        }
        for record in keys.compactMap(records.record) {
            if let log = record.log { blobs.insert(log.digest) }
            for artifact in record.inputs.values.map(\.artifact) + record.outputs.values where artifact.isCompared {
                blobs.insert(artifact.digest)
            }
        }
        return (keys, blobs)
    }
}

extension Artifact {
    /// Whether `explain` looks inside when it is not what it was.
    var isCompared: Bool { kind == .tree || size < ByteCount(1_000_000) }
}

import ContentStore
import Primitives
import SystemPackage
import Testing

@testable import BuildGraph

@Suite struct StepRecordTests {
    static func record(
        key: String = "k", summary: String? = "3 packages, 8 MB", path: String = "live/my files/x",
        previous: String? = "p"
    ) -> StepRecord {
        func artifact(_ text: String, _ kind: ArtifactKind) -> Artifact {
            let blob = Blob(Digest(of: text.utf8), size: ByteCount(7))
            return kind == .file ? Artifact(file: blob) : Artifact(tree: blob, size: ByteCount(70))
        }
        return StepRecord(
            key: StepKey(digest: Digest(of: key.utf8)), step: "base/root",
            previous: previous.map { StepKey(digest: Digest(of: $0.utf8)) },
            finished: 1_700_000_000, duration: .milliseconds(1234), summary: summary, log: Blob(of: Array("log".utf8)),
            inputs: [
                "settings": .init(artifact: artifact("1", .file), origin: .literal),
                "live/x": .init(artifact: artifact("2", .tree), origin: .user(path)),
                "name with space": .init(
                    artifact: artifact("3", .file),
                    origin: .step("base/debs", output: "a file", key: StepKey(digest: Digest(of: "o".utf8)))),
            ], outputs: ["root.tar": artifact("4", .file), "boot": artifact("5", .tree)], code: "script 1234567")
    }

    @Test(arguments: [
        record(), record(summary: nil, previous: nil), record(summary: "two\nlines\r"),
        record(summary: "\u{301}x % %41 日本"),
        record(summary: ""), record(summary: " x "), record(path: "a\nb"), record(path: " a  b "),
        record(path: "e\u{301}\r\n"),
    ])
    func isTheSameAfterBeingWrittenAndRead(record: StepRecord) {
        #expect(StepRecord(serialized: record.serialized) == record)
    }

    @Test func canBeReadByPeople() {
        let lines = Self.record().serialized.split(separator: "\n")
        #expect(lines.contains("step base/root") && lines.contains("summary 3 packages, 8 MB"))
    }

    @Test func whatIsDamagedInAnyPlaceIsNone() {
        let good = Array(Self.record().serialized.utf8)
        for position in stride(from: 0, to: good.count, by: 3) {
            var bytes = good
            bytes[position] ^= 1
            #expect(StepRecord(serialized: String(decoding: bytes, as: UTF8.self)) == nil)
            #expect(StepRecord(serialized: String(decoding: good[..<position], as: UTF8.self)) == nil)
        }
    }

    /// One that was written before the sizes of logs and of trees' lists were noted.
    @Test func anOlderRecordIsRead() throws {
        let (key, file, tree) = (Digest(of: "k".utf8).hex, Digest(of: "file".utf8), Digest(of: "tree".utf8))
        let text = """
            record 2
            step base/root
            key \(key)
            finished 1700000000
            code script 1234567
            milliseconds 1234
            log \(file.hex)
            input conf file \(file.hex) 0 user live/conf
            output boot tree \(tree.hex) 70

            """
        let record = try #require(StepRecord(serialized: text + "sum \(Digest(of: text.utf8).hex)\n"))
        #expect(record.log == Blob(file, size: .zero) && record.inputs["conf"]?.artifact.digest == file)
        #expect(record.outputs["boot"] == Artifact(tree: Blob(tree, size: .zero), size: ByteCount(70)))
        #expect(StepRecord(serialized: record.serialized) == record && !record.serialized.contains("\ntree "))
    }

    @Test func theStoreFindsARecordByItsKeyAndKnowsTheLast() async throws {
        let bench = try Bench()
        let records = try bench.records()
        let (first, second) = (Self.record(key: "1"), Self.record(key: "2"))
        #expect(records.record(first.key) == nil && records.lastKey(of: "base/root") == nil)
        try await records.save(first)
        try await records.save(second)
        #expect(records.record(first.key) == first && records.lastKey(of: "base/root") == second.key)
        try await records.noteUse(of: first, by: "base/root")
        #expect(records.lastKey(of: "base/root") == first.key)
    }

    @Test func aRecordUnderAnotherKeyIsNone() async throws {
        let bench = try Bench()
        let records = try bench.records()
        let (first, second) = (Self.record(key: "1"), Self.record(key: "2"))
        try await records.save(first)
        let folder = bench.root.pushing("records/by-key").appending(String(second.key.description.prefix(2)))
        try Files.createDirectory(folder)
        try Files.write(first.serialized.utf8, to: folder.appending(second.key.description))
        #expect(records.record(second.key) == nil)
    }
}

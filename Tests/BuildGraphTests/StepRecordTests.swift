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
            Artifact(kind: kind, digest: Digest(of: text.utf8), size: ByteCount(7))
        }
        return StepRecord(
            key: StepKey(digest: Digest(of: key.utf8)), step: "base/root",
            previous: previous.map { StepKey(digest: Digest(of: $0.utf8)) },
            finished: 1_700_000_000, duration: .milliseconds(1234), summary: summary, log: Digest(of: "log".utf8),
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

    @Test func theStoreFindsARecordByItsKeyAndKnowsTheLast() throws {
        let bench = try Bench()
        let records = try bench.records()
        let (first, second) = (Self.record(key: "1"), Self.record(key: "2"))
        #expect(records.record(first.key) == nil && records.lastKey(of: "base/root") == nil)
        try records.save(first)
        try records.save(second)
        #expect(records.record(first.key) == first && records.lastKey(of: "base/root") == second.key)
        try records.noteUse(of: first, by: "base/root")
        #expect(records.lastKey(of: "base/root") == first.key)
    }

    @Test func aRecordUnderAnotherKeyIsNone() throws {
        let bench = try Bench()
        let records = try bench.records()
        let (first, second) = (Self.record(key: "1"), Self.record(key: "2"))
        try records.save(first)
        let folder = bench.root.pushing("records/by-key").appending(String(second.key.description.prefix(2)))
        try Files.createDirectory(folder)
        try Files.write(first.serialized.utf8, to: folder.appending(second.key.description))
        #expect(records.record(second.key) == nil)
    }
}

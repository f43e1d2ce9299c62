import ContentStore
import Primitives
import SystemPackage
import Testing

@testable import BuildGraph

@Suite struct BuildRecordTests {
    static func key(_ text: String) -> StepKey { StepKey(digest: Digest(of: text.utf8)) }

    static func record(
        _ number: Int = 7, outcome: BuildRecord.Outcome = .succeeded, image: Bool = true, steps: [StepRun]? = nil
    ) -> BuildRecord {
        BuildRecord(
            number: number, started: 1_767_225_600, duration: .milliseconds(61_250), folder: "/src/my checkout",
            request: ["build", "--draft", "iso/image"], outcome: outcome, commit: "4f2c1d9",
            lock: Blob(of: Array("lock".utf8)), causes: ["etc/motd changed", "deploy.lock: cowsay added"],
            phases: [.init(name: "declaration and lock", began: .zero, ended: .milliseconds(40))],
            steps: steps ?? [
                StepRun(
                    name: "base/root", stage: .first, title: "the root\nof all", needs: [], outcome: .cached,
                    key: key("a"), began: .milliseconds(41), ended: .milliseconds(41), log: Blob(of: [1]),
                    made: ByteCount(1_000_000)),
                StepRun(
                    name: "image/iso", stage: .second, title: "the image", needs: ["base/root"], outcome: .failed,
                    key: key("b"), previous: key("c"), began: .milliseconds(50), ended: .milliseconds(61_000),
                    cores: 2, summary: "", causes: ["etc/motd changed", "100 % of it"], error: "two\nlines"),
                StepRun(name: "image/last", stage: .second, title: "", needs: ["image/iso"], outcome: .skipped),
            ],
            image: image
                ? .init(
                    name: "kldload-1a2b3c4.iso", series: "kldload", blob: Blob(of: [2]),
                    proofs: ["core installs"], unproven: ["that server does"]) : nil,
            page: image ? Blob(of: [3]) : nil,
            tests: image
                ? [
                    ImageTest(
                        title: "core on one disk; ISO as CD", finished: 1_767_229_200, duration: .milliseconds(540_000),
                        cases: [
                            .init(name: "it boots", outcome: .passed, duration: .milliseconds(45_000), remark: nil),
                            .init(name: "the pool is healthy", outcome: .failed, duration: .zero, remark: "no\n pool"),
                        ]), ImageTest(title: "live", finished: 1, duration: .zero, cases: []),
                ] : [])
    }

    @Test(arguments: [
        record(), record(image: false), record(outcome: .failed("a step failed: 日本 %41\n")),
        record(outcome: .failed("")), record(outcome: .cancelled), record(steps: []),
    ])
    func isTheSameAfterBeingWrittenAndRead(record: BuildRecord) {
        #expect(BuildRecord(serialized: record.serialized) == record)
    }

    @Test func whatIsDamagedInAnyPlaceIsNone() {
        let good = Array(Self.record().serialized.utf8)
        for position in stride(from: 0, to: good.count, by: 3) {
            var bytes = good
            bytes[position] ^= 1
            #expect(BuildRecord(serialized: String(decoding: bytes, as: UTF8.self)) == nil)
            #expect(BuildRecord(serialized: String(decoding: good[..<position], as: UTF8.self)) == nil)
        }
    }

    @Test func theLastOnesStayAndNumbersGoOn() throws {
        let bench = try Bench()
        let history = BuildHistory(records: try bench.records())
        #expect(try history.builds().isEmpty && history.nextNumber() == 1)
        for number in 1...5 { try history.save(Self.record(number), keeping: 3) }
        #expect(try history.builds().map(\.number) == [5, 4, 3] && history.nextNumber() == 6)
        #expect(history.build(2) == nil && history.build(4) == Self.record(4))
    }

    @Test func oneThatIsDamagedOrLiesUnderAnotherNumberIsNone() throws {
        let bench = try Bench()
        let history = BuildHistory(records: try bench.records())
        for number in 1...2 { try history.save(Self.record(number), keeping: 9) }
        let folder = bench.root.pushing("records/builds")
        try Files.write(Self.record(1).serialized.utf8, to: folder.appending("2"))
        #expect(try history.builds().map(\.number) == [1] && history.nextNumber() == 3)
        try Files.write("build 1\n".utf8, to: folder.appending("1"))
        #expect(try history.builds().isEmpty)
    }

    @Test func timesAreThoseOfRunsAlone() {
        func build(_ number: Int, _ seconds: Int, _ outcome: StepRun.Outcome = .ran) -> BuildRecord {
            Self.record(
                number,
                steps: [
                    StepRun(
                        name: "a/b", stage: .first, title: "", needs: [], outcome: outcome, began: .seconds(1),
                        ended: .seconds(1 + seconds))
                ])
        }
        let times = StepTimes.all(in: [
            build(5, 4), build(4, 99, .failed), build(3, 2), build(2, 0, .cached), build(1, 8),
        ])
        #expect(times.map(\.runs) == [3] && times.map(\.last) == [.seconds(4)] && times.map(\.median) == [.seconds(4)])
        #expect(times.map(\.least) == [.seconds(2)] && times.map(\.most) == [.seconds(8)])
        #expect(StepTimes.all(in: [build(2, 1), build(1, 2)]).map(\.median) == [.milliseconds(1500)])
    }
}

import Primitives
import Testing

@testable import BuildGraph
@testable import ContentStore

@Suite(.timeLimit(.minutes(10))) struct GarbageCollectorTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    private func steps(_ setting: String) -> [Step] {
        [
            .container("base/settings", inputs: ["settings": .text(setting)]),
            .container("image/iso", stage: .second, inputs: ["s": .output("base/settings", "file")]),
        ]
    }

    private func collect(keeping kept: Set<Digest> = []) async throws -> Int {
        let store = try bench.store()
        let lock = try await store.lock(owner: "") { _ in }
        var rule = KeepRule()
        rule.blobs = kept
        rule.builds = 1
        let collector = GarbageCollector(store: store, records: try bench.records(), remembered: 20)
        let before = try size()
        let removed = try await collector.removal(by: rule)
        #expect(try size() == before, "what is only asked for changes nothing")
        try await collector.carryOut(removed, holding: lock)
        #expect(try store.inventory().values.reduce(.zero) { $0 + $1.size } == removed.left)
        return removed.blobs.count
    }

    /// Makes room by size alone.
    @discardableResult
    private func shrink(to limit: ByteCount, needing steps: [StepName] = []) async throws -> Removal {
        let store = try bench.store()
        let collector = GarbageCollector(store: store, records: try bench.records(), remembered: 20)
        var rule = KeepRule()
        rule.limit = limit
        rule.needed = try await collector.runs(behind: steps)
        let removal = try await collector.removal(by: rule)
        try await collector.carryOut(removal, holding: try await store.lock(owner: "") { _ in })
        #expect(try store.inventory().values.reduce(.zero) { $0 + $1.size } == removal.left)
        return removal
    }

    private func size() throws -> ByteCount { try bench.store().inventory().values.reduce(.zero) { $0 + $1.size } }

    @Test func nothingThatTheLastBuildMadeIsRemoved() async throws {
        try await bench.build(steps("one"))
        #expect(try await collect() == 0)
        let again = try await bench.build(steps("one"))
        #expect(again.ran.isEmpty)
    }

    @Test func whatOnlyOlderBuildsMadeIsRemovedAndMadeAgainWhenAskedFor() async throws {
        for setting in ["one", "two", "three"] { try await bench.build(steps(setting)) }
        #expect(try await collect() > 0)
        #expect(try await bench.build(steps("three")).ran.isEmpty)
        #expect(try await bench.build(steps("one")).ran == ["base/settings", "image/iso"])
    }

    @Test func whatTheCallerNamesStaysThoughNoStepKnowsIt() async throws {
        try await bench.build(steps("one"))
        let store = try bench.store()
        let kept = try await store.insert(Array("locked".utf8))
        let garbage = try await store.insert(Array("garbage".utf8))
        #expect(try await collect(keeping: [kept.digest]) == 1)
        #expect(store.contains(kept) && !store.contains(garbage))
    }

    @Test func explainStillKnowsWhatChangedLast() async throws {
        for setting in ["one\n", "two\n", "three\n"] { try await bench.build(steps(setting)) }
        _ = try await collect()
        let explanation = try #require(try await bench.explain(steps("three\n"), "base/settings"))
        #expect(explanation.causes.first?.details.contains { $0.contains("two") } == true)
    }

    @Test func whatWasUsedLongestAgoGoesFirstUntilTheStoreIsSmallEnough() async throws {
        for setting in ["one", "two", "three"] { try await bench.build(steps(setting)) }
        // Its use counts, not when it was made.
        try await bench.build(steps("one"))
        let removal = try await shrink(to: try size() - ByteCount(1))
        #expect(try !removal.runs.isEmpty && removal.left <= size())
        #expect(try await bench.build(steps("one")).ran.isEmpty)
        #expect(try await bench.build(steps("three")).ran.isEmpty)
        #expect(try await bench.build(steps("two")).ran.contains("base/settings"))
    }

    @Test func whatIsNeededStaysThoughTheLimitIsSmaller() async throws {
        for setting in ["one", "two"] { try await bench.build(steps(setting)) }
        let removal = try await shrink(to: .zero, needing: ["image/iso"])
        #expect(removal.left > .zero && removal.left == removal.needed)
        #expect(try await bench.build(steps("two")).ran.isEmpty)
        #expect(try await bench.build(steps("one")).ran == ["base/settings", "image/iso"])
    }

    @Test func aLimitThatTheStoreKeepsToRemovesNothing() async throws {
        try await bench.build(steps("one"))
        _ = try await bench.store().insert(Array("that nobody knows".utf8))
        let removal = try await shrink(to: try size())
        #expect(removal.blobs.isEmpty && removal.runs.isEmpty)
    }

    @Test func whatThisProcessBroughtInStaysWhoeverElseDoesNotNeedIt() async throws {
        let store = try bench.store()
        let blob = try await store.insert(Array("just arrived".utf8))
        var rule = KeepRule()
        rule.builds = 1
        rule.limit = .zero
        let collector = GarbageCollector(store: store, records: try bench.records(), remembered: 20)
        let removal = try await collector.removal(by: rule)
        try await collector.carryOut(removal, holding: try await store.lock(owner: "") { _ in })
        #expect(removal.blobs.isEmpty && store.contains(blob))
    }

    /// The runs are forgotten before their blobs go: a build after that finds nothing that is not there.
    @Test func whoIsKilledWhileHeMakesRoomLeavesAStoreThatTheNextBuildWorksWith() async throws {
        for setting in ["one", "two"] { try await bench.build(steps(setting)) }
        let store = try bench.store()
        let records = try bench.records()
        var rule = KeepRule()
        rule.limit = .zero
        let removal = try await GarbageCollector(store: store, records: records, remembered: 20).removal(by: rule)
        let lock = try await store.lock(owner: "") { _ in }
        try records.remove(removal.runs, holding: lock)
        try store.remove(Array(removal.blobs.prefix(removal.blobs.count / 2)), holding: lock)
        #expect(try await bench.build(steps("two")).ran == ["base/settings", "image/iso"])
        #expect(try await bench.build(steps("two")).ran.isEmpty)
    }
}

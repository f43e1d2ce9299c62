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

    private func collect(keeping kept: Set<Digest> = [], builds: Int = 20) async throws -> Int {
        let store = try bench.store()
        let lock = try await store.lock(owner: "") { _ in }
        let collector = GarbageCollector(store: store, records: try bench.records(), builds: builds)
        return try await collector.collect(keeping: kept, holding: lock).blobs
    }

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
}

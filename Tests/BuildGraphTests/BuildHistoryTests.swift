import ContentStore
import Primitives
import SystemPackage
import Testing

@testable import BuildGraph

/// What is written down of whole builds, and what can be asked about them later.
@Suite(.timeLimit(.minutes(10))) struct BuildHistoryTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    private func steps(_ settings: String = "a: 1\n") throws -> [Step] {
        if !Files.exists(bench.root.pushing("user/includes")) { _ = try bench.file("includes/etc/motd", "hello") }
        return [
            .container("base/settings", inputs: ["settings": .text(settings)]),
            .container("base/overlay", inputs: ["includes": try bench.folderInput("includes")]),
            .container(
                "image/iso", stage: .second,
                inputs: ["o": .output("base/overlay", "file"), "s": .output("base/settings", "file")]),
        ]
    }

    /// Builds, keeps a record as the pipeline does, and returns it.
    private func build(_ steps: [Step], all: Bool = false) async throws -> BuildRecord {
        _ = bench.takeEvents()
        var failure: (any Error)?
        do { try await bench.build(steps, all: all) } catch { failure = error }
        var chronicle = BuildChronicle()
        for (second, event) in bench.takeEvents().enumerated() { chronicle.note(event, at: .seconds(second)) }
        let graph = try StepGraph(steps)
        let account = await BuildAccount(
            of: Set(graph.order), in: graph, chronicle, by: try bench.engine())
        let history = BuildHistory(records: try bench.records())
        let record = BuildRecord(
            number: try history.nextNumber(), started: 1000, duration: .seconds(60), folder: "/src", request: ["build"],
            outcome: failure == nil ? .succeeded : .failed("\(String(describing: failure))"), commit: nil, lock: nil,
            causes: account.userCauses + account.otherCauses, phases: [], steps: account.steps)
        try history.save(record, keeping: 20)
        return record
    }

    private func explain(_ step: StepName, in build: BuildRecord) async throws -> StepExplanation {
        let run = try #require(build[step])
        return await Explainer(store: try bench.store(), records: try bench.records(), now: 5000).explain(
            run, in: build)
    }

    @Test func aFirstBuildRanEverythingForTheFirstTime() async throws {
        let build = try await build(try steps())
        #expect(build.steps.map(\.outcome) == [.ran, .ran, .ran] && build.causes == ["first run"])
        #expect(
            build.steps.allSatisfy { $0.key != nil && $0.previous == nil && $0.made > .zero && $0.ended > $0.began })
        #expect(build["image/iso"]?.needs == ["base/overlay", "base/settings"])
    }

    @Test func aChangedFileIsTheCauseOfAllThatRanForIt() async throws {
        _ = try await build(try steps())
        _ = try bench.file("includes/etc/motd", "changed")
        let second = try await build(try steps())
        #expect(second["base/settings"]?.outcome == .cached && second["base/settings"]?.causes == [])
        for step in ["base/overlay", "image/iso"] as [StepName] {
            #expect(second[step]?.outcome == .ran && second[step]?.causes == ["includes/etc/motd changed"])
        }
        #expect(second.causes == ["includes/etc/motd changed"])
    }

    @Test func aChangedValueIsACauseWithItsLine() async throws {
        _ = try await build(try steps())
        let second = try await build(try steps("a: 1\nb: 2\n"))
        #expect(second["image/iso"]?.causes == ["settings: + b: 2"])
        let anew = try await build(try steps("a: 1\nb: 2\n"), all: true)
        #expect(anew.steps.allSatisfy { $0.causes == ["asked for anew"] && $0.previous == nil })
    }

    @Test func aFailureIsKeptWithItsCauseAndItsLog() async throws {
        _ = try await build(try steps())
        var broken = try steps("a: 2\n")
        broken[0] = .native("base/settings", inputs: ["settings": .text("a: 2\n")]) { context in
            context.log.write("about to fail")
            throw GraphError(what: "no such thing")
        }
        let second = try await build(broken)
        let step = try #require(second["base/settings"])
        #expect(step.outcome == .failed && step.key != nil && step.previous != nil)
        #expect(step.error?.contains("no such thing") == true && step.causes.contains("settings: 2 lines"))
        #expect(
            String(decoding: try await bench.store().bytes(of: try #require(step.log)), as: UTF8.self)
                == "about to fail\n")
        #expect(second["image/iso"]?.outcome == .skipped)
        let explanation = try await explain("base/settings", in: second)
        guard case .failed = explanation.verdict else {
            Issue.record("it failed")
            return
        }
        #expect(explanation.rootCauses.contains("settings: 2 lines"))
    }

    @Test func explainOfABuildOfThePastSaysWhatItWasThen() async throws {
        let first = try await build(try steps())
        let second = try await build(try steps("a: 2\n"))
        let third = try await build(try steps("a: 3\n"))
        #expect(try await explain("base/settings", in: first).remark == "it was the first run on record")
        #expect(try await explain("base/settings", in: second).causes.first?.details == ["- a: 1", "+ a: 2"])
        #expect(try await explain("base/settings", in: third).causes.first?.details == ["- a: 2", "+ a: 3"])
        #expect(try await explain("image/iso", in: second).rootCauses == ["settings"])
        guard case .wasCached = try await explain("base/overlay", in: second).verdict else {
            Issue.record("it was cached")
            return
        }
    }

    @Test func whatKeptBuildsAreAskedAboutOutlivesGarbageCollection() async throws {
        var builds: [BuildRecord] = []
        for value in 1...4 { builds.append(try await build(try steps("a: \(value)\n"))) }
        func collect(_ kept: Int) async throws {
            let store = try bench.store()
            let lock = try await store.lock(owner: "") { _ in }
            let collector = GarbageCollector(store: store, records: try bench.records(), remembered: kept)
            var rule = KeepRule()
            rule.builds = 1
            try await collector.carryOut(try await collector.removal(by: rule), holding: lock)
        }
        try await collect(3)
        #expect(try await explain("base/settings", in: builds[1]).causes.first?.details == ["- a: 1", "+ a: 2"])
        try await collect(1)
        #expect(try await explain("base/settings", in: builds[3]).causes.first?.details == ["- a: 3", "+ a: 4"])
        // What was collected is told as far as it was noted.
        #expect(try await explain("base/settings", in: builds[1]).rootCauses == ["settings: 2 lines"])
    }

    @Test func whatTheLastBuildsMadeStaysForAsManyAsAreAskedFor() async throws {
        for value in 1...4 { _ = try await build(try steps("a: \(value)\n")) }
        let store = try bench.store()
        let collector = GarbageCollector(store: store, records: try bench.records(), remembered: 0)
        var rule = KeepRule()
        rule.builds = 3
        try await collector.carryOut(
            try await collector.removal(by: rule), holding: try await store.lock(owner: "") { _ in })
        for value in [2, 3, 4] { #expect(try await bench.build(try steps("a: \(value)\n")).ran.isEmpty) }
        #expect(try await !bench.build(try steps("a: 1\n")).ran.isEmpty)
    }
}

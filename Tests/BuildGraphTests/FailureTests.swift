import ContentStore
import Primitives
import Synchronization
import SystemPackage
import Testing

@testable import BuildGraph

#if canImport(Glibc)
import Glibc
#endif

func symlinkTo(_ target: FilePath, at path: FilePath) { #expect(symlink(target.string, path.string) == 0) }

/// A gate that tasks wait at until it is opened.
final class Gate: Sendable {
    private let isOpen = Mutex(false)

    func open() { isOpen.withLock { $0 = true } }

    func pass() async throws { while !isOpen.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(2)) } }
}

/// Steps side by side, failures, and interruptions.
@Suite(.timeLimit(.minutes(10))) struct FailureTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    private func slow(_ name: String) {
        bench.containers.set(name) { command, say in
            try await Task.sleep(for: .milliseconds(30))
            return try await FakeContainers.copyInputs(command, say)
        }
    }

    @Test(arguments: [1, 2, 3])
    func noMoreCoresAreUsedThanThereAre(cores: Int) async throws {
        for number in 0..<6 { slow("a-\(number)") }
        try await bench.build((0..<6).map { .container(StepName("a/\($0)")) }, cores: cores)
        #expect(bench.containers.mostAtOnce == cores)
    }

    @Test func aStepThatWantsMoreCoresThanThereAreRunsAlone() async throws {
        for name in ["a-big", "a-small", "a-net"] { slow(name) }
        try await bench.build(
            [.container("a/big", cores: 16), .container("a/small"), .container("a/net", cores: 0)], cores: 2)
        #expect(!bench.containers.ranTogether("a-big", "a-small"))
        #expect(bench.containers.ranTogether("a-big", "a-net"), "what waits for the network needs no core")
    }

    @Test func whatExcludesEachOtherNeverRunsAtOnce() async throws {
        for name in ["a-1", "a-2", "a-3"] { slow(name) }
        try await bench.build(
            [
                .container("a/1", cores: 0, exclusive: "network"), .container("a/2", cores: 0, exclusive: "network"),
                .container("a/3"),
            ])
        #expect(!bench.containers.ranTogether("a-1", "a-2") && bench.containers.ranTogether("a-1", "a-3"))
        #expect(bench.containers.takeRuns().count == 3)
    }

    @Test func afterAFailureSiblingsFinishAndDependentsDoNotStart() async throws {
        let failed = Gate()
        bench.containers.set("a-bad") { _, say in
            for number in 1...20 { say("line \(number)") }
            failed.open()
            return 3
        }
        bench.containers.set("a-sibling") { command, say in
            try await failed.pass()
            try await Task.sleep(for: .milliseconds(50))
            return try await FakeContainers.copyInputs(command, say)
        }
        let steps: [Step] = [
            .container("a/bad"), .container("a/sibling", script: "sibling"),
            .container("a/late", script: "late", inputs: ["x": .output("a/sibling", "file")]),
            .container("a/after", inputs: ["x": .output("a/bad", "file")]),
        ]
        let error = await #expect(throws: StepFailure.self) { try await bench.build(steps) }
        #expect(bench.containers.takeRuns().sorted() == ["a-bad", "a-sibling"])
        #expect(error?.what.contains("a/bad failed after") == true && error?.what.contains("exit 3") == true)
        #expect(error?.details.first == "  line 9" && error?.details.contains("  line 20") == true)
        #expect(error?.details.last == "log    \(bench.root.pushing("logs/a-bad.log"))")
        #expect(error?.hint == "shell  ./deploy shell a/bad")
        let records = try bench.records()
        #expect(records.lastKey(of: "a/bad") == nil && records.lastKey(of: "a/sibling") != nil)
        // A failure is not remembered: the next build tries again, and takes the sibling from the record.
        bench.containers.set("a-bad", FakeContainers.copyInputs)
        #expect(try await bench.build(steps).ran == ["a/bad", "a/late", "a/after"])
    }

    @Test func anErrorOfANativeStepKeepsItsHintAndNamesTheStep() async throws {
        struct Refused: UserError {
            let what = "the mirror answers 404"
            let details = ["http://example.org/x"]
            let hint: String? = "ask its keeper"
        }
        let step = Step.native("a/fetch") { context in
            context.log.write("asked")
            throw Refused()
        }
        let error = await #expect(throws: StepFailure.self) { try await bench.build([step]) }
        #expect(error?.what == "a/fetch: the mirror answers 404" && error?.hint == "ask its keeper")
        #expect(error?.details == ["http://example.org/x", "log    \(bench.root.pushing("logs/a-fetch.log"))"])
    }

    @Test func cancellingStopsContainersAndLeavesNothing() async throws {
        bench.containers.set("a-endless") { _, _ in
            try await Task.sleep(for: .seconds(3600))
            return 0
        }
        let steps: [Step] = [
            .container("a/endless"), .container("a/first", script: "first"),
            .container("a/next", inputs: ["x": .output("a/endless", "file")]),
        ]
        let build = Task { [bench] in try await bench.build(steps) }
        while try bench.containers.running != ["a-endless"] || bench.records().lastKey(of: "a/first") == nil {
            try await Task.sleep(for: .milliseconds(5))
        }
        build.cancel()
        await #expect(throws: CancellationError.self) { try await build.value }
        #expect(bench.containers.stopped == ["a-endless"] && bench.containers.running.isEmpty)
        #expect(bench.leftWorkFolders.isEmpty)
        #expect(try bench.records().lastKey(of: "a/endless") == nil)
        bench.containers.set("a-endless", FakeContainers.copyInputs)
        #expect(try await bench.build(steps).ran == ["a/endless", "a/next"], "what was finished is kept")
    }

    @Test func aSignalledContainerOfACancelledBuildIsAnInterruptionAndNoFailure() async throws {
        bench.containers.set("a-b") { _, _ in
            while !Task.isCancelled { await Task.yield() }
            return 137
        }
        let build = Task { [bench] in try await bench.build([.container("a/b")]) }
        while bench.containers.running.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        build.cancel()
        await #expect(throws: CancellationError.self) { try await build.value }
    }

    @Test func aBuildThatIsCancelledBeforeItStartsRunsNothing() async throws {
        let build = Task { [bench] in
            while !Task.isCancelled { await Task.yield() }
            return try await bench.build([.container("a/b")])
        }
        build.cancel()
        await #expect(throws: CancellationError.self) { try await build.value }
        #expect(bench.containers.takeRuns().isEmpty)
    }
}

import BuildGraph
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Pipeline

/// A store with a limit: builds keep to it, by what was used longest ago, and say it where they can't.
@Suite(.timeLimit(.minutes(10))) struct StoreRoomTests {
    private let checkout: MadeCheckout

    init() async throws {
        checkout = try MadeCheckout(try MadeArchive())
        try await checkout.build()
    }

    private func size() throws -> ByteCount {
        let project = try checkout.project()
        return try project.store.inventory().values.reduce(try project.derived.size()) { $0 + $1.size }
    }

    private func limited(_ limit: ByteCount) throws -> Project {
        try checkout.project(environment: ["DEPLOY_CACHE_SIZE": "\(limit.bytes)"])
    }

    /// Builds as `Project.build` does, but for the containers.
    @discardableResult
    private func build(_ project: Project, needing needed: ByteCount) async throws -> BuildReport {
        let plan = try await project.currentPlan(writesLock: true)
        let wanted = try plan.resolve(targets: [])
        let standing = try await checkout.engine(project).standing(of: wanted, in: plan.graph)
        return try await project.holdingStore { storeLock in
            let budget = try await project.makeRoom(
                for: needed, beside: standing, collectingGarbage: false, holding: storeLock)
            let made = checkout.engine(project)
            let engine = BuildEngine(
                store: made.store,
                records: budget.map { BudgetedRecords(records: project.records, budget: $0) } ?? made.records,
                containers: made.containers, logFolder: made.logFolder, cores: 2, architecture: "amd64",
                now: made.now, events: { _ in })
            let report = try await engine.build(wanted, in: plan.graph)
            await budget?.close()
            return report
        }
    }

    @Test func whatWasUsedLongestAgoGoesBeforeABuild() async throws {
        let before = try size()
        let garbage = try await checkout.project().store.insert([UInt8](repeating: 7, count: 100_000))
        try await build(try limited(before + ByteCount(50_000)), needing: .zero)
        #expect(try !checkout.project().store.contains(garbage))
        #expect(try size() <= before + ByteCount(50_000))
        #expect(try await checkout.build().ran.isEmpty, "what the build needs is there")
        #expect(checkout.notices.contains { $0.contains("removed what was used longest ago: 100 kB") })
    }

    @Test func whatABuildNeedsIsHeldFree() async throws {
        let before = try size()
        let garbage = try await checkout.project().store.insert([UInt8](repeating: 7, count: 100_000))
        // There is room for what is there, and not for what comes.
        try await build(try limited(before + ByteCount(100_000)), needing: ByteCount(10))
        #expect(try !checkout.project().store.contains(garbage))
    }

    @Test func aBuildThatNeedsMoreIsRefusedAndNothingIsRemoved() async throws {
        let garbage = try await checkout.project().store.insert([UInt8](repeating: 7, count: 1000))
        let before = try size()
        let error = await #expect(throws: BudgetTooSmall.self) {
            try await self.build(try self.limited(before), needing: ByteCount(1_000_000))
        }
        #expect(error?.needed == ByteCount(1_000_000) && error?.limit == before)
        #expect(error?.what.contains("the build needs about 1 MB beside the") == true)
        #expect(try size() == before && checkout.project().store.contains(garbage))
    }

    @Test func whatComesInUnforeseenMakesOthersGoWhileABuildRuns() async throws {
        let old = try await checkout.build()
        try checkout.set("core", "bash", "zsh")
        let before = try size()
        let project = try limited(before)
        let report = try await build(project, needing: .zero)
        #expect(!report.ran.isEmpty)
        // The old mirror had things that nothing needs any more; the new one is whole.
        #expect(try await checkout.build().ran.isEmpty)
        let image = try #require(old.records[BuildPlan.image]?.outputs["kldload.iso"])
        #expect(await !project.store.has(image))
    }

    @Test func aLimitThatIsNoneIsSaid() throws {
        #expect { try checkout.project(environment: ["DEPLOY_CACHE_SIZE": "much"]) } throws: {
            ($0 as? Mistake)?.what == "DEPLOY_CACHE_SIZE cannot be \"much\""
        }
        #expect(try checkout.project(environment: ["DEPLOY_CACHE_SIZE": ""]).storeLimit == nil)
        let text = try Files.readText(checkout.folder.appending("deploy.yaml"))
        try Files.write("\(text)\nstore: {max-size: 2G}\n".utf8, to: checkout.folder.appending("deploy.yaml"))
        #expect(try checkout.project().storeLimit == ByteCount(2_000_000_000))
        #expect(try checkout.project(environment: ["DEPLOY_CACHE_SIZE": "1G"]).storeLimit == ByteCount(1_000_000_000))
    }

    @Test func gcSaysBeforeWhatItDoes() async throws {
        try checkout.set("core", "bash", "zsh")
        try await checkout.build()
        let project = try checkout.project()
        let before = try size()
        let foreseen = try await project.collectGarbage(isTrial: true)
        #expect(try size() == before)
        let done = try await checkout.project().collectGarbage(GarbageRequest())
        #expect(foreseen.freed == done.freed && foreseen.removal.left == done.removal.left)
        #expect(try size() == done.removal.left && done.freed > .zero)
        #expect(try await checkout.build().ran.isEmpty)
    }

    @Test func gcKeepsTheLastImageWhateverTheLimit() async throws {
        let garbage = try await checkout.project().collectGarbage(GarbageRequest(limit: ByteCount(10)))
        #expect(garbage.removal.left > ByteCount(10))
        #expect(try await checkout.build().ran.isEmpty)
    }
}

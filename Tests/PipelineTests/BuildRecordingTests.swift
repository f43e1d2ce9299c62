import BuildGraph
import ContentStore
import Locking
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// What the pipeline writes down of its builds. Only targets without containers are built: podman is not asked for here.
@Suite struct BuildRecordingTests {
    private let checkout: MadeCheckout

    init() throws { checkout = try MadeCheckout(MadeArchive()) }

    private func build(_ request: BuildRequest = BuildRequest(targets: ["debian/mirror"])) async throws -> BuildResult {
        // podman has nothing to remove where it is a program that does nothing.
        let bin = checkout.folder.appending("bin")
        try Files.createDirectory(bin)
        try Files.write("#!/bin/sh\n".utf8, to: bin.appending("podman"), permissions: [.ownerReadWriteExecute])
        return try await checkout.project(environment: ["PATH": "\(bin):/usr/bin:/bin"]).build(request)
    }

    @Test func aBuildIsKeptWithItsRequestItsLockAndItsSteps() async throws {
        let result = try await build()
        #expect(result.build == 1)
        let project = try checkout.project()
        let record = try #require(try project.builds().first)
        #expect(record.number == 1 && record.started == MadeCheckout.now && record.outcome == .succeeded)
        #expect(record.request == ["build", "debian/mirror"] && record.causes == ["first run"] && record.image == nil)
        #expect(record.steps.map(\.name) == ["debian/indexes", "debian/packages", "debian/mirror"])
        #expect(record.phases.map(\.name) == ["the store", "declaration and lock"])
        let lock = try #require(await project.lock(of: record))
        #expect(lock["debian"]?.packages == (try LockKeeper(project: project).existing())?["debian"]?.packages)
    }

    @Test func aBuildInWhichNothingRanLeavesNothing() async throws {
        _ = try await build()
        #expect(try await build().build == nil)
        #expect(try checkout.project().builds().map(\.number) == [1])
    }

    @Test func whatMovedInTheLockIsWhatMadeItRun() async throws {
        _ = try await build()
        try checkout.set("core", "curl", "zsh")
        _ = try await build()
        #expect(try checkout.project().builds().first?.causes == ["deploy.lock: zsh added, zsh-common added"])
    }

    @Test func aBuildThatFailedIsKept() async throws {
        _ = try await build()
        try checkout.set("core", "curl", "zsh")
        await #expect(throws: (any Error).self) {
            // The step that makes a container's root file system needs podman to do something.
            try await self.build(BuildRequest(targets: ["debian/gate"]))
        }
        let project = try checkout.project()
        let record = try project.build(named: "latest")
        guard case .failed = record.outcome else {
            Issue.record("\(record.outcome)")
            return
        }
        let step = try #require(record.steps.first { $0.outcome == .failed })
        #expect(step.error != nil && step.key != nil && record.steps.contains { $0.outcome == .skipped })
    }

    @Test func onlyAsManyAsDeclaredStay() async throws {
        try checkout.edit("deploy.yaml", "output:", "builds: {keep: 2}\noutput:")
        for package in ["zsh", "nginx", "bash"] {
            try checkout.set("core", "curl", package)
            _ = try await build()
        }
        #expect(try checkout.project().builds().map(\.number) == [3, 2])
    }

    @Test func aBuildIsMeantByItsNumberOrAsTheLatest() async throws {
        _ = try await build()
        let project = try checkout.project()
        #expect(try project.build(named: "1").number == 1 && project.build(named: "latest").number == 1)
        for name in ["2", "kldload-x.iso", "", "-1"] {
            let error = #expect(throws: UnknownBuild.self) { try project.build(named: name) }
            #expect(error?.isUsageError == true && error?.hint?.contains("1 to 1") == true)
        }
        let error = await #expect(throws: Mistake.self) {
            try await project.log(of: "debian/miror", in: project.build(named: "1"))
        }
        #expect(error?.hint == "did you mean debian/mirror?")
    }

    @Test func aTraceIsWrittenOfWhatRanAndOfWhatFailed() async throws {
        let file = checkout.folder.appending("trace.json")
        func names() throws -> [String] {
            let json = try #require(JSON(parsing: try Files.read(file)))
            guard case .array(let events) = json["traceEvents"] else { return [] }
            return events.filter { $0["ph"]?.string == "X" }.compactMap { $0["name"]?.string }
        }
        _ = try await build(BuildRequest(targets: ["debian/mirror"], trace: file))
        #expect(try Set(names()).isSuperset(of: ["declaration and lock", "debian/packages", "debian/mirror"]))
        _ = try await build(BuildRequest(targets: ["debian/mirror"], trace: file))
        #expect(try names().contains("debian/mirror"), "also where all was cached")
        try checkout.set("core", "ngnix")
        await #expect(throws: (any Error).self) {
            try await self.build(BuildRequest(targets: ["debian/mirror"], trace: file))
        }
        #expect(try names() == ["the store", "declaration and lock"])
    }

    @Test func aTraceThatCannotBeWrittenIsRefusedBeforeAnythingIsDone() async throws {
        let file = checkout.folder.pushing("nowhere/trace.json")
        let error = await #expect(throws: Mistake.self) {
            try await self.build(BuildRequest(targets: ["debian/mirror"], trace: file))
        }
        #expect(error?.what.hasPrefix("the trace can't be written: ") == true)
        #expect(try !Files.exists(checkout.lockFile) && checkout.project().builds().isEmpty)
    }
}

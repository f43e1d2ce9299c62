import Primitives
import SystemPackage
import Testing

@testable import BuildGraph
@testable import ContentStore

@Suite(.timeLimit(.minutes(10))) struct BuildEngineTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    /// debs → root → squash → iso, beside notes → iso; the root is told from the debs' first letter alone.
    private func chain(debs: String = "abc", notes: String = "hello", script: String = "squash") -> [Step] {
        bench.containers.set("base-root") { command, _ in
            let debs = try command.mounts["debs"].map(FakeContainers.content) ?? []
            try Files.write(debs.filter { $0 < UInt8(ascii: "n") }, to: command.output.appending("file"))
            return 0
        }
        return [
            .container("base/debs", inputs: ["list": .text(debs)]),
            .container("base/root", inputs: ["debs": .output("base/debs", "file")]),
            .container("image/squash", stage: .second, script: script, inputs: ["root": .output("base/root", "file")]),
            .container("image/notes", stage: .second, inputs: ["text": .text(notes)]),
            .container(
                "image/iso", stage: .second,
                inputs: ["squash": .output("image/squash", "file"), "n": .output("image/notes", "file")]),
        ]
    }

    private var outcomes: [String] {
        bench.takeEvents().compactMap { event in
            guard case .stepFinished(let name, let outcome) = event else { return nil }
            switch outcome {
            case .ran: return "\(name) ran"
            case .cached: return "\(name) cached"
            case .failed: return "\(name) failed"
            case .cancelled: return "\(name) cancelled"
            }
        }
    }

    // MARK: What runs

    @Test func runsWhatIsNeededOnceAndThenNothing() async throws {
        let first = try await bench.build(chain())
        #expect(
            bench.containers.takeRuns().sorted() == [
                "base-debs", "base-root", "image-iso", "image-notes", "image-squash",
            ])
        #expect(first.ran.count == 5 && Set(first.records.keys) == first.ran)
        _ = outcomes
        let second = try await bench.build(chain())
        #expect(bench.containers.takeRuns().isEmpty && second.ran.isEmpty)
        #expect(second.records.mapValues(\.outputs) == first.records.mapValues(\.outputs))
        #expect(
            outcomes.sorted()
                == ["base/debs", "base/root", "image/iso", "image/notes", "image/squash"].map { $0 + " cached" })
    }

    /// Records may be far away, and each look-up take a journey there and back.
    @Test func whatWaitsForNothingIsLookedUpAtOnce() async throws {
        let records = MemoryRecords(company: 1)
        let graph = try StepGraph(chain())
        _ = try await bench.engine(records: records).build(Set(graph.order), in: graph)
        #expect(records.mostAtOnce == 2)
    }

    @Test func aStepThatStaysHereWhereOthersAreSentAwaySaysWhy() async throws {
        struct Workers: StepExecutor {
            func objection(to step: Step) -> String? { step.name == "base/debs" ? "it has two users" : nil }
            func run(
                _ step: Step, _ evaluation: StepEvaluation, log: StepLog,
                report: @escaping @Sendable (StepProgress) -> Void
            ) async throws -> StepResult? { nil }
        }
        let graph = try StepGraph(chain())
        let engine = try bench.engine(executor: Workers())
        _ = try await engine.build(try graph.resolve(targets: ["base/root"]), in: graph)
        let reasons = bench.takeEvents().compactMap { event -> String? in
            guard case .stepStarted(let name, _, _, let here) = event else { return nil }
            return "\(name): \(here ?? "-")"
        }
        // The second was sent away, came back undone, and ran here.
        #expect(reasons == ["base/debs: it has two users", "base/root: -", "base/root: -"])
    }

    @Test func aTargetRunsWhatItNeedsAlone() async throws {
        try await bench.build(chain(), ["image/squash"])
        #expect(bench.containers.takeRuns() == ["base-debs", "base-root", "image-squash"])
    }

    @Test func aChangedLiteralRunsOnlyWhatDependsOnIt() async throws {
        try await bench.build(chain())
        _ = bench.containers.takeRuns()
        try await bench.build(chain(notes: "changed"))
        #expect(bench.containers.takeRuns() == ["image-notes", "image-iso"])
    }

    @Test func equalBytesOfARebuiltStepCutTheRebuildOff() async throws {
        try await bench.build(chain(debs: "abc"))
        _ = bench.containers.takeRuns()
        let report = try await bench.build(chain(debs: "abcxyz"))
        #expect(bench.containers.takeRuns() == ["base-debs", "base-root"])
        #expect(report.ran == ["base/debs", "base/root"])
    }

    @Test func twoStepsThatDoTheSameWithTheSameShareAResultAndEachKnowsItsLast() async throws {
        try await bench.build([.container("a/one", inputs: ["x": .text("1")])])
        let report = try await bench.build([
            .container("a/one", inputs: ["x": .text("1")]), .container("a/two", inputs: ["x": .text("1")]),
        ])
        #expect(report.ran.isEmpty)
        #expect(try bench.records().lastKey(of: "a/two") == report.records["a/one"]?.key)
    }

    @Test func goingBackToAnEarlierStateRunsNothing() async throws {
        try await bench.build(chain(debs: "abc"))
        try await bench.build(chain(debs: "abd"))
        _ = bench.containers.takeRuns()
        try await bench.build(chain(debs: "abc"))
        #expect(bench.containers.takeRuns().isEmpty)
    }

    @Test func filesAndFoldersOfTheUserAreInputsByContent() async throws {
        func steps() throws -> [Step] {
            [
                .container(
                    "a/file",
                    inputs: ["conf": try bench.fileInput("conf", try Files.readText(bench.root.pushing("user/conf")))]),
                .container("a/folder", inputs: ["tree": try bench.folderInput("tree")]),
            ]
        }
        _ = try bench.file("conf", "one")
        _ = try bench.file("tree/etc/motd", "hello")
        _ = try bench.file("tree/top", "top")
        let first = try await bench.build(try steps())
        #expect(try bench.text(first, "a/file") == "cat\nconf=one")
        #expect(try bench.text(first, "a/folder") == "cat\ntree=[etc:[motd:hello]][top:top]")
        _ = bench.containers.takeRuns()
        _ = try bench.file("conf", "two")
        try await bench.build(try steps())
        #expect(bench.containers.takeRuns() == ["a-file"])
        _ = try bench.file("tree/etc/motd", "hallo")
        try await bench.build(try steps())
        #expect(bench.containers.takeRuns() == ["a-folder"])
        _ = try bench.file("conf", "two")
        _ = try bench.file("tree/etc/motd", "hallo")
        try await bench.build(try steps())
        #expect(bench.containers.takeRuns().isEmpty, "new times, same bytes")
    }

    @Test func everyStepRunsWhenAllIsToBeRebuilt() async throws {
        try await bench.build(chain())
        _ = bench.containers.takeRuns()
        let report = try await bench.build(chain(), all: true)
        #expect(bench.containers.takeRuns().count == 5 && report.ran.count == 5)
    }

    @Test func inputsWithASlashShareAFolder() async throws {
        let report = try await bench.build([
            .container("a/kernel"),
            .container(
                "a/b",
                inputs: ["live/vmlinuz": .output("a/kernel", "file"), "live/initrd": .text("i"), "plain": .text("p")]),
        ])
        #expect(try bench.text(report, "a/b") == "cat\nlive=[initrd:i][vmlinuz:cat]\nplain=p")
    }

    @Test func theImageIsAnArchiveInTheStoreAndNotMounted() async throws {
        bench.containers.set("a-in") { command, _ in
            guard case .rootFilesystem(let digest, let archive) = command.image else { return 9 }
            #expect(command.mounts.keys.sorted() == ["other"])
            try Files.write(digest.hex.utf8 + FakeContainers.content(archive), to: command.output.appending("file"))
            return 0
        }
        let step = Step(
            "a/in", stage: .first, title: "", inputs: ["root": .text("archive"), "other": .text("o")],
            action: .container(image: .input("root"), script: [], arguments: [], environment: [:]),
            outputs: ["file": .file])
        let report = try await bench.build([step])
        #expect(try bench.text(report, "a/in") == Digest(of: "archive".utf8).hex + "archive")
    }

    @Test func workFoldersAreGoneWhateverHappens() async throws {
        bench.containers.set("a-bad") { command, _ in
            try Files.write("x".utf8, to: command.output.appending("half"))
            return 1
        }
        await #expect(throws: StepFailure.self) { try await bench.build([.container("a/good"), .container("a/bad")]) }
        #expect(bench.leftWorkFolders.isEmpty)
    }

    @Test func aRunStartsItsLogAnewAndTheRecordKeepsIt() async throws {
        bench.containers.set("a-b") { command, say in
            say("only line")
            return try await FakeContainers.copyInputs(command, say)
        }
        try await bench.build([.container("a/b")])
        let report = try await bench.build([.container("a/b")], all: true)
        #expect(StepLog(path: bench.root.pushing("logs/a-b.log")).tail(9) == ["only line"])
        let log = try #require(report.records["a/b"]?.log)
        #expect(String(decoding: try await bench.store().bytes(of: log), as: UTF8.self) == "only line\n")
    }

    @Test func whatAScriptSaysBecomesSummaryAndProgress() async throws {
        bench.containers.set("a-b") { command, say in
            say("progress: 3/7 unpacking")
            say("summary: 7 packages")
            return try await FakeContainers.copyInputs(command, say)
        }
        let report = try await bench.build([.container("a/b")])
        #expect(report.records["a/b"]?.summary == "7 packages")
        let progress = bench.takeEvents().compactMap {
            if case .stepProgress(_, let progress) = $0 { progress } else { nil }
        }
        #expect(progress == [StepProgress(activity: "unpacking", completed: 3, total: 7)])
    }

    // MARK: Outputs

    @Test func anOutputThatIsNotWrittenIsAClearError() async throws {
        bench.containers.set("a-b") { _, _ in 0 }
        let error = await #expect(throws: GraphError.self) { try await bench.build([.container("a/b")]) }
        #expect(error?.what == "a/b ended well but did not write /out/file")
        #expect(try bench.records().lastKey(of: "a/b") == nil)
    }

    @Test func anOutputThatIsALinkIsRefusedAndNotFollowed() async throws {
        let secret = try bench.file("secret", "of the host")
        bench.containers.set("a-b") { command, _ in
            symlinkTo(secret, at: command.output.appending("file"))
            return 0
        }
        await #expect(throws: GraphError.self) { try await bench.build([.container("a/b")]) }
        #expect(try FileStatus(at: secret)?.permissions == 0o644)
        #expect(try bench.store().contains(Blob(of: Array("of the host".utf8))) == false)
    }

    @Test(arguments: [ArtifactKind.file, .tree])
    func anOutputOfTheOtherKindIsRefused(kind: ArtifactKind) async throws {
        bench.containers.set("a-b") { command, _ in
            let path = command.output.appending("file")
            if kind == .tree { try Files.write("x".utf8, to: path) } else { try Files.createDirectory(path) }
            return 0
        }
        await #expect(throws: GraphError.self) { try await bench.build([.container("a/b", outputs: ["file": kind])]) }
    }

    @Test func aFolderIsAnOutputAndAnInput() async throws {
        bench.containers.set("a-tree") { command, _ in
            let folder = command.output.pushing("tree/sub")
            try Files.createDirectory(folder)
            try Files.write("1".utf8, to: folder.appending("one"))
            symlinkTo("sub/one", at: command.output.pushing("tree/link"))
            return 0
        }
        let report = try await bench.build([
            .container("a/tree", outputs: ["tree": .tree]),
            .container("a/user", inputs: ["t": .output("a/tree", "tree")]),
        ])
        #expect(try bench.text(report, "a/user") == "cat\nt=[link:][sub:[one:1]]")
    }

    @Test func aNativeStepMustMakeWhatItDeclaresAndStoreIt() async throws {
        let nothing = Step.native("a/b") { _ in StepResult(outputs: [:]) }
        let error = await #expect(throws: StepFailure.self) { try await bench.build([nothing]) }
        #expect(error?.what == "a/b: a/b did not make what it declares")
        let unstored = Step.native("a/b") { _ in
            StepResult(outputs: ["file": Artifact(file: Blob(of: Array("nowhere".utf8)))])
        }
        await #expect(throws: StepFailure.self) { try await bench.build([unstored]) }
        #expect(try bench.records().lastKey(of: "a/b") == nil)
    }

    @Test func aNativeStepReadsItsInputsAndItsVersionIsPartOfTheKey() async throws {
        func step(_ version: Int) -> Step {
            .native("a/b", version: version, inputs: ["x": .text("in")]) { context in
                let path = context.workFolder.appending("made")
                try Files.write(try await context.bytes("x") + "\(version)".utf8, to: path)
                return StepResult(outputs: ["file": try await context.output(file: path)], summary: "v\(version)")
            }
        }
        #expect(try bench.text(try await bench.build([step(1)]), "a/b") == "in1")
        #expect(try await bench.build([step(1)]).ran.isEmpty)
        #expect(try bench.text(try await bench.build([step(2)]), "a/b") == "in2")
    }

    @Test func aFileThatChangesWhileTheBuildRunsIsNoticed() async throws {
        let input = try bench.fileInput("conf", "one")
        _ = try bench.file("conf", "two")
        let error = await #expect(throws: ChangedDuringBuild.self) {
            try await bench.build([.container("a/b", inputs: ["c": input])])
        }
        #expect(error?.what == "conf changed while the build was running")
        #expect(bench.containers.takeRuns().isEmpty)
    }

    // MARK: What stands before a build

    @Test func theStandingSaysWhatWouldRunAndWaits() async throws {
        try await bench.build(chain())
        let graph = try StepGraph(chain(debs: "new"))
        let standing = try await bench.engine().standing(of: Set(graph.order), in: graph)
        let words = standing.map { step, standing in
            switch standing {
            case .cached: "\(step.name) cached"
            case .mustRun(_, .inputsChanged(let changes)): "\(step.name) \(changes.map(\.input))"
            case .mustRun: "\(step.name) must run"
            case .waits(let names): "\(step.name) waits \(names)"
            }
        }
        #expect(
            words.sorted() == [
                "base/debs [\"list\"]", "base/root waits [base/debs]", "image/iso waits [image/squash]",
                "image/notes cached",
                "image/squash waits [base/root]",
            ])
        #expect(try await bench.build(chain()).ran.isEmpty, "asking changes nothing")
    }

    @Test func aShellStartsWithTheInputsAndLeavesNothing() async throws {
        try await bench.build(chain())
        _ = bench.containers.takeRuns()
        bench.containers.set("shell") { command, _ in
            Int32(try command.mounts["root"].map(FakeContainers.content)?.count ?? 0)
        }
        let graph = try StepGraph(chain())
        #expect(try await bench.engine().shell("image/squash", in: graph) > 0)
        #expect(bench.containers.takeRuns() == ["shell image-squash"])
        bench.containers.set("shell") { _, _ in throw CancellationError() }
        await #expect(throws: CancellationError.self) { try await bench.engine().shell("image/squash", in: graph) }
        #expect(bench.leftWorkFolders.isEmpty)
        let fresh = try StepGraph(chain(debs: "never built"))
        let error = await #expect(throws: GraphError.self) { try await bench.engine().shell("image/squash", in: fresh) }
        #expect(error?.hint == "run `deploy build image/squash` first")
    }

    @Test func aShellForAStepWithoutAContainerIsRefused() async throws {
        let graph = try StepGraph([.native("a/b") { _ in StepResult(outputs: [:]) }])
        await #expect(throws: GraphError.self) { try await bench.engine().shell("a/b", in: graph) }
        #expect(bench.leftWorkFolders.isEmpty)
    }
}

import Primitives
import Synchronization
import SystemPackage
import Testing

@testable import BuildGraph
@testable import ContentStore

/// What a killed build, a full disk or a careless hand leaves behind: the next build heals it, and does no more than that.
@Suite(.timeLimit(.minutes(10))) struct HealingTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    /// source → left, right; left and right → image.
    private func diamond(_ text: String = "s", image: String = "i") -> [Step] {
        [
            .container("a/source", inputs: ["text": .text(text)]),
            .container("a/left", script: "left", inputs: ["s": .output("a/source", "file")]),
            .container("a/right", script: "right", inputs: ["s": .output("a/source", "file")]),
            .container(
                "a/image", script: image, inputs: ["l": .output("a/left", "file"), "r": .output("a/right", "file")]),
        ]
    }

    private func blob(_ report: BuildReport, _ step: StepName) throws -> FilePath {
        let digest = try #require(report.records[step]?.outputs.values.first?.digest)
        return try bench.store().path(of: digest)
    }

    enum Harm: CaseIterable { case gone, truncated, overwritten }

    private func harm(_ path: FilePath, _ harm: Harm) throws {
        let bytes = try Files.read(path)
        switch harm {
        case .gone: try Files.remove(path)
        case .truncated: try Files.write(bytes.dropLast(), to: path)
        case .overwritten: try Files.write(bytes.map { $0 ^ 1 }, to: path)
        }
    }

    @Test(arguments: Harm.allCases)
    func bytesThatAStepNeedsAreMadeAgain(harm: Harm) async throws {
        let first = try await bench.build(diamond())
        _ = bench.containers.takeRuns()
        try self.harm(try blob(first, "a/left"), harm)
        let second = try await bench.build(diamond(image: "changed"), ["a/image"])
        #expect(bench.containers.takeRuns() == ["a-left", "a-image"])
        #expect(second.records["a/left"]?.outputs == first.records["a/left"]?.outputs)
        #expect(try bench.text(second, "a/image") == "changed\nl=left\ns=cat\ntext=s\nr=right\ns=cat\ntext=s")
    }

    @Test func bytesThatNothingNeedsAreNotMadeAgain() async throws {
        let first = try await bench.build(diamond())
        _ = bench.containers.takeRuns()
        for step in ["a/left", "a/right", "a/source"] as [StepName] { try harm(try blob(first, step), .gone) }
        try await bench.build(diamond(), ["a/image"])
        #expect(bench.containers.takeRuns().isEmpty)
    }

    @Test(arguments: [Harm.gone, .truncated])
    func theResultThatIsAskedForIsMadeAgain(harm: Harm) async throws {
        let first = try await bench.build(diamond())
        _ = bench.containers.takeRuns()
        try self.harm(try blob(first, "a/image"), harm)
        try await bench.build(diamond(), ["a/image"])
        #expect(bench.containers.takeRuns() == ["a-image"])
        try await bench.build(diamond(), ["a/image"])
        #expect(bench.containers.takeRuns().isEmpty)
    }

    @Test func aWholeChainOfMissingBytesIsMadeAgain() async throws {
        let first = try await bench.build(diamond())
        _ = bench.containers.takeRuns()
        for step in first.records.keys { try harm(try blob(first, step), .gone) }
        let second = try await bench.build(diamond(), ["a/image"])
        #expect(bench.containers.takeRuns().sorted() == ["a-image", "a-left", "a-right", "a-source"])
        #expect(try bench.text(second, "a/image") == bench.text(first, "a/image"))
    }

    @Test func severalReadersOfOneMissingFileHaveItMadeOnce() async throws {
        let readers = (0..<8).map { "a/reader\($0)" }
        func steps(_ script: String) -> [Step] {
            [.container("a/source")]
                + readers.map { .container(StepName($0), script: script, inputs: ["s": .output("a/source", "file")]) }
        }
        let first = try await bench.build(steps("1"))
        _ = bench.containers.takeRuns()
        try harm(try blob(first, "a/source"), .overwritten)
        bench.containers.set("a-source") { command, say in
            try await Task.sleep(for: .milliseconds(50))
            return try await FakeContainers.copyInputs(command, say)
        }
        let second = try await bench.build(steps("2"), readers, cores: 8)
        let runs = bench.containers.takeRuns()
        #expect(runs.count { $0 == "a-source" } == 1 && runs.count == 9)
        #expect(second.ran.count == 9)
    }

    @Test func missingAndDamagedFilesOfAFolderAreMadeAgain() async throws {
        bench.containers.set("a-tree") { command, _ in
            for name in ["one", "two"] {
                try Files.createDirectory(command.output.appending("tree"))
                try Files.write(name.utf8, to: command.output.pushing("tree").appending(name))
            }
            return 0
        }
        func steps(_ script: String) -> [Step] {
            [
                .container("a/tree", outputs: ["tree": .tree]),
                .container("a/user", script: script, inputs: ["t": .output("a/tree", "tree")]),
            ]
        }
        let first = try await bench.build(steps("1"))
        for (number, harm) in Harm.allCases.enumerated() {
            _ = bench.containers.takeRuns()
            try self.harm(try bench.store().path(of: Digest(of: "two".utf8)), harm)
            let report = try await bench.build(steps("again \(number)"), ["a/user"])
            #expect(bench.containers.takeRuns() == ["a-tree", "a-user"])
            #expect(try bench.text(report, "a/user").hasSuffix("t=[one:one][two:two]"))
        }
        // The list of the folder's files itself, asked for and used.
        try harm(try blob(first, "a/tree"), .overwritten)
        try await bench.build(steps("1"))
        #expect(bench.containers.takeRuns() == ["a-tree"])
        try await bench.build(steps("1"))
        #expect(bench.containers.takeRuns().isEmpty)
    }

    @Test func aDamagedLiteralOrFileOfTheUserIsStoredAnew() async throws {
        let file = try bench.fileInput("conf", "from the user")
        try await bench.build([.container("a/b", inputs: ["l": .text("literal"), "f": file])])
        for text in ["literal", "from the user"] {
            try harm(try bench.store().path(of: Digest(of: text.utf8)), .overwritten)
        }
        let report = try await bench.build([.container("a/b", script: "2", inputs: ["l": .text("literal"), "f": file])])
        #expect(try bench.text(report, "a/b") == "2\nf=from the user\nl=literal")
    }

    @Test func aDamagedRecordIsNone() async throws {
        let report = try await bench.build(diamond())
        _ = bench.containers.takeRuns()
        let key = try #require(report.records["a/left"]?.key.description)
        let path = bench.root.pushing("records/by-key").appending(String(key.prefix(2))).appending(key)
        let good = try Files.read(path)
        for bytes in [[], Array(good.prefix(100)), good.map { $0 == 0x31 ? 0x32 : $0 }] {
            try Files.write(bytes, to: path)
            #expect(try await bench.build(diamond()).ran == ["a/left"])
        }
        #expect(bench.containers.takeRuns() == ["a-left", "a-left", "a-left"])
    }

    @Test func otherBytesOfAStepThatIsMadeAgainReachAllThatReadIt() async throws {
        // The source's bytes are gone, and it gives others now. What had been found on record for the old ones is void.
        let first = try await bench.build(diamond())
        try harm(try blob(first, "a/source"), .gone)
        try harm(try blob(first, "a/right"), .gone)
        bench.containers.set("a-source") { command, _ in
            try Files.write("other".utf8, to: command.output.appending("file"))
            return 0
        }
        let second = try await bench.build(diamond(image: "changed"), ["a/image"])
        #expect(try bench.text(second, "a/image") == "changed\nl=left\ns=other\nr=right\ns=other")
    }

    @Test func bytesThatNeverStayEndInAnErrorAndNotInALoop() async throws {
        let store = try bench.store()
        let fleeting = Step.native("a/source") { context in
            StepResult(outputs: ["file": try await context.output(bytes: [1])])
        }
        let graph = try StepGraph([fleeting, .container("a/user", inputs: ["s": .output("a/source", "file")])])
        let engine = BuildEngine(
            store: store, records: try bench.records(), containers: bench.containers,
            logFolder: bench.root.appending("logs"), cores: 1,
            architecture: "amd64", now: { 0 },
            events: { event in if case .stepFinished("a/source", .ran) = event { store.remove(Digest(of: [UInt8(1)])) }
            })
        let error = await #expect(throws: GraphError.self) { try await engine.build(Set(graph.order), in: graph) }
        #expect(error?.what.contains("gone from the store each time") == true)
    }
}

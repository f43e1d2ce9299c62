import ContentStore
import Primitives
import SystemPackage
import Testing

@testable import BuildGraph

/// The engine knows a store by its protocols alone: what is built here never lies in one as files.
@Suite(.timeLimit(.minutes(10))) struct StoreSeamTests {
    let bench: Bench
    let store: MemoryStore
    let records = MemoryRecords()

    init() throws {
        bench = try Bench()
        store = try MemoryStore(workArea: bench.root.appending("work area"))
        bench.containers.set("a-root") { command, say in
            say("made")
            let tree = command.output.appending("tree")
            try Files.createDirectory(tree.appending("etc"))
            try Files.createDirectory(tree.appending("empty"))
            try Files.write(try FakeContainers.described(command), to: tree.pushing("etc/made"))
            symlinkTo("etc/made", at: tree.appending("link"))
            try Files.write("archive".utf8, to: command.output.appending("root.tar"))
            return 0
        }
    }

    /// A container that makes a file and a folder of all kinds of inputs; native steps that read bytes, a tree, and files by their
    /// paths; and a container that starts from an archive.
    private func steps(_ text: String = "literal") throws -> [Step] {
        _ = try bench.file("tree/x", "in a folder")
        return [
            .container(
                "a/root",
                inputs: [
                    "text": .text(text), "conf": try bench.fileInput("conf", "of the user"),
                    "tree": try bench.folderInput("tree"),
                ], outputs: ["tree": .tree, "root.tar": .file]),
            .native(
                "a/native", inputs: ["tree": .output("a/root", "tree"), "in/root.tar": .output("a/root", "root.tar")],
                outputs: ["file": .file, "tree": .tree]
            ) { context in
                var tree = try await context.tree("tree")
                let folder = try await context.path("tree")
                let archive = try Files.readText(try await context.path("in/root.tar"))
                #expect(try await context.bytes("in/root.tar") == Array(archive.utf8))
                try tree.set(.file(try await context.store.insert([1, 2, 3])), at: "more")
                let made = context.workFolder.appending("made")
                try Files.write("\(archive) \(try Files.list(folder))".utf8, to: made)
                return StepResult(
                    outputs: [
                        "tree": try await context.output(tree: tree), "file": try await context.output(file: made),
                    ])
            },
            Step(
                "a/last", stage: .second, title: "",
                inputs: [
                    "image": .output("a/root", "root.tar"), "in/tree": .output("a/native", "tree"),
                    "in/file": .output("a/native", "file"),
                ],
                action: .container(image: .input("image"), script: [], arguments: [], environment: [:]),
                outputs: ["file": .file]),
        ]
    }

    private func build(_ steps: [Step], in store: MemoryStore? = nil) async throws -> BuildReport {
        let graph = try StepGraph(steps)
        return try await bench.engine(store: store ?? self.store, records: records).build(Set(graph.order), in: graph)
    }

    private static let made =
        "\nin=[file:archive [\"empty\", \"etc\", \"link\"]][tree:[empty:][etc:[made:cat\nconf=of the user\n"
        + "text=literal\ntree=[x:in a folder]]][link:][more:\u{1}\u{2}\u{3}]]"

    @Test func aGraphIsBuiltAndFoundAgainWithoutAnyFileOfTheStores() async throws {
        let report = try await build(steps())
        #expect(report.ran.count == 3)
        let last = try #require(report.records["a/last"]?.outputs["file"])
        #expect(String(decoding: try await store.bytes(of: last.blob), as: UTF8.self) == Self.made)
        #expect(try await build(steps()).ran.isEmpty)
        #expect(try await build(steps("other")).ran == ["a/root", "a/native", "a/last"])
        let folders = try Files.list(bench.root.appending("work area"))
        #expect(folders == ["ingest", "work"])
        for folder in folders { #expect(try Files.list(bench.root.appending("work area").appending(folder)).isEmpty) }
    }

    @Test func everyAddressIsThatOfBytesThatTheStoreHas() async throws {
        let report = try await build(steps())
        for record in report.records.values {
            for artifact in record.inputs.values.map(\.artifact) + record.outputs.values {
                #expect(try await store.fetch(artifact), "\(record.step)")
            }
        }
        let log = try #require(report.records["a/root"]?.log)
        #expect(try await store.bytes(of: log) == Array("made\n".utf8))
    }

    @Test func whatChangedIsExplainedFromTheStores() async throws {
        _ = try await build(steps("one\n"))
        _ = try await build(steps("two\n"))
        let graph = try StepGraph(steps("two\n"))
        let standing = try await bench.engine(store: store, records: records).standing(of: ["a/last"], in: graph)
        let explainer = Explainer(store: store, records: records, now: 5000)
        let explanation = await explainer.explain("a/last", standing: standing)
        #expect(explanation?.rootCauses == ["text"])
        #expect(explanation?.causes.first?.because.first?.because.first?.details == ["- one", "+ two"])
    }

    @Test func damagedAndMissingBlobsAreMadeAgain() async throws {
        let first = try await build(steps())
        let tree = try #require(first.records["a/native"]?.outputs["tree"])
        let one = try #require(try await store.tree(tree.blob).blobs.first { $0.size == ByteCount(3) })
        store.change { $0[one] = [9, 9, 9] }
        let last = try #require(first.records["a/last"]?.outputs["file"])
        store.change { $0[last.blob] = nil }
        let second = try await build(steps())
        #expect(second.ran == ["a/native", "a/last"])
        #expect(try await store.bytes(of: one) == [1, 2, 3])
    }

    @Test func whatOnlyTheOuterTierHasIsFetchedWhenItIsNeeded() async throws {
        let first = try await build(steps())
        // Another host, which has the records: nothing is made, and nothing fetched but lists of trees, and what nobody reads further.
        let near = try MemoryStore(workArea: bench.root.appending("near"), outer: store)
        #expect(try await build(steps(), in: near).ran.isEmpty)
        let lists = first.records.values.flatMap(\.outputs.values).filter { $0.kind == .tree }.map(\.blob)
        let last = try #require(first.records["a/last"]?.outputs["file"])
        #expect(near.all == Set(lists + [last.blob]))
        // A new step there reads what was made here.
        let more = try steps() + [.container("a/more", inputs: ["t": .output("a/native", "tree")])]
        let report = try await build(more, in: near)
        #expect(report.ran == ["a/more"])
        let made = try #require(report.records["a/more"]?.outputs["file"])
        #expect(try await near.bytes(of: made.blob).suffix(10) == Array("[more:\u{1}\u{2}\u{3}]".utf8))
        // And what the outer tier has lost meanwhile is made again.
        store.change { $0.removeAll() }
        let alone = try MemoryStore(workArea: bench.root.appending("alone"), outer: store)
        #expect(try await build(more, in: alone).ran == ["a/root", "a/native", "a/last", "a/more"])
    }
}

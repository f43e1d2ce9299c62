import ContentStore
import Primitives
import SystemPackage
import Testing

@testable import BuildGraph

@Suite(.timeLimit(.minutes(10))) struct ExplanationTests {
    let bench: Bench

    init() throws { bench = try Bench() }

    /// A folder of the user's → overlay → iso, with settings beside; the root reads the debs' first line only.
    private func steps(settings: String = "a: 1\nb: 2\n", script: String = "make") throws -> [Step] {
        if !Files.exists(bench.root.pushing("user/includes")) {
            _ = try bench.file("includes/etc/motd", "hello")
            _ = try bench.file("includes/etc/issue", "issue")
        }
        return [
            .container("base/settings", inputs: ["settings": .text(settings)]),
            .container("base/overlay", script: script, inputs: ["includes": try bench.folderInput("includes")]),
            .container(
                "image/iso", stage: .second,
                inputs: ["o": .output("base/overlay", "file"), "s": .output("base/settings", "file")]),
        ]
    }

    @Test func nothingIsOnRecordBeforeTheFirstRunAndNothingChangedInIt() async throws {
        let before = try #require(try await bench.explain(try steps(), "base/overlay"))
        guard case .neverRan = before.verdict else {
            Issue.record("it never ran")
            return
        }
        #expect(before.remark == "no run of it is on record")
        try await bench.build(try steps())
        let after = try #require(try await bench.explain(try steps(), "base/overlay"))
        guard case .ran(let ago, _) = after.verdict else {
            Issue.record("it ran")
            return
        }
        #expect(ago > 0 && after.remark == "it was the first run on record" && after.causes.isEmpty)
    }

    @Test func whatACacheSaidIsItsWordWhereItIsNamedAndACauseWhereNot() async throws {
        try await bench.build(try steps())
        var records = try bench.records()
        let key = try #require(records.lastKey(of: "base/overlay"))
        try await records.save(try #require(records.record(key)).following(nil, from: "grpc://cache"))
        let unnamed = try #require(try await bench.explain(try steps(), "base/overlay"))
        #expect(unnamed.rootCauses == ["its result came from grpc://cache, which is not named now"])
        #expect(unnamed.place == nil)
        records.believed = "grpc://cache"
        let graph = try StepGraph(try steps())
        let standing = try await bench.engine(records: records).standing(of: Set(graph.order), in: graph)
        let explainer = Explainer(store: try bench.store(), records: records, now: 5000)
        #expect(await explainer.explain("base/overlay", standing: standing)?.place == .cache("grpc://cache"))
        #expect(await explainer.explain("base/settings", standing: standing)?.place == nil)
    }

    @Test func aTouchedFileIsNamedBeforeAndAfterTheBuild() async throws {
        try await bench.build(try steps())
        _ = try bench.file("includes/etc/motd", "changed")
        _ = try bench.file("includes/new", "new")
        try Files.remove(bench.root.pushing("user/includes/etc/issue"))
        let lines = ["includes/etc/issue removed", "includes/etc/motd changed", "includes/new added"]
        let before = try #require(try await bench.explain(try steps(), "base/overlay"))
        #expect(before.causes.map(\.subject) == ["includes"] && before.causes.first?.details == lines)
        try await bench.build(try steps())
        let after = try #require(try await bench.explain(try steps(), "base/overlay"))
        #expect(after.causes.map(\.subject) == ["includes"] && after.causes.first?.details == lines)
        #expect(before.rootCauses == ["includes"] && after.rootCauses == ["includes"])
    }

    @Test func aStepDownstreamNamesTheRootCauseBeforeAndAfterTheBuild() async throws {
        try await bench.build(try steps())
        _ = try bench.file("includes/etc/motd", "changed")
        let before = try #require(try await bench.explain(try steps(), "image/iso"))
        guard case .wouldRun = before.verdict else {
            Issue.record("it would run")
            return
        }
        #expect(before.causes.map(\.subject) == ["base/overlay"] && before.rootCauses == ["includes/etc/motd"])
        try await bench.build(try steps())
        let after = try #require(try await bench.explain(try steps(), "image/iso"))
        #expect(after.causes.map(\.subject) == ["base/overlay file"] && after.causes.first?.isRoot == false)
        #expect(after.rootCauses == ["includes/etc/motd"])
        #expect(after.causes.first?.because.first?.details == ["changed"])
    }

    @Test func linesOfASettingAreShownBothWays() async throws {
        try await bench.build(try steps())
        let changed = try steps(settings: "a: 1\nb: 3\nc: 4\n")
        let lines = ["- b: 2", "+ b: 3", "+ c: 4"]
        #expect(try await bench.explain(changed, "base/settings")?.causes.first?.details == lines)
        try await bench.build(changed)
        let after = try await bench.explain(changed, "base/settings")
        #expect(after?.causes.map(\.subject) == ["settings"] && after?.causes.first?.details == lines)
    }

    @Test func aChangedFileOfTheUserShowsItsLinesBothWays() async throws {
        func steps(_ text: String) throws -> [Step] {
            [.container("a/b", inputs: ["c": try bench.fileInput("conf", text)])]
        }
        try await bench.build(try steps("one\ntwo\n"))
        let changed = try steps("one\n2\n")
        #expect(try await bench.explain(changed, "a/b")?.causes.first?.details == ["- two", "+ 2"])
        try await bench.build(changed)
        #expect(try await bench.explain(changed, "a/b")?.causes.first?.details == ["- two", "+ 2"])
    }

    @Test func theStepsOwnCodeIsACause() async throws {
        try await bench.build(try steps())
        let explanation = try await bench.explain(try steps(script: "make better"), "base/overlay")
        #expect(explanation?.causes.map(\.subject) == ["the step's own code"])
    }

    @Test func aKeyOfTheDeclarationThatDecidesAboutTheCodeIsTheCause() async throws {
        let key = "\(ChangeFinder.choices)iso.systems"
        try await bench.build([.container("a/b", script: "make --system", inputs: [:])])
        let chosen = [Step.container("a/b", script: "make", inputs: [key: .text("without core\n")])]
        #expect(try await bench.explain(chosen, "a/b")?.rootCauses == ["deploy.yaml/iso.systems"])
        try await bench.build(chosen)
        let back = [Step.container("a/b", script: "make --system all", inputs: [:])]
        #expect(try await bench.explain(back, "a/b")?.rootCauses == ["deploy.yaml/iso.systems"])
    }

    @Test func causesAreFoundThroughACutOff() async throws {
        // The root's bytes stay when a comment in the list changes, so the image is not built; when a name changes, both
        // changes lie between the two runs that the image knows of.
        bench.containers.set("base-root") { command, _ in
            let list = try command.mounts["list"].map(FakeContainers.content) ?? []
            try Files.write(list.split(separator: 0x0A).first ?? [], to: command.output.appending("file"))
            return 0
        }
        func steps(_ list: String) -> [Step] {
            [
                .container("base/root", inputs: ["list": .text(list)]),
                .container("image/iso", stage: .second, inputs: ["root": .output("base/root", "file")]),
            ]
        }
        try await bench.build(steps("vim\n"))
        try await bench.build(steps("vim\n# editor\n"))
        #expect(bench.containers.takeRuns() == ["base-root", "image-iso", "base-root"])
        let changed = steps("nano\n# editor\n")
        #expect(try await bench.explain(changed, "image/iso")?.rootCauses == ["list"])
        try await bench.build(changed)
        let after = try await bench.explain(changed, "image/iso")
        #expect(after?.rootCauses == ["list"])
        #expect(after?.causes.first?.because.first?.details == ["- vim", "+ nano", "+ # editor"])
    }

    @Test func longDifferencesAreShortenedAndHugeOnesStayQuick() async throws {
        func steps(_ offset: Int) -> [Step] {
            [
                .container(
                    "a/b", inputs: ["list": .literal(Array((0..<30_000).map { "line \($0 + offset)\n" }.joined().utf8))]
                )
            ]
        }
        try await bench.build(steps(0))
        let details = try await bench.explain(steps(20_000), "a/b")?.causes.first?.details
        #expect(details?.count == 8 && details?.first == "- line 0" && details?.last == "and 39993 more")
    }

    @Test func bytesThatAreNoTextAreNotShownAsLines() async throws {
        func steps(_ byte: UInt8) -> [Step] { [.container("a/b", inputs: ["key": .literal([0, byte, 10, 27])])] }
        try await bench.build(steps(1))
        let cause = try #require(try await bench.explain(steps(2), "a/b")?.causes.first)
        #expect(cause.subject == "key" && cause.details.isEmpty)
    }

    @Test func aStepThatIsNotInTheGraphHasNone() async throws {
        #expect(try await bench.explain(try steps(), "no/such") == nil)
    }

    @Test func theReasonOfAStartedStepNamesTheInputAndItsProducer() async throws {
        try await bench.build(try steps())
        _ = bench.takeEvents()
        _ = try bench.file("includes/etc/motd", "changed")
        try await bench.build(try steps())
        let reasons = bench.takeEvents().compactMap { event -> String? in
            guard case .stepStarted(let name, .inputsChanged(let changes), let expected, _) = event, expected != nil
            else {
                return nil
            }
            return "\(name): \(changes.map { "\($0.input) \($0.producer?.text ?? "-")" })"
        }
        #expect(reasons == ["base/overlay: [\"includes -\"]", "image/iso: [\"o base/overlay\"]"])
    }
}

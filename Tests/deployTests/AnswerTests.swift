import Packages
import Primitives
import SystemPackage
import Testing

@testable import BuildGraph
@testable import Installation
@testable import Pipeline
@testable import deploy

/// Answers that need containers or a machine to come about: made here, as people and programs get to see them.
@Suite struct AnswerTests {
    private static let plain = Style(hasColours: false)
    private static let stage = Stage(number: 5, name: "iso", title: "image")

    private static func build(isNew: Bool, ran: Set<StepName>, unproven: [String] = []) -> BuildAnswer {
        let digest = Digest(of: "image".utf8)
        let record = StepRecord(
            key: StepKey(digest: digest), step: "iso/image", previous: nil, finished: 0, duration: .zero, summary: nil,
            log: nil, inputs: [:], outputs: [:], code: "")
        return BuildAnswer(
            BuildResult(
                report: BuildReport(records: ["iso/image": record], ran: ran, duration: .seconds(2)),
                image: PublishedImage(
                    path: "/src/out/made.iso", shown: "out/made.iso", digest: digest, size: ByteCount(767_000_000),
                    isNew: isNew),
                proofs: ["core installs from this image alone"], unproven: unproven, duration: .seconds(3)))
    }

    @Test func aNewImageIsNamedWithWhatWasProvenOfIt() {
        let answer = Self.build(isNew: true, ran: ["iso/image"], unproven: ["that it boots"])
        let digest = Digest(of: "image".utf8)
        #expect(
            answer.text(Self.plain)
                == .results([
                    "out/made.iso   767 MB   sha256 \(digest.short)…", "proven: core installs from this image alone",
                    "not proven: that it boots", "3.0 s · 1 steps run, 0 cached",
                ]))
        #expect(
            answer.json?.text
                == #"{"event":"image","path":"/src/out/made.iso","size":767000000,"sha256":"\#(digest.hex)","new":true,"#
                + #""proven":["core installs from this image alone"],"not_proven":["that it boots"]}"#)
    }

    @Test func anImageThatWasThereIsUpToDate() {
        let answer = Self.build(isNew: false, ran: [])
        #expect(answer.text(Self.plain) == [.result("out/made.iso is up to date (1 steps cached, 3.0 s)")])
        #expect(answer.json?["new"]?.text == "false")
    }

    @Test func aBuildWithoutAnImageHasBeenToldInEvents() {
        let result = BuildResult(
            report: BuildReport(records: [:], ran: [], duration: .seconds(2)), image: nil, proofs: [], unproven: [],
            duration: .seconds(3))
        #expect(BuildAnswer(result).text(Self.plain) == [.result("0 steps run, 0 cached, 2.0 s")])
        #expect(BuildAnswer(result).json == nil)
    }

    @Test func datesAreThoseOfISO8601AndTimesAreSeconds() {
        let record = StepRecord(
            key: StepKey(digest: Digest(of: [])), step: "iso/image", previous: nil, finished: 1_767_225_600,
            duration: .milliseconds(1500), summary: nil, log: nil, inputs: [:], outputs: [:], code: "")
        let step = Step(
            "iso/image", stage: Self.stage, title: "image", inputs: [:],
            action: .container(image: .registry("x"), script: [], arguments: [], environment: [:]), outputs: [:])
        let answer = StandingAnswer([(step, .cached(record)), (step, .waits(for: ["a/b"]))], unused: [Self.stage])
        #expect(
            answer.json?.text
                == #"{"steps":[{"step":"iso/image","stage":"iso","state":"up to date","finished":"2026-01-01T00:00:00Z","#
                + #""seconds":1.5},{"step":"iso/image","stage":"iso","state":"waits","for":["a/b"]}],"unused_stages":["iso"]}"#
        )
    }

    private static func tested(_ outcomes: [TestReport.Case.Outcome]) -> TestReport {
        var report = TestReport(title: "core")
        report.cases = outcomes.map { .init(group: "disk", name: "it boots", duration: .seconds(1), outcome: $0) }
        return report
    }

    private static func cases(_ outcomes: TestReport.Case.Outcome...) -> [InstallTestEvent] {
        tested(outcomes).cases.map(InstallTestEvent.finished)
    }

    @Test func aTestSaysWhatFailedAndWhy() {
        let events = Self.cases(.passed, .skipped("no screen"), .failed("no disk", details: ["one"]))
        #expect(
            events.flatMap { $0.text(Self.plain) } == [
                .aside("✓ it boots 1.0 s"), .aside("- it boots: no screen"), .aside("✗ it boots 1.0 s"),
                .aside("    no disk"), .aside("    one"),
            ])
        let common = #"{"event":"case","group":"disk","name":"it boots","seconds":1,"outcome":"#
        #expect(
            events.map { $0.json?.text } == [
                common + #""passed"}"#, common + #""skipped","why":"no screen"}"#,
                common + #""failed","what":"no disk","details":["one"]}"#,
            ])
    }

    @Test(arguments: [
        ([TestReport.Case.Outcome.passed], true), ([], false), ([.passed, .failed("x", details: [])], false),
        ([.passed, .skipped("x")], true), ([.skipped("x")], false),
    ])
    func aTestOfNothingIsAFailureToo(outcomes: [TestReport.Case.Outcome], isWell: Bool) {
        let answer = InstallTestAnswer(report: Self.tested(outcomes), results: "logs", keepsDisks: false)
        if case .success = answer.ending { #expect(isWell) } else { #expect(!isWell) }
    }

    @Test func allOfThemKeepToTheConvention() throws {
        var request = InstallTestRequest(iso: "/made.iso")
        request.cuts = 1
        let tests: [InstallTestEvent] =
            [.began("installing"), .machine("ready", at: .seconds(9)), .notice("kvm")]
            + Self.cases(.passed, .skipped("x"), .failed("x", details: ["y"]))
        let statements: [any Statement] =
            tests + [
                Self.build(isNew: true, ran: []), InstallTestBeginning(request: request),
                InstallTestAnswer(report: Self.tested([.passed]), results: "logs", keepsDisks: false),
            ]
        let objects = statements.compactMap(\.json)
        #expect(objects.count == statements.count)
        let mistake = Mistake("no", at: SourceLocation(file: "x", line: 1, column: 2), details: ["why"], hint: "do")
        let events = EventJSONTests.events.map(EventJSON.object)
        #expect(try JSONConvention.objections(to: objects + events + ErrorReport.json(mistake)) == [])
        #expect(
            try JSONConvention.objections(to: [.object([("notProven", .array([.object([("a-b", .bool(true))])]))])])
                .count == 4)
    }
}

import ContentStore
import Primitives
import Testing

@testable import BuildGraph
@testable import Pipeline
@testable import deploy

/// What is said of the builds of the past.
@Suite struct BuildLogTests {
    private static let plain = Style(hasColours: false)
    private static let stage = Stage(number: 5, name: "iso", title: "iso")

    private static func step(_ name: StepName, _ outcome: StepRun.Outcome, causes: [String] = []) -> StepRun {
        let ran = outcome == .ran || outcome == .failed
        return StepRun(
            name: name, stage: stage, title: "makes \(name)", needs: [], outcome: outcome, began: .seconds(1),
            ended: .seconds(ran ? 43 : 1), summary: outcome == .ran ? "5 files" : nil, causes: causes,
            error: outcome == .failed ? "no" : nil)
    }

    private static func build(
        _ number: Int, _ outcome: BuildRecord.Outcome = .succeeded, folder: String = "/src", image: Bool = true
    ) -> BuildRecord {
        let last: StepRun.Outcome = outcome == .succeeded ? .ran : .failed
        return BuildRecord(
            number: number, started: 1_767_225_660, duration: .seconds(61), folder: folder,
            request: ["build", "--draft"],
            outcome: outcome, commit: "4f2c1d9", lock: Blob(of: Array("lock".utf8)),
            causes: ["motd changed", "deploy.lock: zsh added", "more"], phases: [],
            steps: [
                step("live/root", .cached), step("live/overlay", .ran, causes: ["motd changed", "more"]),
                step("iso/image", last), step("iso/last", .skipped),
            ],
            image: image
                ? .init(
                    name: "kldload-1a2b3c4.iso", series: "kldload",
                    blob: Blob(Digest(of: [1]), size: ByteCount(767_000_000)),
                    proofs: ["core installs"], unproven: ["that server does"]) : nil)
    }

    private static func text(_ answer: some Answer) -> [String] {
        answer.text(plain).map { line in
            switch line {
            case .result(let text), .aside(let text): text
            }
        }
    }

    @Test func aTableHasALineForEachBuild() {
        let lines = Self.text(
            BuildsAnswer(
                builds: [
                    Self.build(12), Self.build(11, .failed("iso/image: no"), image: false),
                    Self.build(9, folder: "/other"),
                ], folder: "/src"))
        #expect(lines.count == 4 && lines[0].hasPrefix("build     began (UTC)"))
        #expect(lines[1].hasPrefix("   12  ✓  2026-01-01 00:01  1:01    2       1  kldload-1a2b3c4.iso"))
        #expect(lines[1].hasSuffix("motd changed; deploy.lock: zsh added; 1 more"))
        #expect(lines[2].contains("✗") && lines[2].contains("iso/image failed"))
        #expect(lines[3].hasSuffix("(in /other)"))
        #expect(Self.text(BuildsAnswer(builds: [], folder: "/src")).first?.hasPrefix("no build is on record") == true)
    }

    @Test func aBuildHasItsStepsWithTimesAndCauses() {
        let lines = Self.text(BuildRecordAnswer(Self.build(12)))
        #expect(lines.first == "build 12 · 2026-01-01 00:01 UTC · 1:01 · ✓ succeeded")
        #expect(lines.contains("asked for   deploy build --draft"))
        #expect(lines.contains("because of  motd changed") && lines.contains("            deploy.lock: zsh added"))
        #expect(lines.contains("·  live/root                     cached"))
        #expect(lines.contains("✓  live/overlay  at 1.0 s  42 s  5 files ← motd changed; 1 more"))
        #expect(lines.contains("◦  iso/last                      did not begin"))
        #expect(lines.contains("what a step said: deploy log 12 iso/image"))
    }

    @Test func aFailureIsNamedWithItsReason() {
        let lines = Self.text(BuildRecordAnswer(Self.build(11, .failed("iso/image: no"), image: false)))
        #expect(lines.contains("error       iso/image: no") && lines.contains { $0.contains("✗  iso/image") })
        #expect(lines.last == "why it ran: deploy explain iso/image --build 11")
    }

    @Test func aLogOfACachedStepSaysWhenceItIs() throws {
        let build = Self.build(12)
        let cached = try #require(build["live/root"])
        #expect(
            StepLogAnswer(KeptLog(step: cached, build: build, text: "one\ntwo\n")).text(Self.plain) == [
                .aside("live/root was cached in build 12: this is what it said when it ran"), .result("one\ntwo"),
            ])
    }

    @Test func timesAreColumns() {
        let lines = Self.text(StepTimesAnswer(StepTimes.all(in: [Self.build(2), Self.build(1)])))
        #expect(lines[0] == "step          runs  last  median  shortest  longest" && lines.count == 3)
        #expect(lines[1] == "iso/image        2  42 s    42 s      42 s     42 s")
    }
}

import BuildGraph
import Primitives
import Testing

@testable import deploy

private let base = Stage(number: 1, name: "builder", title: "builder image")
private let debian = Stage(number: 2, name: "debian", title: "debian darksite")
private let plain = Style(hasColours: false)

private struct Refused: UserError {
    let what = "refused"
}

@Suite struct BuildViewTests {
    private var view = BuildView()

    init() {
        _ = view.note(
            .planned([
                PlannedStep(name: "builder/root", stage: base, title: "root of the builder"),
                PlannedStep(name: "debian/fetch", stage: debian, title: "packages of debian"),
                PlannedStep(name: "debian/mirror", stage: debian, title: "mirror of debian"),
            ]), at: 0, style: plain)
    }

    @Test func nothingIsDrawnWhereNothingRuns() {
        #expect(view.lines(at: 1, width: 100, style: plain).isEmpty)
        #expect(BuildView().lines(at: 1, width: 100, style: plain).isEmpty)
    }

    @Test mutating func aTransferShowsBytesRateAndTimeLeft() {
        _ = view.note(.stepStarted("debian/fetch", reason: .firstRun, expected: nil), at: 10, style: plain)
        let progress = StepProgress(
            activity: "fetching 325 packages", completed: 90_000_000, total: 360_000_000, unit: .bytes)
        _ = view.note(.stepProgress("debian/fetch", progress), at: 13, style: plain)
        #expect(
            view.lines(at: 13, width: 140, style: plain) == [
                "  2 debian/fetch           ████░░░░░░░░░░░░ fetching 325 packages · 90 MB of 360 MB · 30 MB/s · 3.0 s · about 9.0 s left",
                "  0 of 3 steps done, 0 of them cached",
            ])
    }

    @Test mutating func aStepThatCountsThingsShowsHowMany() {
        _ = view.note(.stepStarted("builder/root", reason: .outputMissing, expected: .seconds(60)), at: 0, style: plain)
        let progress = StepProgress(activity: "configuring", completed: 12, total: 48)
        _ = view.note(.stepProgress("builder/root", progress), at: 5, style: plain)
        #expect(
            view.lines(at: 15, width: 120, style: plain).first
                == "  1 builder/root           ████░░░░░░░░░░░░ configuring · 12 of 48 · 15 s · about 45 s left")
    }

    @Test mutating func aStepThatSaysNothingIsMeasuredByItsLastRun() {
        _ = view.note(.stepStarted("builder/root", reason: .firstRun, expected: .seconds(20)), at: 0, style: plain)
        #expect(
            view.lines(at: 10, width: 120, style: plain).first
                == "  1 builder/root           ████████░░░░░░░░ root of the builder · 10 s · about 10 s left")
        #expect(
            view.lines(at: 500, width: 120, style: plain).first
                == "  1 builder/root           ███████████████░ root of the builder · 8:20")
    }

    @Test mutating func stepsAreOrderedByStageAndName() {
        for name in ["debian/mirror", "debian/fetch", "builder/root"] as [StepName] {
            _ = view.note(.stepStarted(name, reason: .firstRun, expected: nil), at: 0, style: plain)
        }
        let names = view.lines(at: 1, width: 100, style: plain).dropLast().map { $0.split(separator: " ")[1] }
        #expect(names == ["builder/root", "debian/fetch", "debian/mirror"])
    }

    @Test(arguments: [1, 10, 20, 40, 79, 80, 100, 200])
    mutating func noLineIsWiderThanTheTerminalAndBarsGoFirst(width: Int) {
        _ = view.note(.stepStarted("debian/fetch", reason: .firstRun, expected: .seconds(100)), at: 0, style: plain)
        let long = StepProgress(
            activity: String(repeating: "a long activity ", count: 10), completed: 1 << 40, total: 1 << 41, unit: .bytes
        )
        _ = view.note(.stepProgress("debian/fetch", long), at: 50, style: plain)
        let lines = view.lines(at: 60, width: width, style: plain)
        #expect(lines.count == 2 && lines.allSatisfy { $0.count <= width })
        #expect(lines[0].contains("░") == (width >= 80))
    }

    @Test(arguments: [(Int64(-5), Int64(10)), (20, 10), (0, 0), (5, -1), (.max, .max)])
    mutating func impossibleProgressIsDrawnWithoutHarm(completed: Int64, total: Int64) {
        _ = view.note(.stepStarted("debian/fetch", reason: .firstRun, expected: nil), at: 0, style: plain)
        let progress = StepProgress(activity: "x", completed: completed, total: total, unit: .bytes)
        _ = view.note(.stepProgress("debian/fetch", progress), at: 1, style: plain)
        #expect(view.lines(at: 2, width: 100, style: plain).count == 2)
    }

    @Test mutating func whatEndedStaysAsALine() {
        func end(_ name: StepName, _ outcome: StepOutcome) -> [String] {
            _ = view.note(.stepStarted(name, reason: .firstRun, expected: nil), at: 0, style: plain)
            return view.note(.stepFinished(name, outcome), at: 1, style: plain)
        }
        let pad = String(repeating: " ", count: 24)
        #expect(
            end("debian/fetch", .ran(.milliseconds(1700), summary: "325 packages, 362 MB")) == [
                "✓ 2 debian/fetch           325 packages, 362 MB                           1.7 s"
            ])
        #expect(
            end("debian/mirror", .ran(.seconds(91), summary: nil)) == [
                "✓ 2 debian/mirror          mirror of debian\(pad)       1:31"
            ])
        #expect(
            end("builder/root", .failed(.seconds(3), Refused())) == [
                "✗ 1 builder/root           failed                                         3.0 s"
            ])
        #expect(end("builder/root", .cancelled).first?.hasPrefix("– 1 builder/root           stopped") == true)
        #expect(end("builder/root", .cached()).isEmpty)
    }

    @Test mutating func aStepIsCountedOnceThoughItWasCachedAndThenMadeAgain() {
        _ = view.note(.stepFinished("builder/root", .cached()), at: 0, style: plain)
        _ = view.note(.stepFinished("debian/fetch", .cached()), at: 0, style: plain)
        _ = view.note(.stepStarted("builder/root", reason: .outputMissing, expected: nil), at: 0, style: plain)
        #expect(view.lines(at: 1, width: 80, style: plain).last == "  1 of 3 steps done, 1 of them cached")
        _ = view.note(.stepFinished("builder/root", .ran(.seconds(1), summary: nil)), at: 2, style: plain)
        _ = view.note(.stepStarted("debian/mirror", reason: .firstRun, expected: nil), at: 2, style: plain)
        #expect(view.lines(at: 3, width: 80, style: plain).last == "  2 of 3 steps done, 1 of them cached")
    }

    @Test mutating func noticesWarningsAndWaitingAreSaid() {
        #expect(view.note(.notice("container runtime: runc"), at: 0, style: plain) == ["container runtime: runc"])
        #expect(view.note(.warning("old"), at: 0, style: plain) == ["warning: old"])
        #expect(
            view.note(.waitingForStore(holder: "process 7 in /src\n"), at: 0, style: plain)
                == ["another build uses this store (process 7 in /src); waiting for it"])
        #expect(
            view.note(.waitingForStore(holder: ""), at: 0, style: plain) == [
                "another build uses this store (); waiting for it"
            ])
    }

    @Test mutating func eventsOfUnknownStepsAreLeftAlone() {
        #expect(view.note(.stepStarted("no/such", reason: .firstRun, expected: nil), at: 0, style: plain).isEmpty)
        #expect(view.note(.stepProgress("no/such", StepProgress(activity: "x")), at: 0, style: plain).isEmpty)
        #expect(view.note(.stepFinished("no/such", .cached()), at: 0, style: plain).isEmpty)
    }

    @Test mutating func coloursAreThereWhenWantedOnly() {
        let ended = BuildEvent.stepFinished("debian/fetch", .ran(.seconds(1), summary: nil))
        #expect(
            view.note(ended, at: 0, style: Style(hasColours: true)).first?.hasPrefix("\u{1B}[32m✓\u{1B}[0m 2") == true)
        #expect(view.note(ended, at: 0, style: plain).first?.contains("\u{1B}") == false)
        #expect(Console(json: false, environment: ["NO_COLOR": "1"]).style == plain)
    }
}

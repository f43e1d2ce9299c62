import Primitives
import SystemPackage
import Testing

@testable import BuildGraph

@Suite struct MessageTests {
    @Test(arguments: [
        ("summary: 3 packages", ScriptMessage.summary("3 packages")),
        (
            "progress: 12/131 configuring packages",
            .progress(StepProgress(activity: "configuring packages", completed: 12, total: 131))
        ),
        ("summary: \u{1B}[31mred\u{1B}[0m\u{7}", .summary("red")),
    ])
    func whatAScriptSaysIsUnderstood(line: String, message: ScriptMessage) { #expect(ScriptMessage(line) == message) }

    @Test(arguments: [
        "", "summary", "Summary: x", "progress: 1", "progress: 1/2", "progress: a/b x", "progress: -1/5 x",
        "progress: 1/-5 x", "progress: 1/2/3 x",
    ])
    func everythingElseIsOutput(line: String) { #expect(ScriptMessage(line) == nil) }

    @Test func theTailIsWhatAPersonWouldHaveSeen() throws {
        let bench = try Bench()
        let log = StepLog(path: bench.root.appending("log"))
        #expect(log.tail(3) == [])
        try Files.write("one\r\ntwo\n\n10%\r20%\r30%\n\u{1B}[1mfour\u{1B}[0m\n".utf8, to: log.path)
        #expect(log.tail(9) == ["one", "two", "30%", "four"])
        #expect(log.tail(2) == ["30%", "four"])
    }

    @Test func theTailOfAHugeLogIsItsEnd() throws {
        let bench = try Bench()
        let log = StepLog(path: bench.root.appending("log"))
        try Files.write((0..<40_000).map { "line \($0)\n" }.joined().utf8, to: log.path)
        #expect(log.tail(2) == ["line 39998", "line 39999"])
    }

    @Test(arguments: [
        (0, "0.0 s"), (410, "0.4 s"), (9_940, "9.9 s"), (9_960, "10 s"), (41_400, "41 s"), (59_960, "1:00"),
        (91_000, "1:31"),
        (3_723_000, "1:02:03"),
    ])
    func durationsAreShownShort(milliseconds: Int, text: String) {
        #expect(Duration.milliseconds(milliseconds).shown == text)
    }
}

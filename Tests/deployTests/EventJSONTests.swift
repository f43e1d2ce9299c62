import BuildGraph
import Primitives
import SystemPackage
import Testing

@testable import deploy

#if canImport(Glibc)
import Glibc
#endif

/// What a real program thinks of `text` on its standard input: its exit status.
func judge(_ command: String, _ text: String) throws -> Int32 {
    var template = Array("/tmp/judged.XXXXXX".utf8CString)
    close(mkstemp(&template))
    let path = FilePath(platformString: template)
    defer { try? Files.remove(path) }
    try Files.write(text.utf8, to: path)
    var process: pid_t = 0
    let words: [String] = ["sh", "-c", "\(command) < \(path) > /dev/null 2>&1"]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    guard posix_spawnp(&process, "sh", nil, nil, &arguments, environ) == 0 else { return -1 }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    return (status >> 8) & 0xFF
}

@Suite struct EventJSONTests {
    private struct Refused: UserError {
        let what = "refused \"x\"\u{0}"
        let details = ["a\\b", "\u{1B}[31m\u{7F}\u{2028}"]
    }

    private static let stage = Stage(number: 1, name: "builder", title: "builder")
    private static let nasty = "quote \" back \\ line\n tab\t cr\r nul\u{0} bell\u{7} esc\u{1B} 日本 🦊 e\u{301} \r\n"

    static let events: [BuildEvent] = [
        .planned([PlannedStep(name: "a/b", stage: stage, title: nasty)]), .planned([]), .waitingForStore(holder: nasty),
        .notice(nasty),
        .warning(""), .stepStarted("a/b", reason: .firstRun, expected: nil),
        .stepStarted("a/b", reason: .outputMissing, expected: .seconds(1)),
        .stepStarted(
            "a/b", reason: .inputsChanged([InputChange(input: nasty, before: nil, after: nil, producer: nil)]),
            expected: nil),
        .stepProgress("a/b", StepProgress(activity: nasty, completed: .max, total: .min, unit: .bytes)),
        .stepProgress("a/b", StepProgress(activity: "x")), .stepFinished("a/b", .cached()),
        .stepFinished("a/b", .cancelled),
        .stepFinished("a/b", .ran(.nanoseconds(1), summary: nasty)),
        .stepFinished("a/b", .failed(.seconds(100_000), Refused())),
        .finished(ran: 1, cached: 2, .milliseconds(12_345)),
    ]

    private static func line(_ event: BuildEvent, at time: Double) -> String {
        EventJSON.stamped(EventJSON.object(event), at: time).text
    }

    @Test func everyLineIsValidJSON() throws {
        let lines = Self.events.map { Self.line($0, at: 1.23456) } + [Self.line(.warning("x"), at: .nan)]
        #expect(lines.allSatisfy { !$0.utf8.contains(0x0A) })
        let program = "python3 -c \"import json, sys; [json.loads(line) for line in sys.stdin]\""
        #expect(try judge(program, lines.joined(separator: "\n")) == 0)
        #expect(try judge(program, lines.joined(separator: "\n") + "\n{") != 0, "the judge can say no")
    }

    @Test func linesSayWhatHappened() {
        #expect(
            Self.line(
                .stepProgress("debian/fetch", StepProgress(activity: "fetching", completed: 5, total: 9, unit: .bytes)),
                at: 1.5)
                == #"{"time":1.5,"event":"progress","step":"debian/fetch","activity":"fetching","unit":"bytes","completed":5,"total":9}"#
        )
        #expect(
            Self.line(.stepFinished("a/b", .ran(.milliseconds(1500), summary: "ok")), at: 2)
                == #"{"time":2,"event":"finished","step":"a/b","outcome":"ran","seconds":1.5,"summary":"ok"}"#)
        #expect(
            Self.line(
                .stepStarted(
                    "a/b", reason: .inputsChanged([.init(input: "list", before: nil, after: nil, producer: nil)]),
                    expected: nil), at: 0)
                == #"{"time":0,"event":"started","step":"a/b","reason":"inputs changed","inputs":["list"]}"#)
        #expect(
            Self.line(.finished(ran: 1, cached: 2, .seconds(3)), at: 3)
                == #"{"time":3,"event":"done","ran":1,"cached":2,"seconds":3}"#)
    }
}

import Primitives
import Testing

@testable import BuildGraph

/// The shape that the Trace Event Format asks for, and what of a build is found again in it.
@Suite struct BuildTraceTests {
    private static func step(
        _ name: StepName, _ outcome: StepRun.Outcome, _ began: Int, _ ended: Int, error: String? = nil
    ) -> StepRun {
        StepRun(
            name: name, stage: .first, title: "makes \(name)", needs: [], outcome: outcome,
            key: BuildRecordTests.key(name.text), began: .seconds(began), ended: .seconds(ended), made: ByteCount(7),
            causes: outcome == .ran ? ["\"etc/motd\" changed"] : [], error: error)
    }

    private static let record = BuildRecordTests.record(
        outcome: .failed("d failed"),
        steps: [
            step("a", .cached, 1, 1), step("b", .ran, 1, 5), step("c", .ran, 2, 3),
            step("d", .failed, 4, 6, error: "no"),
            step("e", .skipped, 0, 0),
        ])

    private static func events() throws -> [JSON] {
        let trace = BuildTrace(of: record, notices: [("removed 1 container", .milliseconds(20))])
        let json = try #require(JSON(parsing: trace.json.bytes))
        guard case .array(let events) = json["traceEvents"] else { return [] }
        return events
    }

    private static func number(_ event: JSON, _ name: String) -> Double? {
        if case .number(let value) = event[name] { value } else { nil }
    }

    @Test func everyEventHasWhatItsPhaseAsksFor() throws {
        let events = try Self.events()
        for event in events {
            #expect(event["name"]?.string != nil && Self.number(event, "pid") == 1 && Self.number(event, "tid") != nil)
            switch event["ph"]?.string {
            case "X":
                #expect(Self.number(event, "ts") ?? -1 >= 0 && Self.number(event, "dur") ?? -1 >= 0)
                #expect(event["cat"]?.string != nil && event["args"] != nil)
            case "i": #expect(Self.number(event, "ts") == 20_000 && event["s"]?.string == "t")
            case "M": #expect(event["args"] != nil)
            default: Issue.record("\(event.text)")
            }
        }
        #expect(events.count { $0["cat"]?.string == "step" } == 4 && events.count { $0["cat"]?.string == "phase" } == 1)
    }

    @Test func stepsThatRunAtOnceLieOnTracksOfTheirOwn() throws {
        var tracks: [String: Double] = [:]
        for event in try Self.events() where event["cat"]?.string == "step" {
            tracks[event["name"]?.string ?? ""] = Self.number(event, "tid")
        }
        #expect(tracks == ["a": 2, "b": 3, "c": 4, "d": 4])
        let names = try Self.events().filter { $0["name"]?.string == "thread_name" }
        #expect(names.compactMap { $0["args"]?["name"]?.string } == ["the build", "on record", "slot 1", "slot 2"])
    }

    @Test func aStepSaysItsKeyAndWhyItRan() throws {
        let events = try Self.events().filter { $0["cat"]?.string == "step" }
        let ran = try #require(events.first { $0["name"]?.string == "b" }?["args"])
        #expect(ran["key"]?.string == "\(BuildRecordTests.key("b"))" && ran["cause"]?.string == "\"etc/motd\" changed")
        #expect(ran["cached"]?.text == "false" && ran["bytes"]?.text == "7")
        #expect(events.first { $0["name"]?.string == "d" }?["args"]?["error"]?.string == "no")
    }
}

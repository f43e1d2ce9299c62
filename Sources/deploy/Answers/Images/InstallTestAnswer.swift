import BuildGraph
import Installation
import Primitives
import SystemPackage

/// What a test found.
struct InstallTestAnswer: Answer {
    let report: TestReport
    /// Where its report, logs and pictures are, as people in the checkout know it.
    let results: String
    let keepsDisks: Bool

    var ending: Ending { report.failed > 0 || report.passed == 0 ? .failure : .success }

    func text(_ style: Style) -> [TextLine] {
        let skipped = report.skipped > 0 ? ", \(report.skipped) skipped" : ""
        return .results([
            "\(results): junit.xml, logs of the consoles, pictures\(keepsDisks ? ", disks" : "")",
            "\(report.passed) passed, \(report.failed) failed\(skipped) (\(report.duration.shown))",
        ])
    }

    var json: JSON? {
        .fields([
            "event": .string("report"), "title": .string(report.title), "passed": .count(report.passed),
            "failed": .count(report.failed), "skipped": .count(report.skipped), "seconds": .time(report.duration),
            "results": .string(results),
        ])
    }
}

/// What is going to be tested.
struct InstallTestBeginning: Statement {
    let request: InstallTestRequest

    func text(_ style: Style) -> [TextLine] {
        let image = request.iso.lastComponent?.string ?? request.iso.string
        let seed = request.cuts > 0 ? [TextLine.aside("moments of --seed \(request.seed)")] : []
        return [.aside("\(image): \(request.title)")] + seed
    }

    var json: JSON? {
        .fields([
            "event": .string("test"), "iso": .string(request.iso.string), "title": .string(request.title),
            "seed": request.cuts > 0 ? .number(Double(request.seed)) : nil,
        ])
    }
}

/// What a test says while it runs.
extension InstallTestEvent: Statement {
    func text(_ style: Style) -> [TextLine] {
        switch self {
        case .began(let what): [.aside(style.bold("\(what) …"))]
        case .machine(let line, let time): [.aside(style.faint("\(Self.seconds(time))  \(line)"))]
        case .notice(let text): [.aside(text)]
        case .finished(let item): Self.lines(item, style).map(TextLine.aside)
        }
    }

    private static func lines(_ item: TestReport.Case, _ style: Style) -> [String] {
        let time = style.faint(item.duration.shown)
        switch item.outcome {
        case .passed: return ["\(style.good("✓")) \(item.name) \(time)"]
        case .skipped(let why): return ["- \(item.name): \(why)"]
        case .failed(let what, let details):
            return ["\(style.bad("✗")) \(item.name) \(time)", "    \(what)"] + details.map { "    \($0)" }
        }
    }

    private static func seconds(_ time: Duration) -> String {
        let text = "\(Int64((time / .seconds(1)).rounded()))"
        return String(repeating: " ", count: max(5 - text.count, 0)) + text + " s"
    }

    var json: JSON? {
        switch self {
        case .began(let what): .fields(["event": .string("began"), "what": .string(what)])
        case .machine(let line, let time):
            .fields(["event": .string("machine"), "line": .string(line), "seconds": .time(time)])
        case .notice(let text): .fields(["event": .string("notice"), "text": .string(text)])
        case .finished(let item): Self.finished(item)
        }
    }

    private static func finished(_ item: TestReport.Case) -> JSON {
        let outcome: String
        var (why, what, details): (JSON?, JSON?, JSON?) = (nil, nil, nil)
        switch item.outcome {
        case .passed: outcome = "passed"
        case .skipped(let reason): (outcome, why) = ("skipped", .string(reason))
        case .failed(let failure, let facts):
            (outcome, what, details) = ("failed", .string(failure), .strings(facts))
        }
        return .fields([
            "event": .string("case"), "group": .string(item.group), "name": .string(item.name),
            "seconds": .time(item.duration), "outcome": .string(outcome), "why": why, "what": what, "details": details,
        ])
    }
}

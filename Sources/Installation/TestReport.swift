import Primitives

/// What a test found, case by case.
package struct TestReport: Sendable {
    /// One thing that was looked at.
    package struct Case: Sendable {
        /// What came of it.
        package enum Outcome: Sendable {
            case passed
            /// A sentence, and what else helps to understand it.
            case failed(String, details: [String])
            /// Not looked at, and why.
            case skipped(String)
        }

        /// What it belongs to: "install", "disk".
        package let group: String
        /// What was looked at, in words: "the machine does what it is told".
        package let name: String
        /// How long it took to look.
        package let duration: Duration
        /// Whether it is as it must be.
        package let outcome: Outcome
    }

    /// What was tested, in words: "core on 2 disks (mirror), UEFI, CD".
    package let title: String
    /// In the order in which they ended.
    package internal(set) var cases: [Case] = []
    /// From the beginning of the test to the end of the last case.
    package internal(set) var duration: Duration = .zero

    /// How many cases are as they must be.
    package var passed: Int { cases.count { if case .passed = $0.outcome { true } else { false } } }
    /// How many cases are not.
    package var failed: Int { cases.count { if case .failed = $0.outcome { true } else { false } } }
    /// How many could not be looked at.
    package var skipped: Int { cases.count - passed - failed }

    /// The report in the format of JUnit, as the test displays of CI systems read it.
    package var junit: String {
        var lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#, "<testsuites>"]
        lines.append(
            #"<testsuite name="\#(Self.escaped(title))" tests="\#(cases.count)" failures="\#(failed)" "#
                + #"skipped="\#(skipped)" time="\#(Self.seconds(duration))">"#)
        for item in cases {
            let start =
                #"<testcase classname="\#(Self.escaped(item.group))" name="\#(Self.escaped(item.name))" "#
                + #"time="\#(Self.seconds(item.duration))""#
            switch item.outcome {
            case .passed: lines.append(start + "/>")
            case .skipped(let why): lines.append(start + #"><skipped message="\#(Self.escaped(why))"/></testcase>"#)
            case .failed(let what, let details):
                let text = Self.escaped(details.joined(separator: "\n"))
                lines.append(start + #"><failure message="\#(Self.escaped(what))">\#(text)</failure></testcase>"#)
            }
        }
        return (lines + ["</testsuite>", "</testsuites>", ""]).joined(separator: "\n")
    }

    private static func seconds(_ duration: Duration) -> String {
        let milliseconds = Int64(duration / .milliseconds(1))
        return "\(milliseconds / 1000)." + String(String(milliseconds % 1000 + 1000).dropFirst())
    }

    /// Text as XML 1.0 can hold it: most control characters it can't.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\n": result += "&#10;"
            case "\t": result += " "
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// Something that was looked at and is not as it must be.
struct TestFailure: Error {
    let what: String
    var details: [String] = []
}

/// Something that can't be looked at here.
struct TestSkipped: Error {
    let why: String
}

/// What a test says while it runs.
package enum InstallTestEvent: Sendable {
    /// Something that takes long begins: "installing".
    case began(String)
    /// A line of the machine's that tells how far it is, and when it came, counted from power-on.
    case machine(String, at: Duration)
    case finished(TestReport.Case)
    case notice(String)
}

/// Writes down what cases find, as they end.
actor TestRecorder {
    private(set) var report: TestReport
    private let start = ContinuousClock.now
    private let events: @Sendable (InstallTestEvent) -> Void

    init(title: String, events: @escaping @Sendable (InstallTestEvent) -> Void) {
        report = TestReport(title: title)
        self.events = events
    }

    /// Does `body` as a case; true where it passed. What it throws is its failure, unless it was cancelled.
    @discardableResult
    func check(_ group: String, _ name: String, _ body: @Sendable () async throws -> Void) async throws -> Bool {
        let start = ContinuousClock.now
        let outcome = try await outcome(body)
        let item = TestReport.Case(group: group, name: name, duration: ContinuousClock.now - start, outcome: outcome)
        note(item)
        if case .failed = outcome { return false }
        return true
    }

    /// Does `body`, which has cases inside, and returns what it returns; where it fails apart from them, that is one more
    /// case, and nil is returned.
    @discardableResult
    func guarded<T: Sendable>(_ group: String, _ body: @Sendable () async throws -> T) async throws -> T? {
        let start = ContinuousClock.now
        var result: T?
        let outcome = try await outcome { result = try await body() }
        guard case .failed = outcome else { return result }
        let name = "the machine does what it is told"
        note(TestReport.Case(group: group, name: name, duration: ContinuousClock.now - start, outcome: outcome))
        return nil
    }

    private func note(_ item: TestReport.Case) {
        report.cases.append(item)
        report.duration = ContinuousClock.now - start
        events(.finished(item))
    }

    private func outcome(_ body: () async throws -> Void) async throws -> TestReport.Case.Outcome {
        do {
            try await body()
            try Task.checkCancellation()
            return .passed
        } catch is CancellationError {
            throw CancellationError()
        } catch let failure as TestFailure {
            return .failed(failure.what, details: failure.details)
        } catch let skipped as TestSkipped {
            return .skipped(skipped.why)
        } catch let error as any UserError {
            try Task.checkCancellation()
            return .failed(error.what, details: error.details)
        }
    }
}

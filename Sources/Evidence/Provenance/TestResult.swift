import Primitives

/// What tests of an image came to (https://github.com/in-toto/attestation, spec/predicates/test-result.md).
package struct TestResult: Sendable {
    /// What kind of predicate it is.
    package static let predicateType = "https://in-toto.io/attestation/test-result/v0.1"

    /// What decided about what was tested: the arguments of the test, the answers it installed with.
    package let configuration: [Resource]
    /// The names of the tests, by how they went.
    package let passed: [String]
    package let failed: [String]
    /// Those that were left out.
    package let skipped: [String]

    package init(configuration: [Resource], passed: [String], failed: [String], skipped: [String]) {
        self.configuration = configuration
        self.passed = passed
        self.failed = failed
        self.skipped = skipped
    }

    /// The statement that `subject` was tested so.
    package func statement(of subject: Resource) -> Statement {
        func names(_ tests: [String]) -> JSON { .array(tests.map(JSON.string)) }
        return Statement(
            of: [subject], predicateType: Self.predicateType,
            predicate: .object([
                ("result", .string(failed.isEmpty ? "PASSED" : "FAILED")),
                ("configuration", .array(configuration.map(\.json))), ("passedTests", names(passed)),
                ("warnedTests", names(skipped)), ("failedTests", names(failed)),
            ]))
    }

    /// "tests (42 passed)"
    static func summary(of predicate: JSON) -> String {
        func count(_ name: String) -> Int {
            if case .array(let tests)? = predicate[name] { tests.count } else { 0 }
        }
        let failed = count("failedTests")
        return "tests (\(count("passedTests")) passed\(failed > 0 ? ", \(failed) failed" : ""))"
    }
}

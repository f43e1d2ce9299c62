import ArgumentParser
import Darksites
import Declaration
import Pipeline
import Primitives

struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find packages of a distribution's locked snapshot by words in their names and summaries.",
        discussion: """
            Packages with all of the words are found; upper and lower case are the same. A word with *, ? or [ is a pattern for \
            a whole name. Exact names come first, then names that begin so.

            Exit codes: 0 something was found, 1 nothing was.
            """)

    @OptionGroup var options: ProjectOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution.")
    var distribution: String

    @Argument(help: "The words.")
    var words: [String]

    mutating func validate() throws {
        if words.contains("") { throw ValidationError("a word is empty") }
    }

    func run() async throws {
        let freshness = freshness
        let (words, distribution) = (words, distribution)
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            do {
                let findings = try await project.search(words, in: distribution)
                console.clear()
                let report = SearchReport(distribution: distribution, style: console.style)
                if console.mode == .json {
                    console.print(report.json(findings))
                } else {
                    console.print(report.lines(findings).joined(separator: "\n"))
                }
            } catch let nothing as NothingFound {
                if console.mode == .json {
                    console.print(SearchReport(distribution: distribution, style: console.style).json([]))
                }
                throw nothing
            }
        }
    }
}

/// What a search found, as text and as JSON.
struct SearchReport {
    let distribution: String
    let style: Style

    /// A line a package; below it where it is carried and who asks for it, if anything.
    func lines(_ findings: [PackageFinding]) -> [String] {
        findings.flatMap { finding in
            let place = finding.suites.joined(separator: ", ")
            let version = "\(finding.version) \(finding.architecture), \(place)"
            let summary = finding.summary.isEmpty ? "" : "  \(finding.summary)"
            var lines = ["\(style.bold(finding.name)) \(style.faint(version))\(summary)"]
            var facts: [String] = []
            if !finding.profiles.isEmpty {
                let other = finding.lockedVersion.map { " as \($0)" } ?? ""
                facts.append("locked for \(finding.profiles.joined(separator: ", "))\(other)")
            }
            facts += finding.lines.map { "\($0.location.file):\($0.location.line) \($0.text)" }
            if !facts.isEmpty { lines.append("    " + style.good(facts.joined(separator: " · "))) }
            return lines
        }
    }

    func json(_ findings: [PackageFinding]) -> String {
        JSON.object([
            ("distribution", .string(distribution)),
            (
                "packages",
                .array(
                    findings.map { finding in
                        var fields: [(String, JSON)] = [
                            ("name", .string(finding.name)), ("version", .string(finding.version)),
                            ("architecture", .string(finding.architecture)),
                            ("suites", .array(finding.suites.map { .string($0) })),
                            ("summary", .string(finding.summary)),
                            ("profiles", .array(finding.profiles.map { .string($0) })),
                        ]
                        if let other = finding.lockedVersion { fields.append(("locked_version", .string(other))) }
                        fields.append(
                            (
                                "sets",
                                .array(
                                    finding.lines.map {
                                        .object([
                                            ("file", .string($0.location.file)),
                                            ("line", .number(Double($0.location.line))), ("text", .string($0.text)),
                                        ])
                                    })
                            ))
                        return .object(fields)
                    })
            ),
        ]).text
    }
}

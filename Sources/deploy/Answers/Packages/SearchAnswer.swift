import Darksites
import Declaration
import Primitives

/// What a search found.
struct SearchAnswer: Answer {
    let distribution: String
    let findings: [PackageFinding]
    /// Where it is nothing.
    var nothing: NothingFound?

    var ending: Ending { nothing.map { .error($0) } ?? .success }

    func text(_ style: Style) -> [TextLine] { .results(findings.flatMap { lines($0, style) }) }

    /// A line for the package; below it where it is carried and who asks for it, if anything.
    private func lines(_ finding: PackageFinding, _ style: Style) -> [String] {
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

    var json: JSON? {
        .fields(["distribution": .string(distribution), "packages": .list(findings, Self.package)])
    }

    private static func package(_ finding: PackageFinding) -> JSON {
        .fields([
            "name": .string(finding.name), "version": .string(finding.version),
            "architecture": .string(finding.architecture), "suites": .strings(finding.suites),
            "summary": .string(finding.summary), "profiles": .strings(finding.profiles),
            "locked_version": finding.lockedVersion.map(JSON.string), "sets": .list(finding.lines, line),
        ])
    }

    private static func line(_ entry: PackageSetEntry) -> JSON {
        .fields([
            "file": .string(entry.location.file), "line": .count(entry.location.line), "text": .string(entry.text),
        ])
    }
}

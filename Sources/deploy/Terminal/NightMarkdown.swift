import BuildGraph
import Installation
import Pipeline
import Primitives

/// The files that a night leaves for people: the change log of an image, and the report of a failure.
struct NightMarkdown: NightScribe {
    /// How many packages of a section are named.
    private static let limit = 200

    func changes(_ report: NightReport, image: String) -> String {
        var lines = ["# \(image)", "", since(report), ""]
        if let build = report.build?.image { lines += ["- \(build.size), SHA-256 `\(build.digest.hex)`"] }
        if let build = report.build {
            lines += build.proofs.map { "- proven: \($0)" }
            let (ran, all) = (build.report.ran.count, build.report.records.count)
            lines.append("- built \(ran) of \(all.counted("step")) in \(build.duration.shown)")
        }
        lines += report.verified.map { "- verified: \(Markdown.escaped($0))" }
        if let test = report.test {
            lines.append(
                "- installed in a virtual machine: \(Markdown.escaped(test.title)); \(test.passed) of \(test.cases.count) passed"
            )
        } else {
            lines.append("- not installed in a virtual machine")
        }
        return text(lines + moved(report))
    }

    func failure(_ report: NightReport, _ failure: NightFailure) -> String {
        let still = report.last.map { "`latest` is still `\($0.image)`." } ?? "Nothing is published yet."
        var lines = ["# Failed when \(failure.phase.rawValue)", "", "The night of \(report.start). \(still)", ""]
        lines += ["```", failure.what] + failure.details + ["```"]
        if let hint = failure.hint { lines += ["", "What to do: \(Markdown.escaped(hint))"] }
        lines += ["", since(report)]
        return text(lines + moved(report))
    }

    private func since(_ report: NightReport) -> String {
        let commit = report.commit.map { "commit `\($0)`" } ?? "files that are in no git repository"
        guard let last = report.last else { return "Of \(commit). There was no good night before this one." }
        return "Of \(commit); since `\(last.image)`" + (last.commit.map { ", which is of `\($0)`." } ?? ".")
    }

    private func moved(_ report: NightReport) -> [String] {
        var lines: [String] = []
        if !report.commits.isEmpty {
            lines += ["", "## Commits", ""]
            lines += report.commits.map { commit in
                let words = commit.split(separator: " ", maxSplits: 1).map(String.init)
                return "- `\(words.first ?? "")` \(Markdown.escaped(words.count > 1 ? words[1] : ""))"
            }
        }
        if let difference = report.difference {
            lines += [""] + DifferenceMarkdown(difference, limit: Self.limit).lines
        }
        return lines
    }

    private func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }
}

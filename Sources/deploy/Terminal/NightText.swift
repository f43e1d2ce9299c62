import BuildGraph
import Darksites
import Installation
import Locking
import Pipeline
import Primitives

/// What moved in a night, and what was done, for people at a terminal.
struct NightText {
    private let report: NightReport
    private let style: Style
    /// How many packages of a distribution are named.
    private static let limit = 12
    private static let commitLimit = 3

    init(_ report: NightReport, style: Style) {
        self.report = report
        self.style = style
    }

    var lines: [String] { moves + (done.isEmpty ? [] : [done]) }

    private var moves: [String] {
        guard let last = report.last else { return ["the first night: there is nothing to compare with"] }
        guard let difference = report.difference else { return [] }
        let commits = lines(of: report.commits, since: last)
        let moved = difference.comparison.distributions.filter { !$0.changes.isEmpty }
        if moved.isEmpty, commits.isEmpty { return ["no package moved; dates of archives, files or settings did"] }
        return commits + moved.flatMap { lines($0, difference.news[$0.name] ?? PackageNews()) }
    }

    private func lines(of commits: [String], since last: LastNight) -> [String] {
        guard !commits.isEmpty else { return [] }
        let left = commits.count - Self.commitLimit
        return ["\(commits.count.counted("commit")) since \(last.image)"]
            + commits.prefix(Self.commitLimit).map { "  \($0)" } + (left > 0 ? ["  … and \(left) more"] : [])
    }

    private func lines(_ distribution: LockComparison.Distribution, _ news: PackageNews) -> [String] {
        let sections = DifferenceSections(distribution, news: news).sections
        let fixes = sections.first { $0.title == DifferenceSections.fixes }?.changes.count ?? 0
        let what =
            fixes == 0
            ? "" : ", \(fixes == 1 ? "one" : "\(fixes)") of them \(fixes == 1 ? "a security fix" : "security fixes")"
        let changes = sections.flatMap(\.changes)
        let shown = changes.prefix(Self.limit)
        let width = min(shown.map { words($0).count }.max() ?? 0, 60)
        let known = distribution.profiles.map(\.name)
        let rows = shown.map { change in
            let profiles = style.faint(ProfileNames.short(change.profiles, of: known))
            let numbers = news[change.change]?.vulnerabilities ?? []
            let more = numbers.count > 3 ? " and \(numbers.count - 3) more" : ""
            let told = numbers.isEmpty ? "" : "   " + style.bad(numbers.prefix(3).joined(separator: ", ") + more)
            return "  \(words(change).padded(width))   \(profiles)\(told)"
        }
        let left = changes.count - shown.count
        return ["\(distribution.name): \(changes.count.counted("package")) moved\(what)"] + rows
            + (left > 0 ? ["  … and \(left) more"] : [])
    }

    private func words(_ change: LockComparison.Change) -> String {
        switch change.change.kind {
        case .added: "+ \(change.change.description)"
        case .removed: "− \(change.change.description)"
        case .upgraded, .downgraded, .replaced: change.change.description
        }
    }

    /// "built 6 of 31 steps in 2:10 · verified · installed in 1:48: 41 of 41"
    private var done: String {
        var parts: [String] = []
        if let build = report.build {
            let (ran, all) = (build.report.ran.count, build.report.records.count)
            parts.append("built \(ran) of \(all.counted("step")) in \(build.duration.shown)")
        }
        if !report.verified.isEmpty { parts.append("verified") }
        if let test = report.test {
            let skipped = test.skipped > 0 ? ", \(test.skipped) skipped" : ""
            parts.append(
                "installed and looked at in \(test.duration.shown): \(test.passed) of \(test.cases.count)\(skipped)")
        }
        return parts.joined(separator: " · ")
    }
}

import Darksites
import Locking
import Pipeline
import Primitives

/// A comparison of locks for a release note.
struct DifferenceMarkdown {
    private let difference: ProjectDifference
    /// How many packages of a section are named.
    private let limit: Int

    init(_ difference: ProjectDifference, limit: Int) {
        self.difference = difference
        self.limit = limit
    }

    var lines: [String] {
        let sides = "From \(Markdown.code(difference.from.name)) to \(Markdown.code(difference.to.name))"
        let head = ["## Packages", ""]
        guard !difference.comparison.isEmpty else { return head + ["\(sides).", "", "Nothing moved."] }
        return head + ["\(sides): \(difference.cost.download) to download.", ""] + cost
            + difference.comparison.distributions.filter { $0.kind != .same }.flatMap(distribution)
    }

    private var cost: [String] {
        let rows = difference.cost.parts.map { part in
            Markdown.row([
                Markdown.escaped(part.name), "\(part.before)", "\(part.after)", (part.after - part.before).signed,
            ])
        }
        return Markdown.table(["On the image", "Before", "After", "Growth"], rows)
    }

    private func distribution(_ distribution: LockComparison.Distribution) -> [String] {
        var lines = ["", "### \(Markdown.escaped(distribution.name))", ""]
        switch distribution.kind {
        case .gone: return lines + ["No longer included."]
        case .new: lines.append("New: \(DifferenceText.load(distribution.after)).")
        case .changed, .same: lines.append("\(DifferenceText.load(distribution.before, distribution.after)).")
        }
        if !distribution.snapshots.isEmpty {
            lines.append("")
            lines += distribution.snapshots.map {
                "- Snapshot \(Markdown.code($0.name.description)): \($0.dates)"
            }
        }
        let news = difference.news[distribution.name] ?? PackageNews()
        for section in DifferenceSections(distribution, news: news).sections {
            lines += self.section(section, distribution, news)
        }
        return lines + silences(news) + profiles(distribution)
    }

    private func section(
        _ section: DifferenceSections.Section, _ distribution: LockComparison.Distribution, _ news: PackageNews
    ) -> [String] {
        let changes = section.changes
        let hasCause = section.groups.contains { $0.cause != nil }
        let title = section.title.prefix(1).uppercased() + section.title.dropFirst()
        let header: [String]
        switch section.title {
        case "added", "removed": header = ["Package", "Version", "Size", "Profiles"] + (hasCause ? ["Because of"] : [])
        case "replaced": header = ["Package", "Version", "Growth", "Profiles"]
        case DifferenceSections.fixes: header = ["Package", "Before", "After", "Growth", "Profiles", "Fixes"]
        default: header = ["Package", "Before", "After", "Growth", "Profiles"]
        }
        let known = distribution.profiles.map(\.name)
        // Packages of one source close the same holes: the first one says which.
        var told: [[String]: String] = [:]
        let rows = changes.prefix(limit).map { change in
            var cells = self.cells(change, known: known)
            if section.title == DifferenceSections.fixes {
                let numbers = news[change.change]?.vulnerabilities ?? []
                cells.append(told[numbers].map { "as \(Markdown.code($0))" } ?? numbers.joined(separator: ", "))
                if numbers.count > 1 { told[numbers] = told[numbers] ?? change.change.name }
            } else if hasCause {
                cells.append(change.cause.map { "\(Markdown.code($0.name)) (\(Markdown.escaped($0.place)))" } ?? "")
            }
            return Markdown.row(cells)
        }
        let more = changes.count > limit ? ["", "… and \(changes.count - limit) more."] : []
        return ["", "#### \(title) (\(changes.count))", ""] + Markdown.table(header, rows) + more
    }

    private func cells(_ change: LockComparison.Change, known: [String]) -> [String] {
        let versions = change.change.kind.versions
        let profiles = Markdown.escaped(ProfileNames.short(change.profiles, of: known))
        let name = Markdown.code(change.change.name)
        switch change.change.kind {
        case .added(let version), .removed(let version):
            return [name, Markdown.escaped(version), "\(change.change.size)", profiles]
        case .replaced(let version): return [name, Markdown.escaped(version), change.change.growth.signed, profiles]
        case .upgraded, .downgraded:
            let both = [versions.from ?? "", versions.to ?? ""].map(Markdown.escaped)
            return [name] + both + [change.change.growth.signed, profiles]
        }
    }

    /// Which changelogs were not read: what they could have told is missing above.
    private func silences(_ news: PackageNews) -> [String] {
        guard !news.silences.isEmpty else { return [] }
        let lines = news.silences.map { silence in
            let names = silence.packages.prefix(8).map(Markdown.code).joined(separator: ", ")
            let more = silence.packages.count > 8 ? " and \(silence.packages.count - 8) more" : ""
            return "- \(Markdown.escaped(silence.reason)): \(names)\(more)"
        }
        return ["", "Changelogs that were not read, so that fixes may be missing above:", ""] + lines
    }

    private func profiles(_ distribution: LockComparison.Distribution) -> [String] {
        let moved = distribution.profiles.filter { $0.before != $0.after && !ProfileNames.isInternal($0.name) }
        guard !moved.isEmpty else { return [] }
        let rows = moved.map { profile in
            Markdown.row([
                Markdown.code(profile.name), profile.before.map(DifferenceText.load) ?? "",
                profile.after.map(DifferenceText.load) ?? "",
                ((profile.after?.size ?? .zero) - (profile.before?.size ?? .zero)).signed,
            ])
        }
        let header = ["Profile", "Before", "After", "Growth"]
        return ["", "#### Profiles", ""] + Markdown.table(header, rows)
    }
}

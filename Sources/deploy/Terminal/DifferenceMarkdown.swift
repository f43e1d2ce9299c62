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
        let head = ["## Packages", "", "From \(Self.code(difference.from.name)) to \(Self.code(difference.to.name))."]
        guard !difference.comparison.isEmpty else { return head + ["", "Nothing moved."] }
        return head + difference.comparison.distributions.filter { $0.kind != .same }.flatMap(distribution)
    }

    private func distribution(_ distribution: LockComparison.Distribution) -> [String] {
        var lines = ["", "### \(Self.escaped(distribution.name))", ""]
        switch distribution.kind {
        case .gone: return lines + ["No longer included."]
        case .new: lines.append("New: \(DifferenceText.load(distribution.after)).")
        case .changed, .same: lines.append("\(DifferenceText.load(distribution.before, distribution.after)).")
        }
        if !distribution.snapshots.isEmpty {
            lines.append("")
            lines += distribution.snapshots.map {
                "- Snapshot \(Self.code($0.name.description)): \($0.dates)"
            }
        }
        for section in DifferenceSections(distribution).sections { lines += self.section(section, distribution) }
        return lines + profiles(distribution)
    }

    private func section(_ section: DifferenceSections.Section, _ distribution: LockComparison.Distribution) -> [String]
    {
        let changes = section.changes
        let known = distribution.profiles.map(\.name)
        let hasCause = section.groups.contains { $0.cause != nil }
        let title = section.title.prefix(1).uppercased() + section.title.dropFirst()
        let header: [String]
        switch section.title {
        case "added", "removed": header = ["Package", "Version", "Size", "Profiles"] + (hasCause ? ["Because of"] : [])
        case "replaced": header = ["Package", "Version", "Growth", "Profiles"]
        default: header = ["Package", "Before", "After", "Growth", "Profiles"]
        }
        var lines = ["", "#### \(title) (\(changes.count))", "", Self.row(header), Self.row(header.map { _ in "---" })]
        for change in changes.prefix(limit) {
            let versions = change.change.kind.versions
            var cells = [Self.code(change.change.name)]
            switch change.change.kind {
            case .added, .removed, .replaced: cells.append(Self.escaped(versions.to ?? versions.from ?? ""))
            case .upgraded, .downgraded: cells += [versions.from ?? "", versions.to ?? ""].map(Self.escaped)
            }
            switch change.change.kind {
            case .added, .removed: cells.append("\(change.change.size)")
            default: cells.append(change.change.growth.signed)
            }
            cells.append(Self.escaped(ProfileNames.short(change.profiles, of: known)))
            if hasCause { cells.append(change.cause.map { "\(Self.code($0.name)) (\(Self.escaped($0.place)))" } ?? "") }
            lines.append(Self.row(cells))
        }
        if changes.count > limit { lines += ["", "… and \(changes.count - limit) more."] }
        return lines
    }

    private func profiles(_ distribution: LockComparison.Distribution) -> [String] {
        let moved = distribution.profiles.filter { $0.before != $0.after && !ProfileNames.isInternal($0.name) }
        guard !moved.isEmpty else { return [] }
        let rows = moved.map { profile in
            Self.row([
                Self.code(profile.name), profile.before.map(DifferenceText.load) ?? "",
                profile.after.map(DifferenceText.load) ?? "",
                ((profile.after?.size ?? .zero) - (profile.before?.size ?? .zero)).signed,
            ])
        }
        let header = ["Profile", "Before", "After", "Growth"]
        return ["", "#### Profiles", "", Self.row(header), Self.row(header.map { _ in "---" })] + rows
    }

    private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    private static func code(_ text: String) -> String {
        "`\(text.map { $0 == "`" ? "'" : $0 == "|" ? "\\|" : String($0) }.joined())`"
    }

    /// A tilde in a version would strike text out on some sites, and an underscore or star begin emphasis.
    private static func escaped(_ text: String) -> String {
        text.map { "\\`*_~|<>[]".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
}

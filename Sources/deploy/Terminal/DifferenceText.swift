import Darksites
import Locking
import Pipeline
import Primitives

/// A comparison of locks for people at a terminal.
struct DifferenceText {
    private let difference: ProjectDifference
    /// How many packages of a section are named.
    private let limit: Int
    private let style: Style

    init(_ difference: ProjectDifference, limit: Int, style: Style) {
        self.difference = difference
        self.limit = limit
        self.style = style
    }

    var lines: [String] {
        let sides = "\(difference.from.name) → \(difference.to.name)"
        guard !difference.comparison.isEmpty else { return ["\(sides): the same packages"] }
        return [style.bold(sides)] + difference.comparison.distributions.flatMap(distribution)
    }

    private func distribution(_ distribution: LockComparison.Distribution) -> [String] {
        let name = style.bold(distribution.name)
        switch distribution.kind {
        case .same: return ["", "\(name): nothing moved"]
        case .new: return ["", "\(name) is new"] + body(distribution)
        case .gone: return ["", "\(name) is gone: \(Self.load(distribution.before))"]
        case .changed:
            return ["", "\(name): \(Self.load(distribution.before, distribution.after))"] + body(distribution)
        }
    }

    private func body(_ distribution: LockComparison.Distribution) -> [String] {
        var lines: [String] = []
        let width = distribution.snapshots.map { $0.name.description.count }.max() ?? 0
        for move in distribution.snapshots {
            lines.append("  snapshot  \(move.name.description.padded(width))  \(move.dates)")
        }
        if distribution.changes.isEmpty { lines.append("  no package moved") }
        let known = distribution.profiles.map(\.name)
        for section in DifferenceSections(distribution).sections { lines += self.section(section, known) }
        for gap in distribution.gaps {
            lines.append(style.faint("  \(gap.side): which lines ask for packages is not known: \(gap.reason)"))
        }
        return lines + profiles(distribution)
    }

    private func section(_ section: DifferenceSections.Section, _ known: [String]) -> [String] {
        let changes = section.changes
        let isMove = section.title == "added" || section.title == "removed"
        let sum = changes.reduce(ByteCount.zero) { $0 + (isMove ? $1.change.size : $1.change.growth) }
        var lines = [
            "  \(mark(section.title)) \(changes.count.counted("package")), \(isMove ? "\(sum)" : sum.signed)"
        ]
        if changes.count > limit, section.groups.count > 1 { return lines + summary(section.groups) }
        let shown = section.groups.flatMap(\.changes).prefix(limit)
        let width = min(shown.map { $0.change.description.count }.max() ?? 0, 56)
        var left = limit
        for group in section.groups where left > 0 {
            if let cause = group.cause { lines.append("    \(ChainText(style: style).origin(cause))") }
            for change in group.changes.prefix(left) {
                let indent = group.cause == nil ? "    " : "      "
                let profiles = style.faint(ProfileNames.short(change.profiles, of: known))
                let elsewhere = change.isElsewhere ? style.faint(Self.elsewhere(change)) : ""
                let name = change.change.description.padded(width)
                lines.append("\(indent)\(name)  \(Self.right(size(change), 9))  \(profiles)\(elsewhere)")
            }
            left -= min(left, group.changes.count)
        }
        if changes.count > limit { lines.append("    … and \(changes.count - limit) more (--all names them)") }
        return lines
    }

    /// A line for each cause, the one that moves the most bytes first: for lists too long to be read.
    private func summary(_ groups: [DifferenceSections.Group]) -> [String] {
        let sums = groups.map { ($0, $0.changes.reduce(ByteCount.zero) { $0 + $1.change.size }) }
            .sorted { $0.1 > $1.1 }
        var lines = sums.prefix(limit).map { group, size in
            let count = group.changes.count.counted("package")
            let cause = group.cause.map { ChainText(style: style).origin($0) } ?? "for a reason that is not known"
            return "    \(Self.right("\(size)", 8))  \(count.padded(12))  \(cause)"
        }
        if sums.count > limit { lines.append("    … and for \(sums.count - limit) more reasons") }
        return lines + [style.faint("    (--all names the packages)")]
    }

    private static func elsewhere(_ change: LockComparison.Change) -> String {
        if case .added = change.change.kind { return " (others had it already)" }
        return " (others still have it)"
    }

    private func size(_ change: LockComparison.Change) -> String {
        switch change.change.kind {
        case .added, .removed: "\(change.change.size)"
        case .upgraded, .downgraded, .replaced: change.change.growth.signed
        }
    }

    private func mark(_ title: String) -> String {
        switch title {
        case "added": style.good("+ added")
        case "removed": style.bad("− removed")
        case "upgraded": style.good("↑ upgraded")
        case "downgraded": style.warning("↓ downgraded")
        default: style.warning("≠ replaced (same version, other bytes)")
        }
    }

    /// The profiles whose packages are not what they were.
    private func profiles(_ distribution: LockComparison.Distribution) -> [String] {
        let touched = Set(distribution.changes.flatMap(\.profiles))
        let moved = distribution.profiles.filter {
            touched.contains($0.name) || $0.before != $0.after
        }
        guard !moved.isEmpty else { return [] }
        let order =
            moved.filter { !ProfileNames.isInternal($0.name) } + moved.filter { ProfileNames.isInternal($0.name) }
        let width = order.map(\.name.count).max() ?? 0
        let lines = order.map { profile in
            let text: String
            switch (profile.before, profile.after) {
            case (let before?, let after?): text = Self.load(before, after)
            case (nil, let after?): text = "new: \(Self.load(after))"
            case (let before?, nil): text = "gone: \(Self.load(before))"
            case (nil, nil): text = ""
            }
            return "    \(profile.name.padded(width))  \(text)"
        }
        var result = ["  profiles"] + lines
        let same = distribution.profiles.count - moved.count
        if same > 0 {
            result.append("    \(same) more \(same == 1 ? "is" : "are") what \(same == 1 ? "it was" : "they were")")
        }
        return result
    }

    static func load(_ load: LockComparison.Load) -> String {
        "\(load.packages.counted("package")), \(load.size)"
    }

    static func load(_ before: LockComparison.Load, _ after: LockComparison.Load) -> String {
        let packages = before.packages == after.packages ? "" : "\(before.packages) → "
        return "\(packages)\(load(after)) (\((after.size - before.size).signed))"
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }
}

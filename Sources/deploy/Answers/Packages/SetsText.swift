import Darksites
import Pipeline
import Primitives

/// What the profiles and sets of one distribution weigh, for people.
struct SetsText {
    private let sizes: ProfileSizes
    private let ground: QuestionGround
    private let style: Style

    init(_ sizes: ProfileSizes, _ ground: QuestionGround, style: Style) {
        self.sizes = sizes
        self.ground = ground
        self.style = style
    }

    var lines: [String] {
        let total = sizes.total
        let head =
            "\(style.bold(sizes.distribution)): \(total.packages.counted("package")), \(total.download) to download, \(total.installed) installed"
        return [head] + sizes.profiles.flatMap(profile) + ["", "\(style.bold("sets")), and what only they bring"] + sets
    }

    private func profile(_ profile: ProfileSizes.Profile) -> [String] {
        let total = profile.total
        var lines = [
            "",
            "\(style.bold(ProfileNames.shown(profile.name))) = \(profile.sets.joined(separator: " + ")): \(total.packages.counted("package")), \(total.download) to download, \(total.installed) installed",
        ]
        lines.append(
            profile.own.packages == 0
                ? "  nothing of its own"
                : "  its own: \(profile.own.packages.counted("package")), \(profile.own.download)")
        if !profile.shared.isEmpty {
            let shared = profile.shared.map { "\($0.with) \($0.load.packages) (\($0.load.download))" }
            lines.append("  shared with: \(shared.joined(separator: " · "))")
        }
        lines.append("  the heaviest, with what asks for them")
        let names = profile.heaviest.map { "\($0.name) \($0.version)" }
        let width = min(names.map(\.count).max() ?? 0, 48)
        for (name, heavy) in zip(names, profile.heaviest) {
            let via = heavy.chain.links.isEmpty ? "" : style.faint(Self.steps(heavy.chain.links.count))
            let origin = ChainText(style: Style(hasColours: false)).origin(heavy.chain.origin)
            lines.append("  \(Self.right("\(heavy.download)", 8))  \(name.padded(width))  \(origin)\(via)")
        }
        return lines
    }

    private static func steps(_ count: Int) -> String { ", \(count.counted("step")) on" }

    private var sets: [String] {
        let width = sizes.sets.map(\.name.count).max() ?? 0
        return sizes.sets.sorted { ($1.only.download, $0.name) < ($0.only.download, $1.name) }.map { set in
            let only =
                set.only.packages == 0
                ? "nothing" : "\(set.only.packages.counted("package")), \(set.only.installed) installed"
            let lines = set.lines.counted("line")
            let profiles = ProfileNames.short(set.profiles, of: ground.profiles)
            return
                "  \(Self.right("\(set.only.download)", 8))  \(set.name.padded(width))  \(only.padded(34))  \(lines.padded(9))  \(style.faint("in \(profiles)"))"
        }
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }
}

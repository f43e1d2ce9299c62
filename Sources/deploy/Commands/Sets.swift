import ArgumentParser
import Darksites
import Pipeline
import Primitives

struct Sets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what each profile and each package set weighs.",
        discussion: """
            Of each profile: its packages and bytes, the heaviest packages with the line that brings each in, and how much it \
            shares with the others. Of each set: what would leave the lock if it were empty.
            """)

    @OptionGroup var options: ProjectOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution; without one, each that is declared.")
    var distribution: String?

    func run() async throws {
        let freshness = freshness
        let distribution = distribution
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            let all = try await project.sizes(of: distribution)
            if console.mode == .json {
                console.print(JSON.array(all.map { SetsReport($0.sizes, $0.ground, style: console.style).json }).text)
                return
            }
            for (index, (sizes, ground)) in all.enumerated() {
                if let remark = ground.remark { console.say(remark) }
                if index > 0 { console.print("") }
                for line in SetsReport(sizes, ground, style: console.style).lines { console.print(line) }
            }
        }
    }
}

/// The answer to `deploy sets` for one distribution.
struct SetsReport {
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

    var json: JSON {
        func load(_ load: ProfileSizes.Load) -> JSON {
            .object([
                ("packages", .number(Double(load.packages))), ("download", .number(Double(load.download.bytes))),
                ("installed", .number(Double(load.installed.bytes))),
            ])
        }
        let profiles = sizes.profiles.map { profile in
            let heaviest = profile.heaviest.map { heavy in
                JSON.object(
                    [
                        ("package", .string(heavy.name)), ("version", .string(heavy.version)),
                        ("download", .number(Double(heavy.download.bytes))),
                        ("installed", .number(Double(heavy.installed.bytes))),
                    ] + ChainText.json(heavy.chain))
            }
            let shared = profile.shared.map { JSON.object([("with", .string($0.with)), ("load", load($0.load))]) }
            return JSON.object([
                ("name", .string(profile.name)), ("internal", .bool(ProfileNames.isInternal(profile.name))),
                ("sets", .array(profile.sets.map { .string($0) })), ("total", load(profile.total)),
                ("own", load(profile.own)), ("shared", .array(shared)), ("heaviest", .array(heaviest)),
            ])
        }
        let sets = sizes.sets.map { set in
            JSON.object([
                ("name", .string(set.name)), ("file", .string(set.file)),
                ("profiles", .array(set.profiles.map { .string($0) })), ("lines", .number(Double(set.lines))),
                ("only", load(set.only)),
            ])
        }
        return .object([
            ("distribution", .string(sizes.distribution)), ("locked", .bool(ground.isLocked)),
            ("stale", .bool(ground.isStale)), ("total", load(sizes.total)), ("profiles", .array(profiles)),
            ("sets", .array(sets)),
        ])
    }
}

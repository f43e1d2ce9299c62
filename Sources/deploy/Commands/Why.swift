import ArgumentParser
import Darksites
import Declaration
import Pipeline
import Primitives

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a package is in a mirror, or why it is not.",
        discussion: """
            Shows the shortest way from a line of a package set, or from the base system, to the package; for every profile, \
            also for the live system, the builder image and the root that compiles ZFS. Of a package that is not in, it says \
            who forbids it, who would like to have it, and what stands in for it.

            Exit codes: 0 it is in, 1 it is not, 2 nobody knows the name.
            """)

    @OptionGroup var options: ProjectOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution, for example debian.")
    var distribution: String

    @Argument(help: "The package: name, name:architecture, name=version or name/suite.")
    var package: String

    func run() async throws {
        let freshness = freshness
        let (distribution, package) = (distribution, package)
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            let (inquiry, ground) = try await project.why(package, in: distribution)
            let report = WhyReport(inquiry, ground, style: console.style)
            if console.mode == .json {
                console.print(report.json)
            } else {
                if let remark = ground.remark { console.say(remark) }
                for line in report.lines { console.print(line) }
            }
            if !inquiry.isInMirror { throw CommandFailure(code: 1) }
        }
    }
}

extension QuestionGround {
    /// What one should know before one reads the answer.
    var remark: String? {
        if !isLocked { return "nothing is locked of \(distribution) yet: this is today's archive" }
        guard isStale else { return nil }
        return "the package sets changed since deploy.lock was written: this is what the next build locks"
    }
}

/// The answer to `deploy why`.
struct WhyReport {
    private let inquiry: PackageInquiry
    private let ground: QuestionGround
    private let style: Style

    init(_ inquiry: PackageInquiry, _ ground: QuestionGround, style: Style) {
        self.inquiry = inquiry
        self.ground = ground
        self.style = style
    }

    private var name: String { inquiry.name }
    private var asked: String { inquiry.question }
    private var chains: ChainText { ChainText(style: style) }

    var lines: [String] {
        guard inquiry.isInMirror else { return absence }
        if !inquiry.members.isEmpty { return inquiry.members.flatMap(presence) + forbiddenLines }
        let kind = inquiry.isVirtual ? "is a virtual package" : "is not in the mirror itself"
        let providers = Set(inquiry.providers.map(\.name)).sorted().joined(separator: ", ")
        let others = inquiry.otherProviders
        var head = [
            "\(style.bold(asked)) \(kind); \(providers) \(inquiry.providers.count == 1 ? "provides" : "provide") it:"
        ]
        head += inquiry.providers.flatMap(presence)
        if !others.isEmpty { head.append("not in the mirror, and would provide it too: \(Self.list(others))") }
        return head + forbiddenLines
    }

    /// The paragraph of one package that is in.
    private func presence(_ member: PackageInquiry.Member) -> [String] {
        let architecture =
            inquiry.members.contains { $0.architecture != member.architecture } ? " \(member.architecture)" : ""
        let size = member.size.map { " (\($0)\(member.installedSize.map { ", \($0) installed" } ?? ""))" } ?? ""
        let head = "\(style.bold("\(member.name) \(member.version)\(architecture)"))\(size) is "
        if member.reasons.count == 1 {
            return [head + ProfileNames.places(member.profiles) + ":"]
                + chains.lines(member.reasons[0].chain, indent: "  ")
        }
        return [head + "in:"]
            + member.reasons.flatMap { reason in
                ["  " + reason.profiles.map(ProfileNames.shown).joined(separator: ", ")]
                    + chains.lines(reason.chain, indent: "    ")
            }
    }

    private var forbiddenLines: [String] {
        inquiry.forbidden.map { line in
            "\(ProfileNames.short(line.profiles, of: ground.profiles)): forbidden by \(place(line.entry))"
        }
    }

    private func place(_ entry: PackageSetEntry) -> String {
        "\(entry.location.file):\(entry.location.line)  \(style.bold(entry.text))"
    }

    private var absence: [String] {
        let reason: String
        if !inquiry.forbidden.isEmpty {
            reason = "a package set forbids it"
        } else if !inquiry.dropped.isEmpty {
            reason = "a set would take it, but it can't be had"
        } else if inquiry.isVirtual {
            reason = "it is a virtual package, and none of those that provide it is in"
        } else if !inquiry.others.isEmpty {
            reason = "it has another one"
        } else {
            reason = "no set asks for it, and nothing that is in depends on it"
        }
        var lines = ["\(style.bold(asked)) is not in the mirror: \(reason)"]
        for member in inquiry.others {
            lines.append(
                "  instead       \(member.name) \(member.version) \(member.architecture), \(ProfileNames.places(member.profiles))"
            )
        }
        for line in inquiry.forbidden { lines.append("  forbidden     \(place(line.entry))  \(profiles(line))") }
        for line in inquiry.dropped { lines.append("  optional      \(place(line.entry))  \(profiles(line))") }
        for text in inquiry.available.prefix(4) { lines.append("  the archive   \(text)") }
        if !inquiry.otherProviders.isEmpty { lines.append("  provided by   \(Self.list(inquiry.otherProviders))") }
        for mention in inquiry.mentions.prefix(5) {
            let answer = mention.answer.map { "; \($0) is in for it" } ?? ""
            lines.append(
                "  \(Self.verb(mention.field).padded(13)) \(mention.package) \(mention.version): \(mention.relation)\(answer)"
            )
        }
        if inquiry.mentions.count > 5 { lines.append("                and \(inquiry.mentions.count - 5) more") }
        if inquiry.mentions.contains(where: { $0.field == "Recommends" }) {
            lines.append("  Recommends are not followed: what is wanted stands in a set")
        }
        return lines
    }

    private func profiles(_ line: PackageInquiry.Line) -> String {
        style.faint("(\(ProfileNames.short(line.profiles, of: ground.profiles)))")
    }

    private static func verb(_ field: String) -> String {
        switch field {
        case "Recommends": "recommended"
        case "Suggests": "suggested"
        default: "a choice of"
        }
    }

    private static func list(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
    }

    var json: String {
        func line(_ line: PackageInquiry.Line) -> JSON {
            .object([
                ("profiles", .array(line.profiles.map { .string($0) })), ("text", .string(line.entry.text)),
                ("file", .string(line.entry.location.file)), ("line", .number(Double(line.entry.location.line))),
            ])
        }
        return JSON.object([
            ("distribution", .string(ground.distribution)), ("package", .string(asked)),
            ("inMirror", .bool(inquiry.isInMirror)), ("virtual", .bool(inquiry.isVirtual)),
            ("locked", .bool(ground.isLocked)), ("stale", .bool(ground.isStale)),
            ("packages", .array(inquiry.members.map(Self.member))),
            ("others", .array(inquiry.others.map(Self.member))),
            ("providers", .array(inquiry.providers.map(Self.member))),
            ("otherProviders", .array(inquiry.otherProviders.map { .string($0) })),
            ("archive", .array(inquiry.available.map { .string($0) })),
            ("forbidden", .array(inquiry.forbidden.map(line))), ("dropped", .array(inquiry.dropped.map(line))),
            (
                "mentions",
                .array(
                    inquiry.mentions.map { mention in
                        var fields: [(String, JSON)] = [
                            ("package", .string(mention.package)), ("version", .string(mention.version)),
                            ("field", .string(mention.field)), ("relation", .string(mention.relation)),
                        ]
                        if let answer = mention.answer { fields.append(("answer", .string(answer))) }
                        return .object(fields)
                    })
            ),
        ]).text
    }

    private static func member(_ member: PackageInquiry.Member) -> JSON {
        var fields: [(String, JSON)] = [
            ("name", .string(member.name)), ("version", .string(member.version)),
            ("architecture", .string(member.architecture)),
        ]
        if let size = member.size { fields.append(("size", .number(Double(size.bytes)))) }
        if let size = member.installedSize { fields.append(("installedSize", .number(Double(size.bytes)))) }
        let reasons = member.reasons.map { reason in
            JSON.object([("profiles", .array(reason.profiles.map { .string($0) }))] + ChainText.json(reason.chain))
        }
        return .object(fields + [("reasons", .array(reasons))])
    }
}

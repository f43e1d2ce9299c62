import Darksites
import Declaration
import Pipeline
import Primitives

/// Why a package is in a mirror, or why it is not, for people.
struct WhyText {
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
}

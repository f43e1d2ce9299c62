import Darksites
import Declaration
import Pipeline
import Primitives

/// Why a package is in a mirror, or why it is not.
struct WhyAnswer: Answer {
    private let inquiry: PackageInquiry
    private let ground: QuestionGround

    init(_ inquiry: PackageInquiry, _ ground: QuestionGround) {
        self.inquiry = inquiry
        self.ground = ground
    }

    var ending: Ending { inquiry.isInMirror ? .success : .failure }

    func text(_ style: Style) -> [TextLine] {
        ground.asides + .results(WhyText(inquiry, ground, style: style).lines)
    }

    var json: JSON? {
        .fields([
            "distribution": .string(ground.distribution), "package": .string(inquiry.question),
            "in_mirror": .bool(inquiry.isInMirror), "virtual": .bool(inquiry.isVirtual),
            "locked": .bool(ground.isLocked), "stale": .bool(ground.isStale),
            "packages": .list(inquiry.members, Self.member), "others": .list(inquiry.others, Self.member),
            "providers": .list(inquiry.providers, Self.member),
            "other_providers": .strings(inquiry.otherProviders), "archive": .strings(inquiry.available),
            "forbidden": .list(inquiry.forbidden, Self.line), "dropped": .list(inquiry.dropped, Self.line),
            "mentions": .list(inquiry.mentions, Self.mention),
        ])
    }

    private static func member(_ member: PackageInquiry.Member) -> JSON {
        let reasons = member.reasons.map { reason in
            JSON.fields([
                "profiles": .strings(reason.profiles), "origin": .origin(reason.chain.origin),
                "first": .string(reason.chain.first), "links": .list(reason.chain.links, JSON.link),
            ])
        }
        return .fields([
            "name": .string(member.name), "version": .string(member.version),
            "architecture": .string(member.architecture), "size": member.size.map(JSON.size),
            "installed_size": member.installedSize.map(JSON.size), "reasons": .array(reasons),
        ])
    }

    private static func line(_ line: PackageInquiry.Line) -> JSON {
        .fields([
            "profiles": .strings(line.profiles), "text": .string(line.entry.text),
            "file": .string(line.entry.location.file), "line": .count(line.entry.location.line),
        ])
    }

    private static func mention(_ mention: PackageInquiry.Mention) -> JSON {
        .fields([
            "package": .string(mention.package), "version": .string(mention.version), "field": .string(mention.field),
            "relation": .string(mention.relation), "answer": mention.answer.map(JSON.string),
        ])
    }
}

extension QuestionGround {
    /// What people should know before they read the answer.
    var asides: [TextLine] {
        if !isLocked { return [.aside("nothing is locked of \(distribution) yet: this is today's archive")] }
        guard isStale else { return [] }
        return [.aside("the package sets changed since deploy.lock was written: this is what the next build locks")]
    }
}

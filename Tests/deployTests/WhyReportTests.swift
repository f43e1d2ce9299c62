import Declaration
import Primitives
import Testing

@testable import Darksites
@testable import Pipeline
@testable import deploy

/// How the answer to "why is it in?" is shown.
@Suite struct WhyReportTests {
    private static let ground = QuestionGround(
        distribution: "debian", isLocked: true, isStale: false, profiles: ["core", "server", "live"])

    private static func entry(_ text: String, line: Int) -> PackageSetEntry {
        PackageSetEntry(
            kind: text.hasPrefix("-") ? .forbidden : .wanted,
            name: text.hasPrefix("-") ? String(text.dropFirst()) : text,
            location: SourceLocation(file: "package-sets/debian/server.txt", line: line), line: text, text: text)
    }

    private static let chain = PackageChain(
        origin: .line(entry("htop", line: 41)), first: "htop",
        links: [
            PackageChain.Link(
                name: "htop", version: "3.4.1-5", architecture: "amd64",
                relation: "depends on libnl-genl-3-200 (>= 3.7.0)", answer: "libnl-genl-3-200", isProvided: false)
        ])

    private static func member(_ reasons: [PackageInquiry.Reason]) -> PackageInquiry.Member {
        PackageInquiry.Member(
            name: "libnl-genl-3-200", version: "3.7.0-2", architecture: "amd64", size: ByteCount(24_000),
            installedSize: nil, reasons: reasons)
    }

    private func lines(_ inquiry: PackageInquiry) -> [String] {
        WhyText(inquiry, Self.ground, style: Style(hasColours: false)).lines
    }

    private func inquiry(
        _ question: String, members: [PackageInquiry.Member] = [], forbidden: [PackageInquiry.Line] = [],
        mentions: [PackageInquiry.Mention] = []
    ) -> PackageInquiry {
        PackageInquiry(
            name: question, question: question, members: members, others: [], providers: [], otherProviders: [],
            available: ["3.7.0-2 amd64, debian trixie/main"], forbidden: forbidden, dropped: [], mentions: mentions)
    }

    @Test func oneReasonIsASentenceAndAChain() {
        let member = Self.member([PackageInquiry.Reason(profiles: ["server"], chain: Self.chain)])
        #expect(
            lines(inquiry("libnl-genl-3-200", members: [member])) == [
                "libnl-genl-3-200 3.7.0-2 (24 kB) is in the mirror for server:",
                "  package-sets/debian/server.txt:41  htop",
                "    htop 3.4.1-5  depends on  libnl-genl-3-200 (>= 3.7.0)",
            ])
    }

    @Test func theBuildsOwnProfilesAreShownAsWhatTheyAre() {
        let base = PackageChain(
            origin: .base(name: "bash", because: "Essential: yes"), first: "bash", links: [])
        let member = Self.member([
            PackageInquiry.Reason(profiles: ["server"], chain: Self.chain),
            PackageInquiry.Reason(profiles: ["live", "builder"], chain: base),
        ])
        let shown = lines(inquiry("libnl-genl-3-200", members: [member]))
        #expect(shown[0] == "libnl-genl-3-200 3.7.0-2 (24 kB) is in:")
        #expect(shown.contains("  the live system (live), the builder image (builder)"))
        #expect(shown.last == "    the base system  bash (Essential: yes)")
    }

    @Test func anAbsenceSaysWhoForbidsAndWhoWouldHaveIt() {
        let line = PackageInquiry.Line(profiles: ["server"], entry: Self.entry("-exim4", line: 5))
        let mention = PackageInquiry.Mention(
            package: "mailer", version: "1.0", field: "Depends", relation: "exim4 | mail-transport-agent",
            answer: "postfix")
        let shown = lines(inquiry("exim4", forbidden: [line], mentions: [mention]))
        #expect(
            shown == [
                "exim4 is not in the mirror: a package set forbids it",
                "  forbidden     package-sets/debian/server.txt:5  -exim4  (server)",
                "  the archive   3.7.0-2 amd64, debian trixie/main",
                "  a choice of   mailer 1.0: exim4 | mail-transport-agent; postfix is in for it",
            ])
    }
}

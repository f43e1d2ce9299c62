import Locking
import Packages
import Primitives
import Testing

@testable import Darksites
@testable import Declaration
@testable import Pipeline
@testable import deploy

/// How a comparison of locks is shown: text, Markdown and JSON of one made difference.
@Suite struct DifferenceRenderingTests {
    private static func package(_ name: String, _ version: String, _ profiles: [String], size: Int) -> LockedPackage {
        LockedPackage(
            name: name, version: version, architecture: "amd64", profiles: profiles, isEssential: false,
            size: ByteCount(size), repository: "debian", path: "pool/\(name)", digest: Digest(of: Array(version.utf8)))
    }

    private static func lock(_ day: Int64, _ packages: [LockedPackage]) -> Lock {
        let snapshot = LockedSnapshot(
            repository: "debian", suite: "trixie", date: LockDate(secondsSince1970: day * 86_400),
            digest: Digest(of: [UInt8(day)]), size: ByteCount(1))
        return Lock([
            LockedDistribution(
                name: "debian", family: .apt, architecture: "amd64", asked: nil, snapshots: [snapshot],
                indexes: [], packages: packages)
        ])
    }

    private static let earlier = [
        package("bash", "5.2~rc_1", ["core", "server"], size: 1000), package("nano", "8", ["core"], size: 500),
    ]
    private static let later = [
        package("bash", "5.3", ["core", "server"], size: 3000),
        package("htop", "3.4", ["live", "server"], size: 200_000),
    ]

    private static func difference(
        _ old: [LockedPackage] = earlier, _ new: [LockedPackage] = later, day: Int64 = 2, gap: Bool = true
    ) -> ProjectDifference {
        let (from, to) = (lock(1, old), lock(day, new))
        let causes = gap ? LockCauses(gap: .init(side: "a.lock", reason: "its sets are gone")) : LockCauses()
        return ProjectDifference(
            from: LockSide(kind: .file, name: "a.lock", lock: from, commit: nil),
            to: LockSide(kind: .working, name: "deploy.lock", lock: to, commit: nil),
            comparison: LockComparison(from: from, to: to, causes: ["debian": causes]),
            cost: ImageCost(
                from: from, carrying: [.init(distribution: "debian", profiles: ["core"])], to: to,
                carrying: [.init(distribution: "debian", profiles: ["core", "server"])], live: (.live, .live)))
    }

    @Test func theTextIsGroupedByWhatHappened() {
        let lines = DifferenceText(Self.difference(), limit: 12, style: Style(hasColours: false)).lines
        #expect(
            lines == [
                "a.lock → deploy.lock", "",
                "debian: 2 packages, 203 kB (+202 kB)",
                "  snapshot  debian trixie  1970-01-02 → 1970-01-03",
                "  + added 1 package, 200 kB",
                "    htop 3.4     200 kB  server, live",
                "  − removed 1 package, 500 B",
                "    nano 8      500 B  core",
                "  ↑ upgraded 1 package, +2 kB",
                "    bash 5.2~rc_1 → 5.3      +2 kB  core, server",
                "  a.lock: which lines ask for packages is not known: its sets are gone",
                "  profiles",
                "    core    2 → 1 package, 3 kB (+1.5 kB)",
                "    server  1 → 2 packages, 203 kB (+202 kB)",
                "    live    new: 1 package, 200 kB",
            ])
    }

    @Test func longListsAreCutAndCounted() {
        let many = (10..<60).map { Self.package("p\($0)", "1", ["core"], size: 1000) }
        let difference = Self.difference([], many)
        let short = DifferenceText(difference, limit: 12, style: Style(hasColours: false)).lines
        #expect(short.contains("    … and 38 more (--all names them)"))
        #expect(short.filter { $0.hasPrefix("    p") }.count == 12)
        let all = DifferenceText(difference, limit: .max, style: Style(hasColours: false)).lines
        #expect(all.filter { $0.hasPrefix("    p") }.count == 50 && !all.contains { $0.contains("more") })
        #expect(DifferenceMarkdown(difference, limit: 12).lines.contains("… and 38 more."))
    }

    @Test func nothingMovedIsOneLine() {
        let same = Self.difference(Self.earlier, Self.earlier, day: 1, gap: false)
        #expect(
            DifferenceText(same, limit: 12, style: Style(hasColours: false)).lines
                == ["a.lock → deploy.lock: the same packages"])
        #expect(DifferenceMarkdown(same, limit: 12).lines.last == "Nothing moved.")
        #expect(DifferenceAnswer(difference: same, limit: 12).json?["same"].map(\.text) == "true")
    }

    @Test func aReleaseNoteIsTablesThatMarkdownCanNotMisread() {
        let lines = DifferenceMarkdown(Self.difference(), limit: 12).lines
        #expect(lines.contains("| `bash` | 5.2\\~rc\\_1 | 5.3 | +2 kB | core, server |"), "\(lines)")
        #expect(lines.contains("#### Added (1)") && lines.contains("| `htop` | 3.4 | 200 kB | server, live |"))
        #expect(lines.contains("- Snapshot `debian trixie`: 1970-01-02 → 1970-01-03"))
        // Every row of a table has as many cells as its head.
        var cells: Int?
        for line in lines {
            guard line.hasPrefix("|") else {
                cells = nil
                continue
            }
            let count = line.replacing("\\|", with: "").filter { $0 == "|" }.count
            #expect(cells ?? count == count, "\(line)")
            cells = count
        }
    }

    @Test func securityFixesComeFirstWithTheirNumbers() throws {
        var difference = Self.difference()
        let changes = difference.comparison.distributions[0].changes.map(\.change)
        let bash = try #require(changes.first { $0.name == "bash" })
        difference.news["debian"] = PackageNews(
            [bash: .init(vulnerabilities: ["CVE-2026-1", "CVE-2026-2"], isSecurityUpdate: false)],
            silences: [.init(reason: "not in the store", packages: (0..<10).map { "p\($0)" })])
        let lines = DifferenceMarkdown(difference, limit: 12).lines
        let sections = lines.filter { $0.hasPrefix("#### ") }
        #expect(sections == ["#### Security fixes (1)", "#### Added (1)", "#### Removed (1)", "#### Profiles"])
        #expect(
            lines.contains("| `bash` | 5.2\\~rc\\_1 | 5.3 | +2 kB | core, server | CVE-2026-1, CVE-2026-2 |"),
            "\(lines)")
        #expect(lines.contains { $0.hasPrefix("- not in the store: `p0`, ") && $0.hasSuffix("`p7` and 2 more") })
    }

    @Test func theCostIsThatOfDownloadMirrorsAndLiveSystem() {
        let lines = DifferenceMarkdown(Self.difference(), limit: 12).lines
        #expect(lines.contains("From `a.lock` to `deploy.lock`: 203 kB to download."), "\(lines)")
        #expect(lines.contains("| mirror of debian | 1.5 kB | 203 kB | +202 kB |"), "\(lines)")
        #expect(lines.contains("| live system (package files) | 0 B | 200 kB | +200 kB |"), "\(lines)")
    }

    @Test func programsGetBytesAndVersions() throws {
        let text = try #require(DifferenceAnswer(difference: Self.difference(), limit: 12).json?.text)
        #expect(
            text.contains(
                "{\"kind\":\"upgraded\",\"package\":\"bash\",\"architecture\":\"amd64\",\"from\":\"5.2~rc_1\",\"to\":\"5.3\",\"size\":3000,\"growth\":2000,\"profiles\":[\"core\",\"server\"],\"in_other_profiles\":false}"
            ), "\(text)")
        #expect(text.contains("\"unknown_causes\":[{\"side\":\"a.lock\",\"reason\":\"its sets are gone\"}]"))
    }

    @Test func bytesThatGoHaveAMinusSign() {
        #expect(
            [ByteCount(0), ByteCount(194_000), ByteCount(-8_000_000)].map(\.signed) == ["±0 B", "+194 kB", "−8 MB"])
    }
}

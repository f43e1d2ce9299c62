import ContentStore
import Locking
import Packages
import Primitives
import SystemPackage
import Testing

@testable import Darksites

/// What is read of the changelogs in packages, and what is said where none can be.
@Suite struct PackageNewsTests {
    /// A store with made packages of two versions, and the locks that have them.
    private final class Bench {
        let folder: PrivateFolder
        let store: ContentStore
        private var old: [LockedPackage] = []
        private var new: [LockedPackage] = []

        init() throws {
            folder = try PrivateFolder()
            store = try ContentStore(root: folder.path.appending("store"))
        }

        /// A package that moved from version 1-1 to `version`; `fields` stand in its control file, `changelog` is its own.
        func add(
            _ name: String, _ version: String = "1-2", source: String, changelog: String? = nil, fields: String = "",
            padding: Int = 0, repository: String = "main", isStored: Bool = true
        ) async throws {
            for (version, isNew) in [("1-1", false), (version, true)] {
                let root = folder.path.appending("\(name)-\(version)")
                let documents = root.pushing(FilePath("usr/share/doc/\(name)"))
                try Files.createDirectory(documents)
                try Files.createDirectory(root.appending("DEBIAN"))
                let control =
                    "Package: \(name)\nVersion: \(version)\nArchitecture: all\nMaintainer: x <x@example.org>\n\(fields)Description: x\n"
                try Files.write(control.utf8, to: root.appending("DEBIAN").appending("control"))
                try Files.write([UInt8](repeating: 0, count: padding), to: documents.appending("padding"))
                if let changelog, isNew { try Files.write(changelog.utf8, to: documents.appending("changelog.Debian")) }
                let file = folder.path.appending("\(name)-\(version).deb")
                let made = try await ChildProgram("dpkg-deb", environment: nil).run(
                    ["--root-owner-group", "-Znone", "--build", root.string, file.string])
                try #require(made.isSuccess, "\(made.errors)")
                let (digest, size) = try Files.digest(file)
                if isStored { _ = try await store.insert(file: file, knownAs: nil) }
                let package = LockedPackage(
                    name: name, version: version, architecture: "all", profiles: ["core"], isEssential: false,
                    size: ByteCount(size), repository: repository, path: "pool/\(source)/\(name)_\(version).deb",
                    digest: digest)
                if isNew { new.append(package) } else { old.append(package) }
            }
        }

        func news(family: PackageFamily = .apt) async throws -> (PackageNews, [String: LockDifference.Change]) {
            func distribution(_ packages: [LockedPackage]) -> LockedDistribution {
                let suites = [("main", "trixie"), ("security", "trixie-security")]
                return LockedDistribution(
                    name: "debian", family: family, architecture: "amd64", asked: nil,
                    snapshots: suites.map { repository, suite in
                        LockedSnapshot(
                            repository: repository, suite: suite, date: LockDate(secondsSince1970: 0),
                            digest: Digest(of: []), size: .zero)
                    }, indexes: [], packages: packages)
            }
            let (from, to) = (distribution(old), distribution(new))
            let comparison = LockComparison(from: Lock([from]), to: Lock([to]))
            let changes = comparison.distributions.flatMap(\.changes)
            let news = try await PackageNewsReader(store: store, parallel: 2).news(of: changes, from: from, to: to)
            return (news, Dictionary(uniqueKeysWithValues: changes.map { ($0.change.name, $0.change) }))
        }
    }

    private static func changelog(_ version: String, _ suite: String, _ text: String) -> String {
        "made (\(version)) \(suite); urgency=low\n\n  * \(text)\n\n -- x <x@example.org>  Tue, 01 Jul 2025 00:00:00 +0000\n\n"
    }

    @Test func theChangelogOfOnePackageCountsForAllOfItsSource() async throws {
        let bench = try Bench()
        let text =
            Self.changelog("1-2", "trixie", "CVE-2026-0002, CVE-2026-0001")
            + Self.changelog("1-1", "trixie", "CVE-2026-0000")
        try await bench.add("small", source: "made")
        try await bench.add("large", source: "made", changelog: text, padding: 100_000)
        try await bench.add("other", source: "other", changelog: Self.changelog("1-2", "trixie-security", "A fix."))
        try await bench.add("plain", source: "plain", changelog: Self.changelog("1-2", "trixie", "A translation."))
        let (news, changes) = try await bench.news()
        for name in ["small", "large"] {
            let change = try #require(changes[name])
            let story = try #require(news[change])
            #expect(story.vulnerabilities == ["CVE-2026-0002", "CVE-2026-0001"] && !story.isSecurityUpdate)
        }
        let change = try #require(changes["other"])
        let other = try #require(news[change])
        #expect(other.isSecurityUpdate && other.vulnerabilities.isEmpty && other.isSecurityFix)
        #expect(news[try #require(changes["plain"])]?.isSecurityFix == false)
        #expect(news.silences.isEmpty)
    }

    @Test func versionsAreThoseOfTheSource() async throws {
        let bench = try Bench()
        // Built once more of the same source: nothing is new in it.
        try await bench.add(
            "rebuilt", "1-1+b1", source: "rebuilt", changelog: Self.changelog("1-1", "sid", "CVE-2026-0001"))
        // Numbered apart from its source, which both packages name.
        try await bench.add(
            "apart", "1-2", source: "apart", changelog: Self.changelog("7-1", "sid", "CVE-2026-0002"),
            fields: "Source: apart (7-1)\n")
        let (news, changes) = try await bench.news()
        #expect(news[try #require(changes["rebuilt"])]?.vulnerabilities == [])
        #expect(news[try #require(changes["apart"])]?.vulnerabilities == [])
    }

    @Test func whatIsNotReadIsSaid() async throws {
        let bench = try Bench()
        try await bench.add("absent", source: "absent", repository: "security", isStored: false)
        try await bench.add("silent", source: "silent")
        let (news, changes) = try await bench.news()
        #expect(
            news.silences == [
                .init(reason: "not in the store", packages: ["absent"]),
                .init(reason: "without a changelog", packages: ["silent"]),
            ])
        // What the archive says of it is known all the same.
        #expect(news[try #require(changes["absent"])]?.isSecurityUpdate == true)
        let (other, _) = try await bench.news(family: .rpm)
        #expect(other.silences.map(\.packages) == [["absent", "silent"]])
    }
}

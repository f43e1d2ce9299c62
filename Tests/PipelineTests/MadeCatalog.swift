import APT
import Declaration
import Locking
import Packages
import Primitives

@testable import Darksites

/// A catalog of stanzas written down in a test, and the requests against it.
struct MadeCatalog {
    let catalog: Catalog
    let request: ResolutionRequest

    /// A line a package: "name version; Field: value; …".
    init(_ lines: String...) throws {
        try self.init([(lines, IndexOrigin(repository: "made", suite: "trixie", component: "main"))])
    }

    private let indexes: [(lines: [String], origin: IndexOrigin)]

    /// The same with another index beside it.
    func adding(_ origin: IndexOrigin, _ lines: String...) throws -> MadeCatalog {
        try MadeCatalog(indexes + [(lines, origin)])
    }

    private init(_ indexes: [(lines: [String], origin: IndexOrigin)]) throws {
        self.indexes = indexes
        let table = try PackageTable(
            try indexes.map { (try Self.index($0.lines), $0.origin) }, architecture: "amd64")
        catalog = Catalog(
            snapshot: Snapshot(snapshots: [], indexes: [], signers: [], content: .apt(APTSnapshotContent())),
            content: .apt(APTCatalog(table: table)))
        request = ResolutionRequest(
            distribution: "debian", architecture: "amd64",
            asked: LockedRequest(
                release: "13", codename: "trixie", source: .apt(LockedAPTRequest(repositories: [], pins: [])),
                profiles: [],
                wishes: []), profiles: [],
            rules: .apt(APTRules()))
    }

    private static func index(_ lines: [String]) throws -> PackageIndex {
        let stanzas = lines.map { line in
            let parts = line.split(separator: ";").map { String($0.drop { $0 == " " }) }
            let words = parts[0].split(separator: " ")
            let file = "Filename: pool/\(words[0]).deb\nSize: 1000\nInstalled-Size: 2\nSHA256: "
            return "Package: \(words[0])\nVersion: \(words[1])\nArchitecture: amd64\n"
                + parts.dropFirst().map { $0 + "\n" }.joined() + file + String(repeating: "0", count: 64) + "\n"
        }
        return try PackageIndex(parsing: Array(stanzas.joined(separator: "\n").utf8), source: "made")
    }

    func resolve(
        _ words: String..., on ground: AdHocRequest.Ground = .base, recommends: Bool = false
    ) throws -> AdHocAnswer {
        try AdHocResolver(catalog: catalog, distribution: request).solve(
            try AdHocRequest(words, ground: ground, includesRecommends: recommends))
    }

    /// A profile of one set with these lines.
    func profile(_ lines: [String]) throws -> AdHocRequest.Ground {
        let set = try PackageSet(parsing: lines.joined(separator: "\n") + "\n", name: "set", file: "set.txt")
        let union = try PackageSetUnion(
            of: set.entries, files: ["set.txt"], family: .apt, architecture: "amd64",
            followsRecommends: set.followsRecommends)
        return .profile(ProfileRequest(name: "core", base: .essential, sets: union))
    }

    /// The names of what such a profile comes to.
    func ground(_ lines: [String]) throws -> [String] { try resolve(on: profile(lines)).packages.map(\.name) }

    func check() throws -> InstallabilityReport { try InstallabilityCheck(catalog, request).report() }
}

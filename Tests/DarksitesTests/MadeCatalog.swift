import APT
import Declaration
import Locking
import Packages
import Primitives

@testable import Darksites

/// A catalog of packages written down in a test, a line each: "name version architecture; Field: value; ...".
struct MadeCatalog {
    var stable: [String]
    var backports: [String] = []
    var foreign: [String] = []
    var zfsKernels: ZFSKernelRange?

    private func index(_ lines: [String], _ source: String) throws -> PackageIndex {
        let stanzas = lines.map { line in
            let parts = line.split(separator: ";").map { String($0.drop { $0 == " " }) }
            let words = parts[0].split(separator: " ").map(String.init)
            let architecture = words.count > 2 ? words[2] : "amd64"
            return "Package: \(words[0])\nVersion: \(words[1])\nArchitecture: \(architecture)\n"
                + parts.dropFirst().map { $0 + "\n" }.joined()
                + "Filename: pool/\(words[0])_\(words[1])_\(architecture).deb\nSize: 1\n"
                + "SHA256: \(String(repeating: "0", count: 64))\n"
        }
        return try PackageIndex(parsing: Array(stanzas.joined(separator: "\n").utf8), source: source)
    }

    private func origin(_ suite: String, isBackports: Bool = false) -> IndexOrigin {
        IndexOrigin(
            repository: "made", suite: suite, component: "main", architecture: "amd64", origin: "Made", label: "Made",
            archive: suite, codename: isBackports ? "trixie-backports" : "trixie", notAutomatic: isBackports,
            butAutomaticUpgrades: isBackports)
    }

    func catalog(pins: [Pin] = []) throws -> Catalog {
        let table = try PackageTable(
            [
                (index(stable + foreign, "made stable/main"), origin("stable")),
                (index(backports, "made backports/main"), origin("stable-backports", isBackports: true)),
            ], architecture: "amd64", foreignArchitectures: foreign.isEmpty ? [] : ["i386"])
        return Catalog(
            snapshot: Snapshot(snapshots: [], indexes: [], signers: [], content: .apt(APTSnapshotContent())),
            content: .apt(APTCatalog(table: table, rules: rules(pins), zfsKernels: zfsKernels)))
    }

    private func rules(_ pins: [Pin]) -> APTRules {
        APTRules(foreignArchitectures: foreign.isEmpty ? [] : ["i386"], pins: pins)
    }

    /// Resolves one profile, whose set is `lines` in the file "set.txt".
    func resolve(
        _ lines: [String], pins: [Pin] = [], base: ProfileRequest.Base = .essential
    ) throws -> Resolver.Resolution {
        let text = lines.joined(separator: "\n") + "\n"
        let set = try PackageSet(parsing: text, name: "set", file: "set.txt")
        let union = try PackageSetUnion(
            of: set.entries, files: ["set.txt"], family: .apt, architecture: "amd64",
            followsRecommends: set.followsRecommends)
        let request = ResolutionRequest(
            distribution: "debian", architecture: "amd64",
            asked: LockedRequest(
                release: "13", codename: "trixie", source: .apt(LockedAPTRequest(repositories: [], pins: [])),
                profiles: [],
                wishes: []),
            profiles: [ProfileRequest(name: "core", base: base, sets: union)], rules: .apt(rules(pins)))
        return try Resolver().resolve(request, in: catalog(pins: pins))
    }
}

import Solver

@testable import APT

/// Small indexes, written down in the tests: a line per package, "name version architecture; Field: value; ...".
enum MadeIndexes {
    static func stanzas(_ lines: [String]) -> String {
        lines.map { line in
            let parts = line.split(separator: ";").map { String($0.drop { $0 == " " }) }
            let words = parts[0].split(separator: " ").map(String.init)
            let architecture = words.count > 2 ? words[2] : "amd64"
            let head = "Package: \(words[0])\nVersion: \(words[1])\nArchitecture: \(architecture)\n"
            let hash = String(repeating: "0", count: 64)
            let epochless = words[1].split(separator: ":").last ?? ""
            let file = "Filename: pool/\(words[0])_\(epochless)_\(architecture).deb\nSize: 1000\nSHA256: \(hash)\n"
            return head + parts.dropFirst().map { $0 + "\n" }.joined() + file
        }.joined(separator: "\n")
    }

    static func index(_ lines: [String], source: String = "made") throws -> PackageIndex {
        try PackageIndex(parsing: Array(stanzas(lines).utf8), source: source)
    }

    static let stable = IndexOrigin(
        repository: "made", site: "made.example.org", suite: "stable", component: "main", architecture: "amd64",
        origin: "Made", label: "Made", archive: "stable", codename: "trixie", version: "13.2")
    static let backports = IndexOrigin(
        repository: "made", site: "made.example.org", suite: "stable-backports", component: "main",
        architecture: "amd64", origin: "Made Backports", label: "Made Backports", archive: "stable-backports",
        codename: "trixie-backports", notAutomatic: true,
        butAutomaticUpgrades: true)
    static let experimental = IndexOrigin(
        repository: "made", site: "other.example.org", suite: "experimental", component: "main",
        architecture: "amd64", origin: "Made", label: "Made", archive: "experimental", codename: "rc-buggy",
        notAutomatic: true)

    static func table(
        _ stable: [String], backports: [String] = [], experimental: [String] = [], foreign: [String] = []
    ) throws -> PackageTable {
        try PackageTable(
            [
                (index(stable, source: "made stable/main"), Self.stable),
                (index(backports, source: "made backports/main"), Self.backports),
                (index(experimental, source: "made experimental/main"), Self.experimental),
            ], architecture: "amd64", foreignArchitectures: foreign)
    }
}

extension DebianUniverse {
    /// The package with this name (and architecture, if it is not the native one), the newest where there are several.
    func find(_ text: String) -> PackageID? {
        let parts = text.split(separator: "=").map(String.init)
        let name = parts[0].split(separator: ":").map(String.init)
        return table.packages(named: name[0]).first {
            (parts.count < 2 || table.version(of: $0).description == parts[1])
                && (name.count < 2 || table.architecture(of: $0) == name[1])
        }
    }

    /// "name version" for the native architecture, "name:architecture version" for others.
    func short(_ package: PackageID) -> String {
        let architecture = table.architecture(of: package)
        let suffix = architecture == "amd64" || architecture == "all" ? "" : ":" + architecture
        return "\(table.name(of: package))\(suffix) \(table.version(of: package))"
    }

    /// What satisfies each requirement of a package.
    func requirementTexts(of text: String) -> [[String]] {
        find(text).map { requirements(of: $0).map { $0.candidates.map(short) } } ?? []
    }

    func conflictTexts(of text: String) -> [[String]] {
        find(text).map { conflicts(of: $0).map { $0.packages.map(short) } } ?? []
    }
}

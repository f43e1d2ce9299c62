package import Declaration
package import Locking
import Primitives
import Solver

/// A package that a search found, and what this declaration has to do with it.
package struct PackageFinding: Hashable, Sendable {
    /// "htop"
    package let name: String
    /// The one that would be taken where nothing else decides.
    package let version: String
    /// "amd64", "all".
    package let architecture: String
    /// Where the version comes from: "trixie-security".
    package let suites: [String]
    /// A line for people.
    package let summary: String
    /// The profiles of the lock that carry it, in any version.
    package let profiles: [String]
    /// The version that they carry; nil where it is the one found, and where none carries it.
    package let lockedVersion: String?
    /// The lines of package sets that ask for it or forbid it.
    package let lines: [PackageSetEntry]
}

/// Finds packages of a catalog by words.
package struct PackageFinder {
    private let catalog: Catalog
    private let request: ResolutionRequest
    private let locked: LockedDistribution?

    package init(catalog: Catalog, request: ResolutionRequest, locked: LockedDistribution?) {
        self.catalog = catalog
        self.request = request
        self.locked = locked
    }

    /// What holds all of `words` in its name or summary, the best first. Throws `NothingFound` where nothing does.
    package func find(_ words: [String]) throws -> [PackageFinding] {
        let packages = try catalog.packages()
        let matches = packages.matches(WordSearch(words))
        guard !matches.isEmpty else { throw nothing(words, packages) }
        var profiles: [String: (version: String, names: Set<String>)] = [:]
        for package in locked?.packages ?? [] {
            let key = "\(package.name):\(package.architecture)"
            profiles[key, default: (package.version, [])].names.formUnion(package.profiles)
        }
        for package in locked?.built ?? [] {
            let key = "\(package.name):\(package.architecture)"
            profiles[key, default: (package.version, [])].names.formUnion(package.profiles)
        }
        let lines = linesByName()
        return matches.map { match in
            let name = packages.name(of: match)
            let architecture = packages.architecture(of: match)
            let version = packages.version(of: match)
            let carried = profiles["\(name):\(architecture)"]
            var suites: [String] = []
            for source in packages.sources(of: match) where !suites.contains(source.brief) {
                suites.append(source.brief)
            }
            return PackageFinding(
                name: name, version: version, architecture: architecture, suites: suites,
                summary: packages.summary(of: match), profiles: carried?.names.sorted() ?? [],
                lockedVersion: carried.flatMap { $0.version == version ? nil : $0.version }, lines: lines[name] ?? [])
        }
    }

    /// Each line once, however many profiles share its set.
    private func linesByName() -> [String: [PackageSetEntry]] {
        var lines: [String: [PackageSetEntry]] = [:]
        for entry in request.profiles.flatMap(\.sets.entries) where !lines[entry.name, default: []].contains(entry) {
            lines[entry.name, default: []].append(entry)
        }
        return lines
    }

    private func nothing(_ words: [String], _ packages: any CatalogPackages) -> NothingFound {
        var nearest: [String] = []
        var providers: [String] = []
        for word in words {
            nearest += packages.nearestNames(to: word.lowercased())
            providers += packages.providers(of: word).map { packages.name(of: $0) }
        }
        return NothingFound(
            words: words, distribution: request.distribution, nearest: nearest, providers: providers)
    }
}

/// A search without result.
package struct NothingFound: UserError {
    /// What was looked for, all of it at once.
    package let words: [String]
    /// Where it was looked for: "debian".
    package let distribution: String
    /// Names that are spelled much like one of the words.
    package let nearest: [String]
    /// Packages that provide a word under another name.
    package let providers: [String]

    package var what: String {
        let quoted = words.map { "\"\($0)\"" }.joined(separator: " and ")
        return "no name and no summary in \(distribution) holds \(quoted)"
    }
    package var hint: String? {
        if !providers.isEmpty { return "it is provided by \(providers.joined(separator: ", "))" }
        return nearest.isEmpty ? nil : "did you mean \(nearest.joined(separator: ", "))?"
    }
}

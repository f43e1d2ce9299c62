package import APT
import Declaration
import Primitives
package import Solver

extension DebianUniverse: CatalogPackages {
    /// Of the field Package.
    package func name(of package: PackageID) -> String { table.name(of: package) }
    /// Of the field Version.
    package func version(of package: PackageID) -> String { "\(table.version(of: package))" }
    /// Of the field Architecture.
    package func architecture(of package: PackageID) -> String { table.architecture(of: package) }
    /// The first line of Description.
    package func summary(of package: PackageID) -> String { table.summary(of: package) }
    /// Candidates or not, in the order of the sources.
    package func packages(named name: String) -> [PackageID] { table.packages(named: name) }
    /// Those that have it in Provides, candidates or not.
    package func providers(of name: String) -> [PackageID] { table.providers(of: name) }
    /// Whether the table knows the name as that of a package, or of what one provides.
    package func isProvided(_ name: String) -> Bool { table.isProvided(name) }
    /// Those of the table, the likeliest first.
    package func nearestNames(to name: String) -> [String] { table.nearestNames(to: name) }
    /// apt's candidate for the native architecture, under the pins; nil where they forbid every version.
    package func candidate(of name: String) -> PackageID? { candidate(of: name, architecture: nil) }

    /// Every index that lists it.
    package func sources(of package: PackageID) -> [PackageSource] {
        table.origins(of: package).map { origin in
            PackageSource(
                repository: origin.repository, suite: origin.suite, generation: origin.generation, shown: origin.name,
                brief: origin.suite)
        }
    }

    /// By the suite as it was asked for, by Suite (which apt calls archive), or by Codename.
    package func isFrom(_ suite: String, _ package: PackageID) -> Bool {
        table.origins(of: package).contains { $0.isSuite(suite) }
    }

    /// nil for the prebuilt ZFS module. Throws `PackageIndexError` where Filename, Size or SHA256 is missing or means
    /// nothing.
    package func file(of package: PackageID) throws -> PackageFile? {
        guard let origin = table.origins(of: package).first, origin.repository != Resolver.builtHere else { return nil }
        let details = try table.details(of: package)
        return PackageFile(
            repository: origin.repository, path: details.filename, digest: details.sha256, size: details.size,
            installedSize: details.installedSize ?? .zero)
    }

    /// Always one. A version or a suite in the request makes another candidate of the name.
    package func requirements(
        for request: PackageRequest, label: Int32, isOptional: Bool
    ) throws -> [Requirement] {
        [try requirement(for: request, label: label, isOptional: isOptional)]
    }

    /// In Pre-Depends (weakness 0), Depends, Recommends and Suggests (3).
    package func mentions(of names: Set<String>, by package: PackageID) -> [PackageMention] {
        let fields = ["Pre-Depends", "Depends", "Recommends", "Suggests"]
        return table.mentions(of: names, by: package).map { mention in
            PackageMention(
                field: mention.field, weakness: fields.firstIndex(of: mention.field) ?? fields.count,
                relation: mention.relation, names: mention.names)
        }
    }

    /// "Essential: yes", or "Priority: required" of one that is not; empty where there is no candidate.
    package func baseField(of name: String) -> String {
        guard let package = candidate(of: name) else { return "" }
        return table.isEssential(package) ? "Essential: yes" : "Priority: \(table.priority(of: package))"
    }

    /// What `nearMisses` finds, with the words that would ask for it.
    package func remedies(
        forRequirement label: Int32, of package: PackageID, wishes: [SolvedProfile.Wish]
    ) -> [String] {
        nearMisses(ofRequirement: label, of: package).map { sentence($0, wishes) }
    }

    private func sentence(_ miss: NearMiss, _ wishes: [SolvedProfile.Wish]) -> String {
        switch miss {
        case .unknown(let name): return "no package is called \(name), and none provides it, in the declared suites"
        case .unversioned(let package, let name): return "\(described(package)) provides \(name) without a version"
        case .otherVersion(let package):
            return "there is \(described(package)) (\(suites(package))), and that is no other version"
        case .otherArchitecture(let package):
            return "\(name(of: package)) is there for \(architecture(of: package)), which does not serve here"
        case .notCandidate(let package, let chosen):
            guard let chosen else {
                return "the pins forbid every version of \(name(of: package)), such as \(described(package)) "
                    + "(\(suites(package))): change the pins"
            }
            let there = "\(described(package)) (\(suites(package))) would do, but \(described(chosen)) is the candidate"
            if let entry = asked(for: chosen, wishes) {
                return "\(there), because \"\(entry.text)\" (\(entry.place)) asks for it: change that line"
            }
            return "\(there): ask for \(request(for: package, insteadOf: chosen)), or pin it"
        }
    }

    /// The words that make `package` the candidate.
    private func request(for package: PackageID, insteadOf chosen: PackageID) -> String {
        let suites = Set(table.origins(of: package).map(\.suite))
        let name = table.name(of: package)
        guard let suite = suites.subtracting(table.origins(of: chosen).map(\.suite)).sorted().first else {
            return "\(name)=\(table.version(of: package))"
        }
        return "\(name)/\(suite)"
    }

    /// The line that asks for just this version of a name.
    private func asked(for package: PackageID, _ wishes: [SolvedProfile.Wish]) -> PackageSetEntry? {
        let name = table.name(of: package)
        for case .line(let entry) in wishes where entry.name == name && (entry.version ?? entry.suite) != nil {
            return entry
        }
        return nil
    }

    private func described(_ package: PackageID) -> String { "\(name(of: package)) \(version(of: package))" }

    private func suites(_ package: PackageID) -> String {
        var seen: Set<String> = []
        return table.origins(of: package).map(\.suite).filter { seen.insert($0).inserted }.joined(separator: ", ")
    }
}

extension PackageSetEntry {
    /// "package-sets/debian/server.txt:41"
    var place: String { "\(location.file):\(location.line)" }
}

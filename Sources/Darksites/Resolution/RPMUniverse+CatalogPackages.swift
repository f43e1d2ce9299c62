package import APT
import Locking
import Primitives
package import RPM
package import Solver

extension RPMUniverse: CatalogPackages {
    /// "bash"
    package func name(of package: PackageID) -> String { table.name(of: package) }
    /// With the release, and an epoch that is not 0: "5.1.8-9.el9".
    package func version(of package: PackageID) -> String { table.version(of: package).text }
    /// "x86_64" or "noarch".
    package func architecture(of package: PackageID) -> String { table.architecture(of: package) }
    /// The element `summary`.
    package func summary(of package: PackageID) -> String { table.summary(of: package) }
    /// Hidden ones included.
    package func packages(named name: String) -> [PackageID] { table.packages(named: name) }
    /// Hidden ones included; for a path, those that have the file.
    package func providers(of name: String) -> [PackageID] { table.providers(of: name) }
    /// Whether one is called so, provides it or has it as a file, hidden or not.
    package func isProvided(_ name: String) -> Bool { table.isProvided(name) }
    /// Of those that can be chosen the best; nil where none can.
    package func candidate(of name: String) -> PackageID? { best(of: table.packages(named: name)).first }
    /// Always empty: nothing belongs to the base system by a field of its own.
    package func baseField(of name: String) -> String { "" }

    /// Just one: what two repositories have is two packages.
    package func sources(of package: PackageID) -> [PackageSource] {
        let repository = table.repository(of: package)
        return [
            PackageSource(
                repository: repository, suite: nil, generation: self.generation(of: package),
                shown: repository, brief: repository)
        ]
    }

    /// Whether `suite` is the name of its repository.
    package func isFrom(_ suite: String, _ package: PackageID) -> Bool { table.repository(of: package) == suite }

    /// Never nil. Throws `UnusablePackage` where it is listed by another digest than SHA-256, or lies at an address
    /// that is none of http or https.
    package func file(of package: PackageID) throws -> PackageFile? {
        let details = table.details(of: package)
        guard let location = RepositoryPath.joined(details.location, base: details.base) else {
            throw UnusablePackage(
                details, "lies at \(details.base ?? ""), which is no address of http or https",
                hint: "exclude it (excludes: in deploy.yaml), or take it from another repository")
        }
        guard details.checksumKind == .sha256, let digest = Digest(hex: details.checksum) else {
            throw UnusablePackage(
                details,
                "is listed by its \(details.checksumKind.name) alone, and deploy.lock knows packages by their sha256",
                hint: """
                    if the repository is yours, make its metadata with createrepo_c --checksum=sha256; else copy its packages into \
                    one that is, or exclude it (excludes: in deploy.yaml)
                    """)
        }
        return PackageFile(
            repository: details.repository, path: location, digest: digest, size: details.size,
            installedSize: details.installedSize)
    }

    /// One, or one for each member of a group. A suite in the request is a repository.
    package func requirements(
        for request: PackageRequest, label: Int32, isOptional: Bool
    ) throws -> [Requirement] {
        let isPlain = (request.architecture ?? request.version ?? request.suite) == nil
        let wanted =
            isPlain
            ? RPMRequest(request.name)
            : RPMRequest(
                name: request.name, architecture: request.architecture, version: request.version,
                repository: request.suite)
        return try requirements(for: wanted, label: label, isOptional: isOptional)
    }

    /// In Requires (weakness 1), Recommends, Suggests and Supplements (4).
    package func mentions(of names: Set<String>, by package: PackageID) -> [PackageMention] {
        let kinds: [(RelationKind, String, Int)] = [
            (.requires, "Requires", 1), (.recommends, "Recommends", 2), (.suggests, "Suggests", 3),
            (.supplements, "Supplements", 4),
        ]
        return kinds.flatMap { kind, field, weakness in
            table.relations(kind, of: package).filter { !names.isDisjoint(with: $0.names) }.map { relation in
                PackageMention(field: field, weakness: weakness, relation: "\(relation)", names: relation.names)
            }
        }
    }

    /// The names in the relation; each of a rich one comes with all of its text.
    package func alternatives(ofRequirement label: Int32, of package: PackageID) -> [(name: String, text: String)] {
        guard let (_, relation) = relation(label, of: package) else { return [] }
        let names = relation.names
        return names == [relation.name] ? [(relation.name, "\(relation)")] : names.map { ($0, "\(relation)") }
    }

    /// What `nearMisses` finds; what was asked for changes nothing of it.
    package func remedies(
        forRequirement label: Int32, of package: PackageID, wishes: [SolvedProfile.Wish]
    ) -> [String] {
        nearMisses(ofRequirement: label, of: package).map(sentence)
    }

    private func sentence(_ miss: RPMNearMiss) -> String {
        switch miss {
        case .unknown(let name): "no package is called \(name), and none provides it, in the declared repositories"
        case .otherVersion(let package):
            "there is \(describe(package)) (\(table.repository(of: package))), and that is no such version"
        case .otherArchitecture(let package):
            "\(name(of: package)) is there for \(architecture(of: package)), which does not serve here"
        case .excluded(let package): "\(describe(package)) would do, and is excluded in deploy.yaml"
        case .hiddenByModules(let package, let streams):
            "\(describe(package)) would do, and no stream of its module is enabled"
                + (streams.isEmpty ? "" : ": enable \(streams.joined(separator: " or ")) (modules: in deploy.yaml)")
        }
    }
}

/// A package that a repository lists, and that can't be put into a mirror.
struct UnusablePackage: UserError {
    let package: String
    let problem: String
    let hint: String?

    init(_ details: RPMPackageDetails, _ problem: String, hint: String) {
        self.hint = hint
        package = "\(details.name)-\(details.version).\(details.architecture) of \(details.repository)"
        self.problem = problem
    }

    var what: String { "\(package) \(problem)" }
}

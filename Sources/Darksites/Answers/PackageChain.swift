package import Declaration
package import Primitives
package import Solver

/// The shortest way from something that is asked for to a package, in words.
package struct PackageChain: Hashable, Sendable {
    /// What the way begins with.
    package enum Origin: Hashable, Sendable {
        /// A line of a package set.
        case line(PackageSetEntry)
        /// A package that every system starts from, and the field that says so: "Essential: yes", "Priority: required".
        case base(name: String, because: String)
        /// The prebuilt ZFS module, which joins a profile that wants ZFS.
        case module(String)
        /// A package that an update moves.
        case update(String)

        /// The name that is asked for: "htop".
        package var name: String {
            switch self {
            case .line(let entry): entry.text
            case .base(let name, _): name
            case .module(let name), .update(let name): name
            }
        }

        /// The line's place; nil for what no line asks for.
        package var location: SourceLocation? { if case .line(let entry) = self { entry.location } else { nil } }

        /// "package-sets/debian/server.txt:41", or "base system", "zfs-module".
        package var place: String {
            switch self {
            case .line(let entry): "\(entry.location.file):\(entry.location.line)"
            case .base: "base system"
            case .module: "deploy.yaml, zfs-module"
            case .update: "deploy update"
            }
        }
    }

    /// One package on the way that needs the next.
    package struct Link: Hashable, Sendable {
        /// The package that needs the next.
        package let name: String
        /// As its package manager spells it.
        package let version: String
        /// "amd64", "all".
        package let architecture: String
        /// "depends on libnl-genl-3-200 (>= 3.7.0)"
        package let relation: String
        /// The package that answers the relation.
        package let answer: String
        /// Whether that one provides a name of the relation, and is not called so.
        package let isProvided: Bool
    }

    /// What asks for the first package.
    package let origin: Origin
    /// The package that answers what the origin names.
    package let first: String
    /// From the first package to the one that needs the package asked about; empty where that one is asked for itself.
    package let links: [Link]
}

extension SolvedProfile {
    /// The shortest way from the request to `package`; nil where the profile has it not.
    package func chain(to package: PackageID) -> PackageChain? {
        let links = solution.chain(to: package)
        guard let head = links.first, case .requested(let label) = head.reason else { return nil }
        let needs = zip(links, links.dropFirst()).map { link, next in
            var relation = ""
            if case .required(let by, let label, _) = next.reason {
                relation = universe.describe(requirement: label, of: by)
            }
            let name = universe.name(of: next.package)
            let words = relation.split { " ,|(:".contains($0) }
            return PackageChain.Link(
                name: universe.name(of: link.package), version: universe.version(of: link.package),
                architecture: universe.architecture(of: link.package), relation: relation, answer: name,
                isProvided: !words.contains { $0 == name })
        }
        return PackageChain(origin: origin(Int(label)), first: universe.name(of: head.package), links: needs)
    }

    /// The wish with this number as the beginning of a chain.
    func origin(_ label: Int) -> PackageChain.Origin {
        switch wishes[label] {
        case .line(let entry): .line(entry)
        case .module(let name): .module(name)
        case .update(let name): .update(name)
        case .base(let name): .base(name: name, because: universe.baseField(of: name))
        }
    }
}

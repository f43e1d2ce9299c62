import APT
package import Declaration
package import Locking
package import Packages
import Primitives
import Solver

/// A profile to resolve: what an empty system must have in the end.
package struct ProfileRequest: Sendable {
    /// What is there before the sets say anything.
    package enum Base: Sendable {
        /// What an installation of Debian starts from: Essential, and the priorities required and important.
        case installation
        /// Essential alone: enough for dpkg to run.
        case essential
    }

    /// "server"; `live` and `builder` are internal ones.
    package let name: String
    /// What it starts from.
    package let base: Base
    /// The lines of all its sets, joined.
    package let sets: PackageSetUnion

    package init(name: String, base: Base, sets: PackageSetUnion) {
        self.name = name
        self.base = base
        self.sets = sets
    }

    /// Whether it has what its packages recommend, too.
    package var includesRecommends: Bool { sets.followsRecommends }

    static let zfsNames: Set<String> = ["zfsutils-linux", "zfs-dkms"]

    /// Whether it must have a kernel that its OpenZFS can be built for.
    var wantsZFS: Bool { sets.wanted.contains { Self.zfsNames.contains($0.name) } }
}

/// What has to be resolved of one distribution.
package struct ResolutionRequest: Sendable {
    /// As the declaration calls it.
    package let distribution: String
    /// The native one, in the words of the family: "amd64", "x86_64".
    package let architecture: String
    /// What the declaration and its sets ask for, as the lock says it.
    package let asked: LockedRequest
    /// In the order of the declaration.
    package var profiles: [ProfileRequest]
    /// Of the family that `asked` is of.
    package let rules: Rules

    /// What decides between packages, by their family.
    package enum Rules: Sendable {
        case apt(APTRules)
        case rpm(RPMRules)
    }

    /// That of what is asked for.
    package var family: PackageFamily { asked.source.family }

    package init(
        distribution: String, architecture: String, asked: LockedRequest, profiles: [ProfileRequest], rules: Rules
    ) {
        self.distribution = distribution
        self.architecture = architecture
        self.asked = asked
        self.profiles = profiles
        self.rules = rules
    }
}

/// Turns package sets into the exact packages of a lock, against one snapshot.
package struct Resolver: Sendable {
    package init() {}

    /// What a resolution came to.
    package struct Resolution {
        /// The section of the lock that it makes.
        package let locked: LockedDistribution
        /// In the order of the request.
        package let profiles: [SolvedProfile]
        /// Optional lines that could not be had, with the reason, and what else is worth knowing; each once.
        package var remarks: [String] {
            var seen: Set<String> = []
            return profiles.flatMap(\.remarks).filter { seen.insert($0).inserted }
        }
    }

    /// Resolves every profile on its own, each as one joint solution on an empty system.
    ///
    /// Throws `UserErrors` with everything that is wrong in any profile: unknown names with the nearest known ones, and
    /// for what can't be installed together the lines that ask for it and why.
    package func resolve(_ request: ResolutionRequest, in catalog: Catalog) throws -> Resolution {
        var errors: [any UserError] = []
        var solved: [SolvedProfile] = []
        for profile in request.profiles {
            do {
                let family: any ProfileFamily =
                    switch catalog.content {
                    case .apt(let apt): APTProfile(apt, in: catalog, profile)
                    case .rpm(let rpm): try RPMProfile(rpm, in: catalog, profile)
                    }
                solved.append(
                    try ProfileResolver(request: request, profile: profile, hold: catalog.hold).solve(family))
            } catch let failure as UserErrors {
                for error in failure.errors where !errors.contains(where: { $0.description == error.description }) {
                    errors.append(error)
                }
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        return Resolution(locked: try lock(request, catalog, solved), profiles: solved)
    }

    static let builtHere = "built-here"

    private func lock(
        _ request: ResolutionRequest, _ catalog: Catalog, _ profiles: [SolvedProfile]
    ) throws -> LockedDistribution {
        var members: [PackageID: Set<String>] = [:]
        var essential: Set<PackageID> = []
        for profile in profiles {
            for package in profile.packages { members[package, default: []].insert(profile.name) }
            essential.formUnion(profile.essential)
        }
        var packages: [LockedPackage] = []
        var built: [LockedBuild] = []
        // All profiles were solved in the packages of the same table.
        guard let known = profiles.first?.universe else {
            throw UserErrors([NothingToResolve(name: request.distribution)])
        }
        for (package, profiles) in members {
            let (name, version, architecture) = (
                known.name(of: package), known.version(of: package), known.architecture(of: package)
            )
            guard let file = try known.file(of: package) else {
                built.append(
                    LockedBuild(name: name, version: version, architecture: architecture, profiles: profiles.sorted()))
                continue
            }
            packages.append(
                LockedPackage(
                    name: name, version: version, architecture: architecture, profiles: profiles.sorted(),
                    isEssential: essential.contains(package), size: file.size, repository: file.repository,
                    path: file.path, digest: file.digest))
        }
        let needed = neededSnapshots(catalog.snapshot, members.keys.map(known.sources))
        return LockedDistribution(
            name: request.distribution, family: request.family, architecture: request.architecture,
            asked: request.asked,
            snapshots: catalog.snapshot.snapshots.filter(needed.contains),
            indexes: catalog.snapshot.indexes.filter { index in
                needed.contains { catalog.snapshot.states[$0]?.indexes.contains(index.digest) ?? true }
            }, packages: packages, built: built)
    }

    /// The first snapshot of each suite, and of the later ones those without which a package would be in none: an update of
    /// single packages leaves a second snapshot behind, and that goes with the last package that needs it.
    private func neededSnapshots(_ snapshot: Snapshot, _ origins: [[PackageSource]]) -> Set<LockedSnapshot> {
        var needed = Set(snapshot.snapshots)
        let later = snapshot.snapshots.filter { (snapshot.states[$0]?.generation ?? 0) > 0 }.sorted()
        guard !later.isEmpty else { return needed }
        let origins = origins.filter { !$0.isEmpty }
        for one in later {
            let others = needed.subtracting([one])
            let isCovered = origins.allSatisfy { origins in
                origins.contains { origin in
                    origin.repository == Self.builtHere
                        || others.contains {
                            $0.repository == origin.repository && $0.suite == origin.suite
                                && snapshot.states[$0]?.generation == origin.generation
                        }
                }
            }
            if isCovered { needed = others }
        }
        return needed
    }
}

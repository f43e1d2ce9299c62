package import Locking
import Packages
package import Primitives

/// What a machine of one distribution needs that was installed from an earlier lock, to become what a later one would install: of each
/// profile that both have.
package struct DistributionDelta: Sendable {
    /// A package, as a package manager tells it from others.
    package struct Package: Hashable, Sendable, Comparable {
        /// "htop"
        package let name: String
        /// "amd64", "all", "noarch"
        package let architecture: String
        /// "3.4.1-5"
        package let version: String

        package init(name: String, architecture: String, version: String) {
            self.name = name
            self.architecture = architecture
            self.version = version
        }

        package static func < (a: Self, b: Self) -> Bool {
            (a.name, a.architecture, a.version) < (b.name, b.architecture, b.version)
        }
    }

    /// A package that gets another version.
    package struct Upgrade: Hashable, Sendable {
        /// With the version that it gets.
        package let package: Package
        /// The version that it had.
        package let from: String
    }

    /// What becomes of the machines of one profile.
    package struct Profile: Hashable, Sendable {
        /// "server"
        package let name: String
        /// In the order of names, like the others.
        package let upgrades: [Upgrade]
        /// Packages that the profile had not.
        package let installs: [Package]
        /// Packages that it has no more.
        package let removals: [Package]
        /// How many packages the profile had, and will have.
        package let before: Int
        package let after: Int

        /// Whether nothing becomes of them.
        package var isEmpty: Bool { upgrades.isEmpty && installs.isEmpty && removals.isEmpty }

        /// What has to be brought to them.
        package var arriving: [Package] { (upgrades.map(\.package) + installs).sorted() }
    }

    /// What the machines were installed from.
    package let from: LockedDistribution
    /// What they are to become.
    package let to: LockedDistribution
    /// Those that both locks have, in the order in which they were asked for.
    package let profiles: [Profile]
    /// The packages that some profile needs, and no machine of it has, with the profiles that do.
    package let packages: [LockedPackage]
    /// The same of those that the build makes.
    package let built: [LockedBuild]
    /// Packages whose version stayed, and whose file did not: no package manager would take the other one.
    package let rebuilt: [Package]

    /// What their files weigh; those that the build makes are not among them.
    package var size: ByteCount { packages.reduce(.zero) { $0 + $1.size } }

    /// Whether no profile moves.
    package var isEmpty: Bool { profiles.allSatisfy(\.isEmpty) }

    /// What brings machines from `old` to `new`, of those of `names` that are profiles of both.
    ///
    /// Throws `DeltaError` where they have no profile in common, are for other machines, or where something would go back.
    package init(
        from old: LockedDistribution, to new: LockedDistribution, profiles names: [String]
    ) throws(DeltaError) {
        from = old
        to = new
        guard old.family == new.family, old.architecture == new.architecture else {
            throw DeltaError(
                .otherMachine(distribution: new.name, from: old.architecture, to: new.architecture))
        }
        let common = names.filter { old.profiles.contains($0) && new.profiles.contains($0) }
        guard !common.isEmpty else {
            throw DeltaError(.noProfile(distribution: new.name, asked: names, old: old.profiles))
        }
        let moved = LockDifference(from: old, to: new).profiles
        var rebuilt: Set<Package> = []
        var back: [String] = []
        var profiles: [Profile] = []
        for name in common {
            var upgrades: [Upgrade] = []
            var installs: [Package] = []
            var removals: [Package] = []
            for change in moved.first(where: { $0.name == name })?.changes ?? [] {
                func package(_ version: String) -> Package {
                    Package(name: change.name, architecture: change.architecture, version: version)
                }
                switch change.kind {
                case .added(let version): installs.append(package(version))
                case .removed(let version): removals.append(package(version))
                case .upgraded(let old, let new): upgrades.append(Upgrade(package: package(new), from: old))
                case .downgraded: back.append(change.description)
                case .replaced(let version): rebuilt.insert(package(version))
                }
            }
            // One whose architecture is another now is the same package to a package manager, as long as one of the two is "all".
            for package in installs {
                let isIndependent = { (package: Package) in ["all", "noarch"].contains(package.architecture) }
                guard
                    let old = removals.firstIndex(where: {
                        $0.name == package.name && isIndependent($0) != isIndependent(package)
                    })
                else { continue }
                upgrades.append(Upgrade(package: package, from: removals.remove(at: old).version))
                installs.removeAll { $0 == package }
            }
            upgrades.sort { $0.package < $1.package }
            profiles.append(
                Profile(
                    name: name, upgrades: upgrades, installs: installs, removals: removals,
                    before: old.installed(by: name).count, after: new.installed(by: name).count))
        }
        guard back.isEmpty else {
            throw DeltaError(.goesBack(distribution: new.name, packages: Set(back).sorted()))
        }
        self.profiles = profiles
        self.rebuilt = rebuilt.sorted()
        var needed: [Package: Set<String>] = [:]
        for profile in profiles {
            for package in profile.arriving { needed[package, default: []].insert(profile.name) }
        }
        func profilesNeeding(_ package: Package, among all: [String]) -> [String] {
            needed[package].map { $0.filter(all.contains).sorted() } ?? []
        }
        packages = new.packages.compactMap { locked in
            let profiles = profilesNeeding(locked.asPackage, among: locked.profiles)
            return profiles.isEmpty ? nil : locked.of(profiles)
        }
        built = new.built.compactMap { locked in
            let profiles = profilesNeeding(locked.asPackage, among: locked.profiles)
            return profiles.isEmpty
                ? nil
                : LockedBuild(
                    name: locked.name, version: locked.version, architecture: locked.architecture, profiles: profiles)
        }
    }

    /// The later lock as far as the medium carries it: what a mirror is made of that has nothing else.
    package var carried: LockedDistribution {
        LockedDistribution(
            name: to.name, family: to.family, architecture: to.architecture, asked: to.asked, snapshots: to.snapshots,
            indexes: to.indexes, packages: packages, built: built)
    }
}

extension LockedDistribution {
    /// All that a machine of `profile` has, what the build makes included, sorted.
    package func installed(by profile: String) -> [DistributionDelta.Package] {
        (packages(of: profile).map(\.asPackage)
            + built.filter { $0.profiles.contains(profile) }.map(\.asPackage)).sorted()
    }
}

extension LockedPackage {
    fileprivate var asPackage: DistributionDelta.Package {
        DistributionDelta.Package(name: name, architecture: architecture, version: version)
    }

    /// The same package, for these profiles alone.
    fileprivate func of(_ profiles: [String]) -> LockedPackage {
        LockedPackage(
            name: name, version: version, architecture: architecture, profiles: profiles, isEssential: isEssential,
            size: size, repository: repository, path: path, digest: digest)
    }
}

extension LockedBuild {
    fileprivate var asPackage: DistributionDelta.Package {
        DistributionDelta.Package(name: name, architecture: architecture, version: version)
    }
}

package import APT
import Declaration
import Locking
package import Primitives
package import Solver

/// The packages of a distribution as profiles, questions and the lock see them: what APT's and RPM's have in common.
package protocol CatalogPackages: PackageUniverse {
    /// "htop"
    func name(of package: PackageID) -> String
    /// As the lock and its family's package manager spell it.
    func version(of package: PackageID) -> String
    /// That of the package: "amd64", "all", "x86_64", "noarch".
    func architecture(of package: PackageID) -> String
    /// A line.
    func summary(of package: PackageID) -> String
    /// Where it comes from, the first of them first; several indexes may list the same package.
    func sources(of package: PackageID) -> [PackageSource]
    /// Whether it comes from what people call `suite`: a suite by any of its names, or a repository.
    func isFrom(_ suite: String, _ package: PackageID) -> Bool
    /// Its file; nil for a package that the build makes itself. Throws where the index does not say all of it.
    func file(of package: PackageID) throws -> PackageFile?
    /// Every version that is called so.
    func packages(named name: String) -> [PackageID]
    /// The packages that provide `name` and are not called so.
    func providers(of name: String) -> [PackageID]
    /// Whether a package is called `name`, or provides it.
    func isProvided(_ name: String) -> Bool
    /// Names that are spelled much like `name`, the nearest first.
    func nearestNames(to name: String) -> [String]
    /// What is taken of this name where nothing else decides.
    func candidate(of name: String) -> PackageID?
    /// What a search finds, the best first.
    func matches(_ search: WordSearch) -> [PackageID]

    /// What `request` asks of a solution; `label` and `isOptional` go into it. All requests come before a solver is made.
    /// Throws where nothing answers it.
    func requirements(for request: PackageRequest, label: Int32, isOptional: Bool) throws -> [Requirement]
    /// The relations of `package` in which one of `names` stands.
    func mentions(of names: Set<String>, by package: PackageID) -> [PackageMention]
    /// What a requirement names, and each with its version; nothing where it can't be read.
    func alternatives(ofRequirement label: Int32, of package: PackageID) -> [(name: String, text: String)]
    /// What could be changed so that something meets a requirement that nothing does, a sentence each. `wishes` is what was
    /// asked for.
    func remedies(forRequirement label: Int32, of package: PackageID, wishes: [SolvedProfile.Wish]) -> [String]
    /// Why a package belongs to the base system: "Essential: yes".
    func baseField(of name: String) -> String
}

/// Where a package comes from.
package struct PackageSource: Hashable, Sendable {
    /// As the declaration calls it.
    package let repository: String
    /// "trixie-security"; nil for repositories of RPM packages.
    package let suite: String?
    /// Of the snapshot that has it; see ``Snapshot/State``.
    package let generation: Int
    /// "debian trixie/main"
    package let shown: String
    /// "trixie-security"; the repository where that has no suites.
    package let brief: String
}

/// The file of a package.
package struct PackageFile: Hashable, Sendable {
    /// The one it is taken from, as the declaration calls it.
    package let repository: String
    /// From the root of the repository.
    package let path: String
    /// Of the file.
    package let digest: Digest
    /// Of the file.
    package let size: ByteCount
    /// As the package estimates it; zero where it doesn't.
    package let installedSize: ByteCount
}

/// A relation of a package in which a name stands.
package struct PackageMention: Hashable, Sendable {
    /// "Depends"
    package let field: String
    /// How strong that is: 0 for what must be there first, then what must be, should be, may be.
    package let weakness: Int
    /// With all its alternatives: "exim4 | mail-transport-agent".
    package let relation: String
    /// The names that stand in it, without versions.
    package let names: [String]
}

extension CatalogPackages {
    /// What is asked for by a line of a package set.
    func requirements(for entry: PackageSetEntry, label: Int32) throws -> [Requirement] {
        try requirements(
            for: PackageRequest(
                name: entry.name, architecture: entry.architecture, version: entry.version, suite: entry.suite),
            label: label, isOptional: entry.kind == .optional)
    }

    /// The package that `locked` is, where it is there in just this version.
    func find(_ locked: LockedPackage) -> PackageID? {
        packages(named: locked.name).first {
            version(of: $0) == locked.version && architecture(of: $0) == locked.architecture
        }
    }
}

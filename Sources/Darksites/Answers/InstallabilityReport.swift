/// Which packages of a snapshot no system can have, and why.
package struct InstallabilityReport: Hashable, Sendable {
    /// A package that no system can have.
    package struct Package: Hashable, Sendable {
        /// "htop"
        package let name: String
        /// As its package manager spells it.
        package let version: String
        /// That of the package: "amd64", "all".
        package let architecture: String
        /// The explanation, a sentence each; the last is the conclusion.
        package let steps: [String]
        /// The names from this package to the one where it ends, both included.
        package let chain: [String]
    }

    /// Packages that can't be installed for one reason.
    package struct Cause: Hashable, Sendable {
        /// "no package is called or provides libfoo5"
        package let what: String
        /// Sorted by name.
        package let packages: [Package]
    }

    /// How many packages were checked.
    package let checked: Int
    /// The cause of the most packages first.
    package let causes: [Cause]

    /// The packages of all causes, sorted by name.
    package var broken: [Package] { causes.flatMap(\.packages).sorted { $0.name < $1.name } }
}

/// A package of a universe: a dense number from 0. One version of one name for one architecture is one package.
package struct PackageID: Hashable, Sendable, Comparable {
    /// From 0, below `packageCount` of the universe.
    package let index: Int32

    /// The package with the number `index`, which must fit into 32 bits.
    package init(_ index: some BinaryInteger) { self.index = Int32(index) }

    package static func < (a: PackageID, b: PackageID) -> Bool { a.index < b.index }
}

/// Something that needs one of several packages.
package struct Requirement: Hashable, Sendable {
    /// The packages that satisfy it, the most wanted first; empty where nothing does.
    package var candidates: [PackageID]
    /// What the universe needs to say it in words: for example the index of the relation in its own tables.
    package var label: Int32
    /// Whether it is only wanted: dropped without error where it can't be had (Recommends, optional set lines).
    package var isOptional: Bool
    /// The requirement binds only while all of these are installed: with it every rich relation of RPM is a list of
    /// requirements. `(b if c)` is `b` given `c`; a conflict with `(b unless c)` is `c` given `b`.
    package var given: [PackageID]

    package init(candidates: [PackageID], label: Int32, isOptional: Bool = false, given: [PackageID] = []) {
        self.candidates = candidates
        self.label = label
        self.isOptional = isOptional
        self.given = given
    }
}

/// Packages that can't be installed together with the one that declares it.
package struct Conflict: Hashable, Sendable {
    /// Any of them is one too many.
    package var packages: [PackageID]
    /// What the universe needs to say it in words, as in `Requirement`.
    package var label: Int32

    package init(packages: [PackageID], label: Int32) {
        self.packages = packages
        self.label = label
    }
}

/// Which packages a solver takes where it has a choice.
package enum ChoicePolicy: Sendable {
    /// Whatever is installed in any case meets a requirement, and nothing stays that could be left out. What is optional
    /// comes after all that is not.
    case fewest
    /// What APT takes on an empty system, package for package where its search does not run into a dead end.
    case apt
    /// What libsolv takes on an empty system, as dnf uses it. The universe has to be a ``WeighingUniverse``.
    case dnf
}

/// The packages there are and how they relate. The solver asks only about packages it comes near.
package protocol PackageUniverse {
    /// How many packages there are: their numbers are 0 up to this.
    var packageCount: Int { get }
    /// How the package manager of these packages chooses. There is no default: one universe around another that did not hand it
    /// on would have its packages chosen in another way, and nothing would say so.
    var policy: ChoicePolicy { get }
    /// What `package` requires, in the order in which the target's package manager looks at it.
    func requirements(of package: PackageID) -> [Requirement]
    /// What `package` itself declares not to tolerate (one direction is enough), other versions of its own name included.
    func conflicts(of package: PackageID) -> [Conflict]
    /// "postfix 3.10.1-1 amd64"
    func describe(_ package: PackageID) -> String
    /// "depends on default-mta | mail-transport-agent"; `label` is that of a requirement of `package`.
    func describe(requirement label: Int32, of package: PackageID) -> String
    /// "conflicts with mail-transport-agent"; `label` is that of a conflict of `package`.
    func describe(conflict label: Int32, of package: PackageID) -> String
}

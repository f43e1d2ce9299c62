/// A universe in which some packages are preferred: wherever one of them satisfies a requirement, it comes before the others.
///
/// A solver that looks at it keeps to what was chosen before, where that is still possible and still needed. Not for a
/// ``WeighingUniverse``, which has to prefer by itself.
package struct PreferringUniverse: PackageUniverse {
    private let base: any PackageUniverse
    private let preferred: Set<PackageID>

    package init(_ base: any PackageUniverse, preferring preferred: Set<PackageID>) {
        self.base = base
        self.preferred = preferred
    }

    /// That of the universe within, whose numbers the packages keep.
    package var packageCount: Int { base.packageCount }
    /// That of the universe within.
    package var policy: ChoicePolicy { base.policy }

    /// What the universe within has, each with the preferred candidates first.
    package func requirements(of package: PackageID) -> [Requirement] {
        base.requirements(of: package).map(inOrder)
    }

    /// `requirement` with the preferred candidates first; the order is otherwise kept.
    package func inOrder(_ requirement: Requirement) -> Requirement {
        guard requirement.candidates.count > 1, requirement.candidates.contains(where: preferred.contains) else {
            return requirement
        }
        var result = requirement
        let others = requirement.candidates.filter { !preferred.contains($0) }
        result.candidates = requirement.candidates.filter(preferred.contains) + others
        return result
    }

    /// What the universe within has.
    package func conflicts(of package: PackageID) -> [Conflict] { base.conflicts(of: package) }
    /// In the words of the universe within.
    package func describe(_ package: PackageID) -> String { base.describe(package) }
    /// In the words of the universe within: labels are its own.
    package func describe(requirement label: Int32, of package: PackageID) -> String {
        base.describe(requirement: label, of: package)
    }
    /// In the words of the universe within: labels are its own.
    package func describe(conflict label: Int32, of package: PackageID) -> String {
        base.describe(conflict: label, of: package)
    }
}

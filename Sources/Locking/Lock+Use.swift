package import Packages

extension Lock {
    /// The sections of the distributions that are called so.
    package func only(_ names: Set<String>) -> Lock { Lock(distributions.filter { names.contains($0.name) }) }
}

extension LockedDistribution {
    /// The date of the newest snapshot: that of the mirror made of it.
    package var epoch: LockDate? { snapshots.map(\.date).max() }
}

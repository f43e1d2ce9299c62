import APT
import Solver

/// What a resolution keeps of an earlier one: only what the change asks for is to change.
///
/// Where the lock has one snapshot of each suite, candidates are what pins and versions say, as always; of several packages
/// that would do, those stay that were chosen before. Where it has several snapshots of a suite, because single packages were
/// updated, what is locked is also held in its version; other names are taken from the oldest snapshot; the named ones move to
/// the latest version; and whatever else has to move for that is offered after what is held.
package struct LockHold: Sendable {
    private let locked: LockedDistribution?
    /// Names of packages that are to move to their latest version.
    let moving: Set<String>

    package init(_ locked: LockedDistribution? = nil, moving: Set<String> = []) {
        self.locked = locked
        self.moving = moving
    }

    /// Whether versions are held, beside choices.
    func holdsVersions(in snapshot: Snapshot) -> Bool { snapshot.generations.values.contains { $0 > 0 } }

    /// The packages of a profile, as far as `table` has them in just these versions.
    func packages(of profile: String, in table: PackageTable) -> Set<PackageID> {
        Set(
            (locked?.packages ?? []).filter { $0.profiles.contains(profile) && !moving.contains($0.name) }
                .compactMap { find($0, in: table) })
    }

    /// Those of `moving` that a profile has.
    func moving(in profile: String) -> [String] {
        guard let locked, !moving.isEmpty else { return [] }
        return Set(locked.packages.filter { $0.profiles.contains(profile) }.map(\.name)).intersection(moving).sorted()
    }

    /// Decides candidates in `universe`.
    func apply(to universe: DebianUniverse) {
        for package in locked?.packages ?? [] where !moving.contains(package.name) {
            if let found = find(package, in: universe.table) { universe.hold(found) }
        }
        for name in moving.sorted() { _ = universe.moveCandidate(of: name) }
    }

    private func find(_ package: LockedPackage, in table: PackageTable) -> PackageID? {
        table.packages(named: package.name).first {
            "\(table.version(of: $0))" == package.version && table.architecture(of: $0) == package.architecture
        }
    }
}

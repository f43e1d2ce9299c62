import APT
package import Locking
import Packages
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

    /// Of when the locked states are that alone count; nil where today's count, too.
    var lockedDate: LockDate? { moving.isEmpty ? locked?.epoch : nil }

    /// Whether versions are held, beside choices.
    func holdsVersions(in snapshot: Snapshot) -> Bool { snapshot.generations.values.contains { $0 > 0 } }

    /// The packages of a profile, as far as `packages` has them in just these versions. Those of the user's own files move with
    /// the files: what lies there is what is meant.
    func packages(of profile: String, in packages: any CatalogPackages) -> Set<PackageID> {
        let own = locked?.asked?.ownRepositories ?? []
        return Set(
            (locked?.packages ?? []).filter {
                $0.profiles.contains(profile) && !moving.contains($0.name) && !own.contains($0.repository)
            }.compactMap { packages.find($0) })
    }

    /// Those of `moving` that a profile has.
    func moving(in profile: String) -> [String] {
        guard let locked, !moving.isEmpty else { return [] }
        return Set(locked.packages.filter { $0.profiles.contains(profile) }.map(\.name)).intersection(moving).sorted()
    }

    /// The packages of `table` under `pins`, with the candidates that the lock holds.
    func universe(
        of table: PackageTable, in snapshot: Snapshot, pins: [Pin], includesRecommends: Bool = false
    ) -> DebianUniverse {
        let holdsVersions = holdsVersions(in: snapshot)
        let universe = DebianUniverse(
            table, pins: pins, includesRecommends: includesRecommends, offersOtherVersions: holdsVersions)
        if holdsVersions { apply(to: universe) }
        return universe
    }

    /// Decides candidates in `universe`.
    func apply(to universe: DebianUniverse) {
        for package in locked?.packages ?? [] where !moving.contains(package.name) {
            if let found = universe.find(package) { universe.hold(found) }
        }
        for name in moving.sorted() { _ = universe.moveCandidate(of: name) }
    }
}

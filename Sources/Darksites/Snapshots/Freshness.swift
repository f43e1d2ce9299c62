package import Locking
import Packages
import Primitives

/// What a person accepts of states that would be refused: each names a suite, as `repository/suite`, or a repository of RPM
/// packages.
package struct Allowances: Hashable, Sendable {
    /// Their Release file may have expired.
    package var expired: Set<String>
    /// Their state may be older than the locked one, and than their repository's max-age.
    package var older: Set<String>

    package init(expired: Set<String> = [], older: Set<String> = []) {
        self.expired = expired
        self.older = older
    }
}

extension LockedSnapshot {
    /// What a flag names it by: "debian/trixie", "fedora-updates".
    package var allowanceName: String { name.allowance }
}

extension SuiteName {
    /// "debian/trixie", "fedora-updates".
    var allowance: String { suite.map { "\(repository)/\($0)" } ?? repository }
}

extension LockedDistribution {
    /// The newest locked state of a suite; nil where none is locked.
    func newest(_ name: SuiteName) -> LockedSnapshot? { snapshots.last { $0.name == name } }
}

/// Takes today's states only where they are not older than they may be.
struct FreshnessRule {
    /// What is locked: nothing goes back behind it.
    let floor: LockedDistribution?
    let allowances: Allowances
    /// Seconds since 1970.
    let now: Int64

    /// Throws `MirrorIsOlder` where `found` is older than what is locked of its suite.
    func checkOrder(_ found: LockedSnapshot) throws(MirrorIsOlder) {
        guard let known = floor?.newest(found.name), found.date < known.date,
            !allowances.older.contains(found.allowanceName)
        else { return }
        throw MirrorIsOlder(known: known, found: found.date)
    }

    /// Throws `TooOld` where the newest of `states`, all of one repository, is older than `limit` seconds.
    func checkAge(_ states: [LockedSnapshot], limit: Int64?) throws(TooOld) {
        guard let limit, let newest = states.max(by: { $0.date < $1.date }),
            newest.date.secondsSince1970 < now - limit,
            !states.contains(where: { allowances.older.contains($0.allowanceName) })
        else { return }
        throw TooOld(states: states, newest: newest, limit: limit, now: now)
    }
}

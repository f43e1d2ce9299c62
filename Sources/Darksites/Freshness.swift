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

/// How old today's state of a repository may be when it is taken: `max-age` in deploy.yaml.
///
/// A repository is as old as its newest suite: an archive signs a release once and leaves it for months or for ever (Debian's
/// trixie, Ubuntu's noble), and only the suites beside it move.
package enum MaximumAge: Hashable, Sendable {
    /// What counts where nothing is declared: 30 days where the repository has a suite that moves and that has no Valid-Until,
    /// by which archives say so themselves; any age where it has none. What never moves can't be told from what was frozen.
    case standard
    /// In seconds.
    case seconds(Int64)
    case any

    private static let standardLimit: Int64 = 30 * 86_400

    /// What archives call the suites, and projects the repositories, that get new packages all the time.
    private static let movingEndings = ["updates", "security", "backports", "proposed"]

    /// Whether something is called as what gets new packages all the time: "noble-updates", "fedora-updates".
    static func moves(_ name: String) -> Bool {
        movingEndings.contains { name == $0 || name.hasSuffix("-\($0)") }
    }

    /// The most seconds that the newest of `suites` may be old; nil where it may be of any age.
    func limit(of suites: [(name: String, hasExpiry: Bool)]) -> Int64? {
        switch self {
        case .any: nil
        case .seconds(let seconds): seconds
        case .standard: suites.contains { Self.moves($0.name) && !$0.hasExpiry } ? Self.standardLimit : nil
        }
    }

    /// The age that `text` means: "14d", "12h", "8w" or "any"; nil for anything else.
    package init?(_ text: String) {
        if text == "any" {
            self = .any
            return
        }
        let units: [Character: Int64] = ["h": 3600, "d": 86_400, "w": 7 * 86_400]
        guard let last = text.last, let unit = units[last], text.utf8.count < 8,
            text.dropLast().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int64(text.dropLast()), number > 0
        else { return nil }
        self = .seconds(number * unit)
    }
}

extension LockedSnapshot {
    /// What a flag names it by: "debian/trixie", "fedora-updates".
    package var allowanceName: String { Self.allowanceName(repository, suite) }

    static func allowanceName(_ repository: String, _ suite: String) -> String {
        suite == noSuite ? repository : "\(repository)/\(suite)"
    }
}

extension LockedDistribution {
    /// The newest locked state of a suite; nil where none is locked.
    func newest(_ repository: String, _ suite: String) -> LockedSnapshot? {
        snapshots.last { $0.repository == repository && $0.suite == suite }
    }
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
        guard let known = floor?.newest(found.repository, found.suite), found.date < known.date,
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

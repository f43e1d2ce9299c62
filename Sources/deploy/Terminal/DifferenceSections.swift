import Darksites
import Declaration
import Locking
import Packages
import Primitives

/// The changes of a distribution in the order and the groups in which they are shown.
struct DifferenceSections {
    /// Changes of one kind.
    struct Section {
        /// "added", "security fixes"
        let title: String
        /// Below the line that asks for them; changes of versions stand in one group without a line.
        let groups: [Group]

        var changes: [LockComparison.Change] { groups.flatMap(\.changes) }
    }

    struct Group {
        let cause: PackageChain.Origin?
        let changes: [LockComparison.Change]
    }

    /// The title of the section of upgrades that close holes.
    static let fixes = "security fixes"

    let sections: [Section]

    /// The upgrades that close holes, as `news` tells of them, come before all others.
    init(_ distribution: LockComparison.Distribution, news: PackageNews = PackageNews()) {
        let isFix = { (change: LockComparison.Change) in news[change.change]?.isSecurityFix == true }
        let kinds = [Self.fixes, "added", "removed", "upgraded", "downgraded", "replaced"]
        sections = kinds.compactMap { kind in
            let changes = distribution.changes.filter { (isFix($0) ? Self.fixes : $0.change.kind.word) == kind }
            guard !changes.isEmpty else { return nil }
            var groups: [Group] = []
            for change in changes {
                if let same = groups.firstIndex(where: { $0.cause == change.cause }) {
                    groups[same] = Group(cause: change.cause, changes: groups[same].changes + [change])
                } else {
                    groups.append(Group(cause: change.cause, changes: [change]))
                }
            }
            // The package that a line names comes before what it brings along.
            groups = groups.map { group in
                let name = group.cause?.packageName
                return Group(
                    cause: group.cause,
                    changes: group.changes.filter { $0.change.name == name }
                        + group.changes.filter { $0.change.name != name })
            }
            // What has no known cause comes last.
            return Section(title: kind, groups: groups.filter { $0.cause != nil } + groups.filter { $0.cause == nil })
        }
    }
}

extension PackageChain.Origin {
    /// The name of the package, without version, suite or architecture.
    fileprivate var packageName: String { if case .line(let entry) = self { entry.name } else { name } }
}

extension LockDifference.Change.Kind {
    /// "added"
    var word: String {
        switch self {
        case .added: "added"
        case .removed: "removed"
        case .upgraded: "upgraded"
        case .downgraded: "downgraded"
        case .replaced: "replaced"
        }
    }

    /// The version before and the version after.
    var versions: (from: String?, to: String?) {
        switch self {
        case .added(let version): (nil, version)
        case .removed(let version): (version, nil)
        case .upgraded(let from, let to), .downgraded(let from, let to): (from, to)
        case .replaced(let version): (version, version)
        }
    }
}

extension ByteCount {
    /// With its sign: "+194 kB", "−8 MB", "±0 B".
    var signed: String {
        if bytes == 0 { return "±0 B" }
        return bytes < 0 ? "−\(ByteCount(-bytes))" : "+\(self)"
    }
}

extension LockComparison.SnapshotMove {
    /// "2026-11-18 → 2026-11-19", with the time where the day is the same.
    var dates: String {
        guard let from, let to else { return from.map { "\(day($0)) → gone" } ?? to.map { "new, \(day($0))" } ?? "" }
        return day(from) == day(to) ? "\(from) → \(to)" : "\(day(from)) → \(day(to))"
    }

    private func day(_ date: LockDate) -> String { String("\(date)".prefix(10)) }
}

import APT
package import Locking
package import Packages
package import Primitives

/// What moved between two locks: each change once, with the profiles it is in and what asked for it.
package struct LockComparison: Hashable, Sendable {
    /// The signed state of a suite that is not the one it was; nil: it was not, or is no more, in the lock.
    package struct SnapshotMove: Hashable, Sendable {
        /// What it is a state of.
        package let name: SuiteName
        /// The date that the old lock has; nil where it has none.
        package let from: LockDate?
        /// The date that the new lock has; nil where it has none.
        package let to: LockDate?
    }

    /// A number of package files and their bytes.
    package struct Load: Hashable, Sendable {
        /// How many files; packages that the build makes are not among them.
        package let packages: Int
        /// Their sizes together.
        package let size: ByteCount
    }

    /// What a profile weighed, and weighs.
    package struct Profile: Hashable, Sendable {
        /// "server"; the internal ones, too.
        package let name: String
        /// nil: there was no such profile, or is none any more.
        package let before: Load?
        package let after: Load?
    }

    /// One change, with where it happened and why.
    package struct Change: Hashable, Sendable {
        /// What became of which package.
        package let change: LockDifference.Change
        /// In the order of names.
        package let profiles: [String]
        /// What asks for an added package, or asked for a removed one; nil where that is not known.
        package let cause: PackageChain.Origin?
        /// Whether the lock had the package before and has it after, in other profiles.
        package let isElsewhere: Bool
    }

    /// Where causes are missing: the side, and why.
    package struct Gap: Hashable, Sendable {
        /// The lock whose causes are not known, in words for people: "deploy.lock".
        package let side: String
        /// A sentence.
        package let reason: String

        package init(side: String, reason: String) {
            self.side = side
            self.reason = reason
        }
    }

    /// What moved in one distribution.
    package struct Distribution: Hashable, Sendable {
        /// What became of its section.
        package enum Kind: String, Hashable, Sendable { case new, gone, changed, same }

        /// "debian"
        package let name: String
        /// `same` where neither packages nor snapshots moved.
        package let kind: Kind
        /// Those that moved.
        package let snapshots: [SnapshotMove]
        /// In the order of names. Of a profile that is new or gone, only what came into the lock, or left it, with it.
        package let changes: [Change]
        /// All profiles, in the order of names.
        package let profiles: [Profile]
        /// All profiles together.
        package let before: Load
        package let after: Load
        /// Why changes have no cause, where that is so.
        package let gaps: [Gap]
    }

    /// All of both locks, in the order of names, those that stayed as they were included.
    package let distributions: [Distribution]

    /// Whether nothing moved in any distribution.
    package var isEmpty: Bool { distributions.allSatisfy { $0.kind == .same } }

    /// Compares two locks. `causes` has what asks for packages, by distribution.
    package init(from old: Lock, to new: Lock, causes: [String: LockCauses] = [:]) {
        let names = Set((old.distributions + new.distributions).map(\.name)).sorted()
        distributions = names.map { name in
            let difference = LockDifference(from: old[name], to: new[name])
            return Distribution(
                name: name, from: old[name], to: new[name], difference, causes[name] ?? LockCauses())
        }
    }
}

/// What asks for the packages that came and went, as far as it is known.
package struct LockCauses: Sendable {
    private struct Key: Hashable, Sendable {
        let change: LockDifference.Change
        let profile: String
    }

    private var origins: [Key: PackageChain.Origin] = [:]
    /// Why some are missing; empty where all are known that can be.
    package private(set) var gaps: [LockComparison.Gap] = []

    package init() {}

    /// Why causes are missing.
    package init(gap: LockComparison.Gap) { gaps = [gap] }

    /// What asks for the packages that `changes` add, or asked for those they remove, in `solved`: the profiles of the side
    /// that has them.
    package init(of changes: [LockComparison.Change], in solved: [SolvedProfile]) {
        for profile in solved {
            let packages = profile.universe
            for change in changes.map(\.change) {
                let version =
                    switch change.kind {
                    case .added(let version), .removed(let version): version
                    case .upgraded(_, let version), .downgraded(_, let version), .replaced(let version): version
                    }
                let package = packages.packages(named: change.name).first {
                    packages.version(of: $0) == version && packages.architecture(of: $0) == change.architecture
                }
                guard let origin = package.flatMap({ profile.chain(to: $0) })?.origin else { continue }
                origins[Key(change: change, profile: profile.name)] = origin
            }
        }
    }

    /// With those of `other` added.
    package mutating func add(_ other: LockCauses) {
        origins.merge(other.origins) { first, _ in first }
        gaps += other.gaps
    }

    /// What asks for the package of `change` in `profile`.
    func origin(of change: LockDifference.Change, in profile: String) -> PackageChain.Origin? {
        origins[Key(change: change, profile: profile)]
    }
}

extension LockComparison.Distribution {
    fileprivate init(
        name: String, from old: LockedDistribution?, to new: LockedDistribution?, _ difference: LockDifference,
        _ causes: LockCauses
    ) {
        self.name = name
        snapshots = Self.moves(old, new)
        profiles = Set((old?.profiles ?? []) + (new?.profiles ?? [])).sorted().map { profile in
            LockComparison.Profile(
                name: profile, before: Self.load(old, of: profile), after: Self.load(new, of: profile))
        }
        before = Self.load(old?.packages ?? [])
        after = Self.load(new?.packages ?? [])
        let merged = Self.merged(difference, old, new)
        changes = merged.map { change, profiles, isElsewhere in
            let cause = profiles.lazy.compactMap { causes.origin(of: change, in: $0) }.first
            return LockComparison.Change(change: change, profiles: profiles, cause: cause, isElsewhere: isElsewhere)
        }
        gaps = causes.gaps
        let isSame = difference.isEmpty && snapshots.isEmpty
        kind = old == nil ? .new : new == nil ? .gone : isSame ? .same : .changed
    }

    private static func moves(
        _ old: LockedDistribution?, _ new: LockedDistribution?
    ) -> [LockComparison.SnapshotMove] {
        let before = Dictionary((old?.snapshots ?? []).map { ($0.name, $0) }) { first, _ in first }
        let after = Dictionary((new?.snapshots ?? []).map { ($0.name, $0) }) { first, _ in first }
        return Set(before.keys).union(after.keys).sorted().compactMap { name in
            let (from, to) = (before[name], after[name])
            guard from?.digest != to?.digest else { return nil }
            return LockComparison.SnapshotMove(name: name, from: from?.date, to: to?.date)
        }
    }

    private static func load(_ packages: [LockedPackage]) -> LockComparison.Load {
        LockComparison.Load(packages: packages.count, size: packages.reduce(.zero) { $0 + $1.size })
    }

    private static func load(_ distribution: LockedDistribution?, of profile: String) -> LockComparison.Load? {
        guard let distribution, distribution.profiles.contains(profile) else { return nil }
        return load(distribution.packages(of: profile))
    }

    /// Each change once, with its profiles.
    private static func merged(
        _ difference: LockDifference, _ old: LockedDistribution?, _ new: LockedDistribution?
    ) -> [(LockDifference.Change, [String], isElsewhere: Bool)] {
        let before = names(old)
        let after = names(new)
        var profiles: [LockDifference.Change: [String]] = [:]
        for profile in difference.profiles {
            for change in profile.changes {
                let key = "\(change.name) \(change.architecture)"
                if profile.kind != .changed, before.contains(key), after.contains(key) { continue }
                profiles[change, default: []].append(profile.name)
            }
        }
        let sorted = profiles.sorted { a, b in
            (a.key.name, a.key.architecture, a.value.joined(separator: " "))
                < (b.key.name, b.key.architecture, b.value.joined(separator: " "))
        }
        return sorted.map { change, profiles in
            let key = "\(change.name) \(change.architecture)"
            let isElsewhere =
                switch change.kind {
                case .added: before.contains(key)
                case .removed: after.contains(key)
                case .upgraded, .downgraded, .replaced: false
                }
            return (change, profiles, isElsewhere)
        }
    }

    private static func names(_ distribution: LockedDistribution?) -> Set<String> {
        Set((distribution?.packages ?? []).map { "\($0.name) \($0.architecture)" })
            .union((distribution?.built ?? []).map { "\($0.name) \($0.architecture)" })
    }
}

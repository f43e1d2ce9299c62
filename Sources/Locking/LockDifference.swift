import Packages
package import Primitives

/// What moved between two locks of a distribution, profile by profile.
package struct LockDifference: Hashable, Sendable {
    /// One package that is not what it was.
    package struct Change: Hashable, Sendable {
        /// What became of the package, with its versions.
        package enum Kind: Hashable, Sendable {
            case added(String)
            case removed(String)
            case upgraded(from: String, to: String)
            case downgraded(from: String, to: String)
            /// The same version, other bytes.
            case replaced(String)
        }

        /// The package: "htop".
        package let name: String
        /// Packages of one name for two architectures change apart.
        package let architecture: String
        /// What became of it.
        package let kind: Kind
        /// Of the package file that came, or of the one that went.
        package let size: ByteCount
        /// By how much the profile's files grew; negative where they shrank.
        package let growth: ByteCount

        /// "htop 3.4.1-5", or "htop 3.4.1-5 → 3.4.1-6" where the version changed.
        package var description: String {
            switch kind {
            case .added(let version): "\(name) \(version)"
            case .removed(let version): "\(name) \(version)"
            case .upgraded(let old, let new), .downgraded(let old, let new): "\(name) \(old) → \(new)"
            case .replaced(let version): "\(name) \(version)"
            }
        }
    }

    /// The changes of one profile.
    package struct Profile: Hashable, Sendable {
        /// Whether one of the locks has no package in the profile, and which.
        package enum Kind: Hashable, Sendable { case new, gone, changed }

        /// The profile: "server".
        package let name: String
        /// Whether the profile was there before, and is there now.
        package let kind: Kind
        /// In the order of names.
        package let changes: [Change]
    }

    /// The profiles that are not what they were, in the order of names.
    package let profiles: [Profile]

    /// Whether nothing moved in any profile.
    package var isEmpty: Bool { profiles.isEmpty }

    /// Compares `old`, nil where there was no section, with `new`, nil where there is none any more.
    /// Versions are compared as the distribution's package manager does.
    package init(from old: LockedDistribution?, to new: LockedDistribution?) {
        let family = (new ?? old)?.family ?? .apt
        let before = Self.members(old)
        let after = Self.members(new)
        var profiles: [Profile] = []
        for name in Set(before.keys).union(after.keys).sorted() {
            let changes = Self.changes(from: before[name] ?? [:], to: after[name] ?? [:], precedes: family.precedes)
            guard !changes.isEmpty else { continue }
            let kind: Profile.Kind = before[name] == nil ? .new : after[name] == nil ? .gone : .changed
            profiles.append(Profile(name: name, kind: kind, changes: changes))
        }
        self.profiles = profiles
    }

    private struct Key: Hashable {
        let name: String
        let architecture: String
    }

    private struct Member {
        let version: String
        let size: ByteCount
        let digest: Digest?
    }

    private static func members(_ distribution: LockedDistribution?) -> [String: [Key: Member]] {
        var members: [String: [Key: Member]] = [:]
        for package in distribution?.packages ?? [] {
            let member = Member(version: package.version, size: package.size, digest: package.digest)
            for profile in package.profiles {
                members[profile, default: [:]][Key(name: package.name, architecture: package.architecture)] = member
            }
        }
        for built in distribution?.built ?? [] {
            let member = Member(version: built.version, size: .zero, digest: nil)
            for profile in built.profiles {
                members[profile, default: [:]][Key(name: built.name, architecture: built.architecture)] = member
            }
        }
        return members
    }

    private static func changes(
        from old: [Key: Member], to new: [Key: Member], precedes: (String, String) -> Bool
    ) -> [Change] {
        var changes: [Change] = []
        func add(_ key: Key, _ kind: Change.Kind, _ size: ByteCount, growth: ByteCount) {
            changes.append(
                Change(name: key.name, architecture: key.architecture, kind: kind, size: size, growth: growth))
        }
        for (key, member) in new {
            guard let before = old[key] else {
                add(key, .added(member.version), member.size, growth: member.size)
                continue
            }
            let growth = member.size - before.size
            if before.version != member.version {
                // Two spellings of one version count as an upgrade.
                let isOlder = precedes(member.version, before.version)
                add(
                    key,
                    isOlder
                        ? .downgraded(from: before.version, to: member.version)
                        : .upgraded(from: before.version, to: member.version), member.size, growth: growth)
            } else if before.digest != member.digest {
                add(key, .replaced(member.version), member.size, growth: growth)
            }
        }
        for (key, member) in old where new[key] == nil {
            add(key, .removed(member.version), member.size, growth: .zero - member.size)
        }
        return changes.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) }
    }
}

extension LockDifference {
    /// What moved, a line for each profile or group of profiles in which the same moved:
    /// "server + htop 3.4.1-5, libnl-genl-3-200 3.7.0-2 (2 packages, 194 kB); nothing else moved".
    ///
    /// Names in `first` (those somebody asked for) come before others; of each kind of change, `limit` are named and the
    /// rest counted. Empty where nothing moved.
    package func lines(first: Set<String> = [], limit: Int = 4) -> [String] {
        var groups: [(names: [String], profile: Profile)] = []
        for profile in profiles {
            let same = groups.firstIndex { $0.profile.kind == profile.kind && $0.profile.changes == profile.changes }
            if let same {
                groups[same].names.append(profile.name)
            } else {
                groups.append(([profile.name], profile))
            }
        }
        return groups.map { names, profile in
            let name = names.joined(separator: ", ")
            switch profile.kind {
            case .new, .gone:
                let what = profile.kind == .new ? "new" : "gone"
                let total = Self.total(profile.changes)
                return names.count == 1 ? "\(name) is \(what): \(total)" : "\(name) are \(what): \(total) each"
            case .changed: return "\(name) \(Self.sentence(profile.changes, first: first, limit: limit))"
            }
        }
    }

    private static func sentence(_ changes: [Change], first: Set<String>, limit: Int) -> String {
        func part(_ mark: String, _ isOfKind: (Change.Kind) -> Bool) -> String? {
            let some = changes.filter { isOfKind($0.kind) }
            guard !some.isEmpty else { return nil }
            let ordered = some.filter { first.contains($0.name) } + some.filter { !first.contains($0.name) }
            var names = ordered.prefix(limit).map(\.description).joined(separator: ", ")
            if ordered.count > limit { names += " and \(ordered.count - limit) more" }
            return "\(mark) \(names) (\(total(some)))"
        }
        let parts = [
            part("+") { if case .added = $0 { true } else { false } },
            part("−") { if case .removed = $0 { true } else { false } },
            part("↑") { if case .upgraded = $0 { true } else { false } },
            part("↓") { if case .downgraded = $0 { true } else { false } },
            part("rebuilt") { if case .replaced = $0 { true } else { false } },
        ].compactMap { $0 }
        return parts.joined(separator: "; ") + "; nothing else moved"
    }

    private static func total(_ changes: [Change]) -> String {
        let size = changes.reduce(ByteCount.zero) { $0 + $1.size }
        return "\(changes.count.counted("package")), \(size)"
    }
}

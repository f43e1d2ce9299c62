package import Primitives

/// What decides a resolution of RPM packages beside the release and the sets. The platform of modules is the codename.
package struct LockedRPMRequest: Hashable, Sendable {
    /// Patterns of packages that are not there for anybody, sorted.
    package let excludes: [String]
    /// Enabled streams, "nodejs:20", sorted.
    package let modules: [String]
    /// In the order of the declaration, which decides between repositories that have the same package.
    package let repositories: [LockedRPMRepository]

    /// The repositories are in the order of the declaration, the others in any.
    package init(excludes: [String], modules: [String], repositories: [LockedRPMRepository]) {
        self.excludes = excludes.sorted()
        self.modules = modules.sorted()
        self.repositories = repositories
    }
}

/// A repository of RPM packages as far as it decides what is resolved.
package struct LockedRPMRepository: Hashable, Sendable {
    /// Who vouches for repomd.xml.
    package enum Trust: Hashable, Sendable {
        /// See `KeyFiles.digest()`.
        case keys(Digest)
        case metalink
        case unsigned
        /// It is made of files of the user's own; see `OwnRepository.digest`.
        case files(Digest)
    }

    /// As the declaration calls it.
    package let name: String
    /// Who vouches for its repomd.xml.
    package let trust: Trust
    /// The keys of packages; nil where theirs are not looked at.
    package let packageKeys: Digest?
    /// As in dnf.conf(5): the lower one wins; 99 where nothing is said.
    package let priority: Int
    /// As in dnf.conf(5): among equal priorities and packages the lower one wins; 1000 where nothing is said.
    package let cost: Int
    /// Patterns of packages of it that are not there, sorted.
    package let excludes: [String]
    /// Whether its packages are not hidden by modules.
    package let ignoresModules: Bool

    /// The excludes may be in any order.
    package init(
        name: String, trust: Trust, packageKeys: Digest?, priority: Int, cost: Int, excludes: [String],
        ignoresModules: Bool
    ) {
        self.name = name
        self.trust = trust
        self.packageKeys = packageKeys
        self.priority = priority
        self.cost = cost
        self.excludes = excludes.sorted()
        self.ignoresModules = ignoresModules
    }

    /// The fields of its line after its place, as `LockWriter` describes them.
    var fields: [String] {
        let vouched =
            switch trust {
            case .keys(let digest): digest.hex
            case .metalink: Self.metalink
            case .unsigned: LockWriter.unsigned
            case .files(let digest): LockWriter.files + digest.hex
            }
        return [
            name, String(priority), String(cost), ignoresModules ? Self.hotfixes : LockWriter.none,
            excludes.isEmpty ? LockWriter.none : excludes.joined(separator: ","), vouched,
            packageKeys?.hex ?? LockWriter.unsigned,
        ]
    }

    static let metalink = "metalink"
    static let hotfixes = "module-hotfixes"
}

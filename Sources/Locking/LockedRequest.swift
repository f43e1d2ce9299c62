package import Declaration
package import Packages
package import Primitives

/// What was asked for when a section of the lock was resolved: all of the declaration and its package sets that decides what a
/// distribution resolves to. Equal requests, equal resolutions from equal snapshots.
///
/// Not among it: mirrors and snapshot services (from where does not change what), comments, the order of lines in sets, and
/// which set a line is in.
package struct LockedRequest: Hashable, Sendable {
    /// "13"
    package let release: String
    /// "trixie"
    package let codename: String
    /// The repositories, and what chooses among their packages.
    package let source: Source
    /// Sorted; a profile may ask for nothing beyond the base system.
    package let profiles: [String]
    /// Sorted.
    package let wishes: [LockedWish]

    /// Where packages come from and which of them count, by their family.
    package enum Source: Hashable, Sendable {
        case apt(LockedAPTRequest)
        case rpm(LockedRPMRequest)

        /// The one whose request this is.
        package var family: PackageFamily {
            switch self {
            case .apt: .apt
            case .rpm: .rpm
            }
        }
    }

    /// The lists may be in any order.
    package init(release: String, codename: String, source: Source, profiles: [String], wishes: [LockedWish]) {
        self.release = release
        self.codename = codename
        self.source = source
        self.profiles = profiles.sorted()
        self.wishes = wishes.sorted()
    }

    /// The names of repositories that are made of files of the user's own.
    package var ownRepositories: Set<String> {
        switch source {
        case .apt(let request): Set(request.repositories.filter { $0.files != nil }.map(\.name))
        case .rpm(let request):
            Set(request.repositories.filter { if case .files = $0.trust { true } else { false } }.map(\.name))
        }
    }

    /// The texts of the lines that a profile asks for, sorted.
    func wishes(of profile: String) -> [String] { wishes.filter { $0.profile == profile }.map(\.text) }
}

/// What decides a resolution of APT's packages beside the release and the sets.
package struct LockedAPTRequest: Hashable, Sendable {
    /// Architectures beside the native one.
    package let foreignArchitectures: [String]
    /// In the order of the declaration, which decides between repositories that have the same package.
    package let repositories: [LockedRepository]
    /// In the order of the declaration: the first that fits counts.
    package let pins: [LockedPin]

    package init(foreignArchitectures: [String] = [], repositories: [LockedRepository], pins: [LockedPin]) {
        self.foreignArchitectures = foreignArchitectures
        self.repositories = repositories
        self.pins = pins
    }
}

/// A repository as far as it decides what is resolved.
package struct LockedRepository: Hashable, Sendable {
    /// As the declaration calls it.
    package let name: String
    /// In the order of the declaration: "trixie", "trixie-updates".
    package let suites: [String]
    /// In the order of the declaration: "main"; empty for a flat repository.
    package let components: [String]
    /// The digest of the file with the keys that count; nil where it is declared as unsigned.
    package let keyring: Digest?
    /// See `OwnRepository.digest`; nil where it is no repository of the user's own.
    package let files: Digest?

    package init(name: String, suites: [String], components: [String], keyring: Digest?, files: Digest? = nil) {
        self.files = files
        self.name = name
        self.suites = suites
        self.components = components
        self.keyring = keyring
    }
}

/// A pin of apt_preferences(5).
package struct LockedPin: Hashable, Sendable {
    /// From apt_preferences(5): below 0 never, above 1000 even a downgrade.
    package let priority: Int
    /// Package names, globs, `/regular expressions/` and `src:` names.
    package let packages: [String]
    /// "release:n=trixie-backports", "version:6.12.*" or "origin:HOST", with spaces and percent signs percent-encoded.
    package let target: String

    /// `kind` and `value` make the target; whatever a field of the lock cannot hold is percent-encoded.
    package init(priority: Int, packages: [String], kind: String, value: String) {
        self.init(
            priority: priority, packages: packages.map(Self.encoded), encodedTarget: "\(kind):\(Self.encoded(value))")
    }

    init(priority: Int, packages: [String], encodedTarget: String) {
        self.priority = priority
        self.packages = packages
        target = encodedTarget
    }

    /// "linux-*, zfs*: release:n=trixie-backports, 500"
    var shown: String { "\(packages.joined(separator: ", ")): \(target), \(priority)" }

    private static func encoded(_ text: String) -> String { LockWriter.encoded(text) }
}

/// A line of a profile's package sets.
package struct LockedWish: Hashable, Sendable, Comparable {
    /// The profile whose sets have the line.
    package let profile: String
    /// As a package set has it, in one spelling: `htop`, `nginx=1.2-3`, `-exim4`, `firmware?`.
    package let text: String

    package init(profile: String, text: String) {
        self.profile = profile
        self.text = text
    }

    package static func < (a: Self, b: Self) -> Bool {
        a.profile == b.profile ? a.text < b.text : a.profile < b.profile
    }
}

extension PackageSetEntry {
    /// What the entry says in one spelling, whatever the order in which it was written.
    package var canonicalText: String {
        let mark = kind == .forbidden ? "-" : ""
        let architecture = architecture.map { ":\($0)" } ?? ""
        let version = version.map { "=\($0)" } ?? ""
        let suite = suite.map { "/\($0)" } ?? ""
        return "\(mark)\(name)\(architecture)\(version)\(suite)\(kind == .optional ? "?" : "")"
    }
}

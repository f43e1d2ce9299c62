package import Locking

/// What the makers of packages tell of the upgrades in one distribution.
package struct PackageNews: Hashable, Sendable {
    /// What is told of one upgrade.
    package struct Story: Hashable, Sendable {
        /// The CVE numbers that its changelog names, each once: "CVE-2026-1234".
        package let vulnerabilities: [String]
        /// Whether it came by a security suite, or its changelog says so.
        package let isSecurityUpdate: Bool

        package init(vulnerabilities: [String], isSecurityUpdate: Bool) {
            self.vulnerabilities = vulnerabilities
            self.isSecurityUpdate = isSecurityUpdate
        }

        /// Whether it closes a hole, as far as is known.
        package var isSecurityFix: Bool { isSecurityUpdate || !vulnerabilities.isEmpty }
    }

    /// Packages whose changelogs were not read, and why.
    package struct Silence: Hashable, Sendable {
        /// As in a sentence: "it is not in the store".
        package let reason: String
        /// Their names, sorted.
        package let packages: [String]

        package init(reason: String, packages: [String]) {
            self.reason = reason
            self.packages = packages
        }
    }

    private let stories: [LockDifference.Change: Story]
    /// In the order of the reasons; empty where every changelog was read.
    package let silences: [Silence]

    /// Nothing is known, and nobody asked.
    package init() { self.init([:], silences: []) }

    /// What is told of each change, and of which packages nothing is known.
    package init(_ stories: [LockDifference.Change: Story], silences: [Silence]) {
        self.stories = stories
        self.silences = silences
    }

    /// What is told of `change`; nil where nothing is known.
    package subscript(change: LockDifference.Change) -> Story? { stories[change] }
}

package import APT
package import Locking
package import Primitives

/// The state of a distribution's repositories at one moment: what the lock says of them, and what their Release files say.
package struct Snapshot: Sendable {
    /// The signed files, in the order of the declaration; of a suite the first state comes first.
    package let snapshots: [LockedSnapshot]
    /// Those that the signed files name and that are needed, each once.
    package let indexes: [LockedIndex]
    /// "Debian Archive Automatic Signing Key (13/trixie)", each once.
    package let signers: [String]
    /// What each of `snapshots` is among those of its suite.
    package var states: [LockedSnapshot: State] = [:]
    /// Mirrors that were passed over, and why.
    package var remarks: [String] = []

    /// One state of a suite, or of an RPM repository, among those that a snapshot has of it.
    package struct State: Sendable {
        /// 0 for the first snapshot of the suite, then those that updates of single packages added, by date.
        package let generation: Int
        /// The digests of the indexes that it names.
        package let indexes: Set<Digest>
    }

    /// By the digest of an index: the generation of the first snapshot that names it.
    var generations: [Digest: Int] {
        var generations: [Digest: Int] = [:]
        for state in states.values {
            for index in state.indexes { generations[index] = min(generations[index] ?? .max, state.generation) }
        }
        return generations
    }
    /// What the signed files and the indexes say.
    package let content: Content

    /// What its signed files say, by the family of its packages.
    package enum Content: Sendable {
        case apt(APTSnapshotContent)
        case rpm(RPMSnapshotContent)
    }
}

extension Snapshot {
    /// Throws `UnknownCodename` where the signed files of `distribution` have names, and none of them is `codename`: an installed
    /// machine would look for updates of a release that nobody has.
    package func check(codename: String, of distribution: String) throws(UnknownCodename) {
        guard case .apt(let content) = content else { return }
        let named = content.releases.values.filter { $0.codename != nil || $0.suite != nil }
        let names = Set(
            content.releases.keys.compactMap(\.suite) + named.flatMap { [$0.codename, $0.suite].compactMap { $0 } })
        guard !named.isEmpty, !names.contains(codename) else { return }
        throw UnknownCodename(
            name: codename, distribution: distribution,
            known: Set(named.compactMap { $0.codename ?? $0.suite }).sorted())
    }
}

/// A codename that no repository of a distribution goes by.
package struct UnknownCodename: UserError {
    let name: String
    let distribution: String
    /// Those that they go by.
    let known: [String]
    package var what: String {
        "no repository of \(distribution) is of \"\(name)\": they are of \(known.joined(separator: ", "))"
    }
    package var hint: String? { "mend the codename of \(distribution) in deploy.yaml" }
    package var isUsageError: Bool { true }
}

/// What there is of a snapshot of APT's repositories.
package struct APTSnapshotContent: Sendable {
    /// By suite.
    package var releases: [SuiteName: Release] = [:]
    /// By repository: the host of its address, for pins by origin; none for folders.
    package var sites: [String: String] = [:]
    /// Its packages, where they were parsed before.
    package var parsed: PackageTable?

    package init() {}
}

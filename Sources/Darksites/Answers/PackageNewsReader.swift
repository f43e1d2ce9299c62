import APT
import Archives
package import BuildGraph
import ContentStore
package import Locking
import Packages
import Primitives
import SystemPackage

/// Reads what packages' own changelogs tell of upgrades: those of Debian and its relatives name the holes that they close.
///
/// Packages of one source have one changelog, and many a link in its place; so of each source the smallest package is opened first.
/// Nothing is fetched.
package struct PackageNewsReader: Sendable {
    private let store: any ArtifactStore
    /// How many packages are opened at the same time.
    private let parallel: Int

    package init(store: any ArtifactStore, parallel: Int) {
        self.store = store
        self.parallel = parallel
    }

    /// An upgrade, with the files before and after.
    private struct Upgrade: Sendable {
        let change: LockDifference.Change
        let old: LockedPackage
        let new: LockedPackage
    }

    /// Upgrades of one source, from one version to one version.
    private struct Source: Sendable {
        let upgrades: [Upgrade]
        /// All packages of that source and version, the smallest first; what is new may have the changelog, too, as a kernel does
        /// whose name says its version.
        let packages: [LockedPackage]
        /// Whether the repository has nothing but security updates.
        let isSecuritySuite: Bool
    }

    private enum Finding {
        case read([DebianChangelog.Entry])
        case silent(String)
    }

    /// What is told of the upgrades among `changes`, which lead from `old` to `new`. Throws `CancellationError`; a package that can't
    /// be read is a silence.
    package func news(
        of changes: [LockComparison.Change], from old: LockedDistribution, to new: LockedDistribution
    ) async throws -> PackageNews {
        let sources = sources(of: upgrades(in: changes, from: old, to: new), in: new)
        guard new.family == .apt else {
            let names = sources.flatMap(\.upgrades).map(\.change.name)
            return PackageNews(
                [:], silences: silences(["changelogs of RPM packages are in no file that is fetched": names]))
        }
        var stories: [LockDifference.Change: PackageNews.Story] = [:]
        var silent: [String: [String]] = [:]
        func note(_ source: Source, _ finding: Finding) {
            var entries: [DebianChangelog.Entry] = []
            switch finding {
            case .read(let found): entries = found
            case .silent(let reason): silent[reason, default: []] += source.upgrades.map(\.change.name)
            }
            var numbers: [String] = []
            for number in entries.flatMap(\.vulnerabilities) where !numbers.contains(number) { numbers.append(number) }
            let story = PackageNews.Story(
                vulnerabilities: numbers,
                isSecurityUpdate: source.isSecuritySuite || entries.contains(where: \.isSecurityUpload))
            for upgrade in source.upgrades { stories[upgrade.change] = story }
        }
        try await withThrowingTaskGroup(of: (Source, Finding).self) { group in
            var waiting = sources[...]
            for source in waiting.prefix(parallel) { group.addTask { (source, try await read(source)) } }
            waiting = waiting.dropFirst(parallel)
            while let (source, finding) = try await group.next() {
                note(source, finding)
                if let next = waiting.popFirst() { group.addTask { (next, try await read(next)) } }
            }
        }
        return PackageNews(stories, silences: silences(silent))
    }

    private func silences(_ names: [String: [String]]) -> [PackageNews.Silence] {
        names.filter { !$1.isEmpty }.sorted { $0.key < $1.key }.map { reason, names in
            PackageNews.Silence(reason: reason, packages: Set(names).sorted())
        }
    }

    private func upgrades(
        in changes: [LockComparison.Change], from old: LockedDistribution, to new: LockedDistribution
    ) -> [Upgrade] {
        func key(_ name: String, _ architecture: String, _ version: String) -> String {
            "\(name) \(architecture) \(version)"
        }
        func table(_ distribution: LockedDistribution) -> [String: LockedPackage] {
            let keyed = distribution.packages.map { (key($0.name, $0.architecture, $0.version), $0) }
            return Dictionary(keyed) { first, _ in first }
        }
        let (before, after) = (table(old), table(new))
        return changes.map(\.change).compactMap { change in
            guard case .upgraded(let from, let to) = change.kind,
                let old = before[key(change.name, change.architecture, from)],
                let new = after[key(change.name, change.architecture, to)]
            else { return nil }
            return Upgrade(change: change, old: old, new: new)
        }
    }

    /// In an archive's pool the packages of a source lie in one folder.
    private func sources(of upgrades: [Upgrade], in new: LockedDistribution) -> [Source] {
        func source(_ package: LockedPackage) -> [String] {
            let folder = package.path.split(separator: "/").dropLast().joined(separator: "/")
            return [package.repository, folder, package.version]
        }
        let packages = Dictionary(grouping: new.packages, by: source)
        let groups = Dictionary(grouping: upgrades) { source($0.new) + [$0.old.version] }
        let suites = Dictionary(grouping: new.snapshots, by: \.repository).mapValues { $0.compactMap(\.suite) }
        return groups.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, upgrades in
            let suites = suites[key[0]] ?? []
            return Source(
                upgrades: upgrades,
                packages: (packages[Array(key.dropLast())] ?? []).sorted { $0.size < $1.size },
                isSecuritySuite: !suites.isEmpty && suites.allSatisfy { $0.hasSuffix("-security") })
        }
    }

    private func read(_ source: Source) async throws -> Finding {
        let missing = try await store.missing(of: Set(source.packages.map(\.blob)))
        let present = source.packages.filter { !missing.contains($0.blob) }
        guard !present.isEmpty else { return .silent("not in the store") }
        do {
            for package in present {
                try Task.checkCancellation()
                guard let (version, changelog) = try await open(package), let changelog else { continue }
                guard let old = try await oldVersion(source.upgrades, version) else {
                    return .silent("numbered apart from its source, and the former one is not in the store")
                }
                return .read(changelog.entries(after: old, upTo: version.version))
            }
        } catch let error as any UserError {
            return .silent(error.what)
        }
        return .silent("without a changelog")
    }

    /// The version of the source that the former packages were built from.
    private func oldVersion(_ upgrades: [Upgrade], _ source: SourceVersion) async throws -> DebianVersion? {
        guard let upgrade = upgrades.min(by: { $0.old.size < $1.old.size }) else { return nil }
        let plain = SourceVersion.withoutRebuild(upgrade.new.version)
        if source.version.description == plain {
            return DebianVersion(unchecked: SourceVersion.withoutRebuild(upgrade.old.version).utf8)
        }
        guard try await store.missing(of: [upgrade.old.blob]).isEmpty else { return nil }
        return try await open(upgrade.old)?.source.version
    }

    /// What the package file says of its source, and its changelog where it has one. Nil where the file says of no source.
    private func open(_ package: LockedPackage) async throws -> (source: SourceVersion, changelog: DebianChangelog?)? {
        // Not in the store's work area, which is that of the holder of its lock.
        let folder = try PrivateFolder()
        let path = folder.path.appending("package.deb")
        guard try await store.fetch(package.blob) else { return nil }
        try await store.materialize(Artifact(file: package.blob), at: path)
        return try await BlockingWork.run {
            let file = try DebFile(path)
            defer { withExtendedLifetime(folder) {} }
            guard let source = SourceVersion(controlParagraph: try file.controlParagraph()) else { return nil }
            return (source, try file.changelog(of: package.name))
        }
    }
}

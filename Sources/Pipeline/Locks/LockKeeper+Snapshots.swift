import APT
import BuildGraph
import Darksites
import Declaration
import Locking
import Packages
import Primitives

/// From the declared repositories to their states.
extension LockKeeper {
    /// The snapshot that `before` names, or today's where nothing is locked, which may not be older than what `floor` says.
    /// `adding` adds today's to what is locked.
    func snapshot(
        of distribution: Declaration.Distribution, _ before: LockedDistribution?, adding: Bool = false,
        notBefore floor: LockedDistribution? = nil
    ) async throws -> Snapshot {
        for remark in await project.remarksOnMirrors(of: distribution) { project.events(.notice(remark)) }
        let snapshot: Snapshot
        switch distribution.source {
        case .rpm(let source):
            let architecture = distribution.architecture
            let (fetch, sources) = (try await rpmFetch(), try sources(of: distribution, source))
            if let before {
                return try await fetch.locked(before, sources: sources, architecture: architecture, adding: adding)
            }
            snapshot = try await fetch.latest(of: sources, architecture: architecture, notBefore: floor)
        case .apt(let source):
            let architectures = [distribution.architecture] + source.foreignArchitectures
            let (fetch, sources) = (try await debianFetch(), try sources(of: distribution, source))
            if let before {
                return try await fetch.locked(before, sources: sources, architectures: architectures, adding: adding)
            }
            snapshot = try await fetch.latest(of: sources, architectures: architectures, notBefore: floor)
        }
        tell(of: snapshot, distribution)
        return snapshot
    }

    func debianFetch() async throws -> SnapshotFetch {
        SnapshotFetch(
            store: project.store, derived: project.derived, addresses: try await project.addresses(),
            downloader: try await project.downloader(), now: project.surroundings.now(), allowances: project.allowances,
            kept: project.kept)
    }

    func rpmFetch() async throws -> RPMSnapshotFetch {
        RPMSnapshotFetch(
            store: project.store, derived: project.derived, addresses: try await project.addresses(),
            downloader: try await project.downloader(), now: project.surroundings.now(), allowances: project.allowances,
            kept: project.kept)
    }

    /// Throws `UserErrors` where package files of the user's own are not there.
    func sources(
        of distribution: Declaration.Distribution, _ source: Declaration.APTSource
    ) throws -> [RepositorySource] {
        let own = try project.ownRepositories(of: distribution)
        return source.repositories.map { repository in
            RepositorySource(
                name: repository.name, suites: repository.suites, components: repository.components,
                trust: {
                    switch repository.trust {
                    case .keyring(let path): .keyring(path)
                    case .unsigned: .unsigned
                    }
                }(), site: repository.site, maximumAge: repository.maximumAge,
                own: own[repository.name])
        }
    }

    func sources(
        of distribution: Declaration.Distribution, _ source: Declaration.RPMSource
    ) throws -> [RPMRepositorySource] {
        let own = try project.ownRepositories(of: distribution)
        return source.repositories.map { repository in
            RPMRepositorySource(
                name: repository.name,
                trust: {
                    switch repository.trust {
                    case .keys(let keys): .keys(keys)
                    case .metalink: .metalink
                    case .unsigned: .unsigned
                    }
                }(), maximumAge: repository.maximumAge, own: own[repository.name])
        }
    }

    /// Days after which a distribution of which nothing is newer is worth a warning.
    private static let quietDays: Int64 = 90

    /// Says which states of the archives are resolved against, that of each suite.
    private func tell(of snapshot: Snapshot, _ distribution: Declaration.Distribution) {
        func day(_ date: LockDate) -> String { String("\(date)".prefix(10)) }
        let names = snapshot.signers.map { String($0.prefix { $0 != "<" }).trimmingSuffix(" ") }
        let others = names.count > 1 ? " and \(names.count - 1) others" : ""
        let signed = names.last.map { "signed by \($0)\(others)" } ?? "unsigned"
        // Files of the user's own have no date.
        let states = snapshot.snapshots.filter { $0.date.secondsSince1970 > 0 }
        let dates =
            states.count == 1
            ? states.map { day($0.date) }
            : states.map { "\($0.suite == LockedSnapshot.noSuite ? $0.repository : $0.suite) \(day($0.date))" }
        project.events(
            .notice(
                "\(distribution.name): resolving against the archive of \(dates.joined(separator: " · ")) (\(signed))"))
        guard let newest = states.map(\.date).max() else { return }
        let days = (project.surroundings.now() - newest.secondsSince1970) / 86_400
        guard days > Self.quietDays else { return }
        project.events(
            .warning(
                """
                \(distribution.name): the newest of its archives is \(days) days old: a release that nobody updates, or a mirror \
                that stopped; max-age in deploy.yaml says how old a repository may be
                """))
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}

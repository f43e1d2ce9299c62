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
        let fetch = try await snapshots(of: distribution)
        if let before { return try await fetch.locked(before, adding: adding) }
        let snapshot = try await fetch.latest(notBefore: floor)
        tell(of: snapshot, distribution)
        return snapshot
    }

    /// What fetches the states of the declared repositories.
    ///
    /// Throws `UserErrors` where package files of the user's own are not there.
    func snapshots(of distribution: Declaration.Distribution) async throws -> SnapshotFetch {
        let access = ArchiveAccess(
            store: project.artifacts, derived: project.derived, addresses: try await project.addresses(),
            downloader: try await project.downloader(), now: project.surroundings.now(), allowances: project.allowances,
            kept: project.kept)
        let own = try project.ownRepositories(of: distribution)
        switch distribution.source {
        case .apt(let source):
            return SnapshotFetch(
                source.repositories.map { APTRepositorySource($0, own: own[$0.name]) },
                architectures: [distribution.architecture] + source.foreignArchitectures, access: access)
        case .rpm(let source):
            return SnapshotFetch(
                source.repositories.map { RPMRepositorySource($0, own: own[$0.name]) },
                architecture: distribution.architecture, access: access)
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
            : states.map { "\($0.suite ?? $0.repository) \(day($0.date))" }
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

import ContentStore
package import Darksites
import Declaration
import Locking
import Primitives
import SystemPackage

/// Two locks compared.
package struct ProjectDifference: Sendable {
    /// The lock that counts as before.
    package let from: LockSide
    /// The lock that counts as after.
    package let to: LockSide
    /// What moved, and why as far as that is known.
    package let comparison: LockComparison
    /// What the makers of the packages tell of upgrades, by distribution; empty unless it was asked for.
    package var news: [String: PackageNews] = [:]
    /// What it weighs, to download and on the image.
    package let cost: ImageCost
}

extension Project {
    /// What moved from the lock `old` (a file, an ISO, a git revision; nil: HEAD) to the lock `new` (nil: the working one).
    ///
    /// What was added or removed is traced to the line of a package set where the sets of that lock are at hand and the
    /// indexes of its snapshot are in the store. Of a revision that asks for something else than it has locked, that is resolved
    /// against what it has locked, or against the working lock where it has none. With `readsChangelogs`, those of the packages in
    /// the store are.
    package func difference(
        from old: String?, to new: String?, readsChangelogs: Bool = false
    ) async throws -> ProjectDifference {
        let from = try await side(old ?? "HEAD")
        let to = if let new { try await side(new) } else { try workingSide() }
        return try await difference(from: from, to: to, readsChangelogs: readsChangelogs)
    }

    /// The same of two sides.
    func difference(
        from: LockSide, to: LockSide, readsChangelogs: Bool
    ) async throws -> ProjectDifference {
        let comparison = try await compare(from, to)
        let reader = PackageNewsReader(store: store, parallel: surroundings.cores)
        var news: [String: PackageNews] = [:]
        for distribution in comparison.distributions where readsChangelogs {
            guard let old = from.lock[distribution.name], let new = to.lock[distribution.name] else { continue }
            news[distribution.name] = try await reader.news(of: distribution.changes, from: old, to: new)
        }
        let (before, after) = (try await declaration(of: from), try await declaration(of: to))
        let cost = ImageCost(
            from: from.lock, carrying: before.iso.darksites, to: to.lock, carrying: after.iso.darksites,
            live: (before.liveProfile, after.liveProfile))
        return ProjectDifference(from: from, to: to, comparison: comparison, news: news, cost: cost)
    }

    /// What moved from one lock to another, with what is known of causes.
    func compare(_ from: LockSide, _ to: LockSide) async throws -> LockComparison {
        let plain = LockComparison(from: from.lock, to: to.lock)
        let tracer = CauseTracer(project: self)
        var causes: [String: LockCauses] = [:]
        for distribution in plain.distributions {
            var found = LockCauses()
            for (side, changes) in [
                (from, distribution.changes.filter { $0.change.kind.isRemoved }),
                (to, distribution.changes.filter { $0.change.kind.isAdded }),
            ] where !changes.isEmpty {
                found.add(try await tracer.causes(of: changes, in: distribution.name, at: side))
            }
            causes[distribution.name] = found
        }
        return LockComparison(from: from.lock, to: to.lock, causes: causes)
    }

    /// That of a commit as it is there, of all others the working one.
    private func declaration(of side: LockSide) async throws -> Declaration {
        guard side.kind == .revision, let commit = side.commit else { return declaration }
        return try await Revision(project: self, commit: commit).declaration()
    }
}

extension Lock {
    /// The signed files and the indexes that its packages were followed to.
    var signedFiles: Set<Blob> { Set(distributions.flatMap { $0.snapshots.map(\.blob) + $0.indexes.map(\.blob) }) }
}

extension LockDifference.Change.Kind {
    fileprivate var isAdded: Bool { if case .added = self { true } else { false } }
    fileprivate var isRemoved: Bool { if case .removed = self { true } else { false } }
}

/// Resolves locked snapshots again, as far as they are in the store, to know what asked for a package.
private struct CauseTracer {
    let project: Project

    private struct Untraceable: Error { let reason: String }

    /// What asks for the packages of `changes` as `side` locked them; or nothing, and why.
    func causes(
        of changes: [LockComparison.Change], in distribution: String, at side: LockSide
    ) async throws -> LockCauses {
        do {
            return try await traced(changes, in: distribution, at: side)
        } catch is CancellationError {
            throw CancellationError()
        } catch let error as Untraceable {
            return LockCauses(gap: LockComparison.Gap(side: side.name, reason: error.reason))
        } catch let error as any UserError {
            return LockCauses(gap: LockComparison.Gap(side: side.name, reason: error.what))
        }
    }

    private func traced(
        _ changes: [LockComparison.Change], in name: String, at side: LockSide
    ) async throws -> LockCauses {
        guard let locked = side.lock[name] else { return LockCauses() }
        let (declared, request) = try await self.request(for: locked, at: side)
        let suites =
            switch declared.source {
            case .apt(let source):
                source.repositories.flatMap { repository in
                    repository.suites.map { SuiteName(repository: repository.name, suite: $0) }
                }
            case .rpm(let source): source.repositories.map { SuiteName(repository: $0.name, suite: nil) }
            }
        guard Set(suites).isSubset(of: locked.snapshots.map(\.name)) else {
            throw Untraceable(reason: "its declaration names suites that it has not locked")
        }
        guard try await project.store.missing(of: Lock([locked]).signedFiles).isEmpty else {
            throw Untraceable(reason: "the indexes of its snapshot are not in the store")
        }
        let profiles = Set(changes.flatMap(\.profiles))
        var narrowed = request
        narrowed.profiles.removeAll { !profiles.contains($0.name) }
        let snapshot = try await LockKeeper(project: project).snapshot(of: declared, locked)
        let catalog = try await project.catalogs.catalog(
            of: snapshot, for: narrowed, keeping: LockHold(locked), fetch: project.packageFetch())
        return try await BlockingWork.run { [narrowed] in
            LockCauses(of: changes, in: try Resolver().resolve(narrowed, in: catalog).profiles)
        }
    }

    /// How many commits are looked through for the sets that an ISO was made from.
    private static let historyLimit = 40

    /// What the declaration and the sets of `side` ask for. Those of a file or an ISO are not in it: the working ones, or those
    /// of a commit, are taken where they are what was locked.
    private func request(
        for locked: LockedDistribution, at side: LockSide
    ) async throws -> (Declaration.Distribution, ResolutionRequest) {
        let keeper = LockKeeper(project: project)
        func find(_ requests: [(Declaration.Distribution, ResolutionRequest)]) throws
            -> (Declaration.Distribution, ResolutionRequest)
        {
            guard let found = requests.first(where: { $0.0.name == locked.name }) else {
                throw Untraceable(reason: "its declaration has no distribution \(locked.name)")
            }
            return found
        }
        switch side.kind {
        case .working: return try find(try keeper.requests(naming: [locked.name], beside: side.lock))
        case .revision:
            return try find(
                try await Revision(project: project, commit: side.commit ?? "HEAD")
                    .requests(naming: [locked.name], beside: side.lock))
        case .file, .image:
            let isMeant = { (candidate: (Declaration.Distribution, ResolutionRequest)) in
                candidate.0.name == locked.name && candidate.1.asked == locked.asked
            }
            if let match = try? keeper.requests(naming: [locked.name], beside: side.lock).first(where: isMeant) {
                return match
            }
            let paths = [project.declarationFile, "package-sets"]
            for commit in (try? await project.git.history(of: paths, limit: Self.historyLimit)) ?? [] {
                try Task.checkCancellation()
                let revision = Revision(project: project, commit: commit)
                let requests = try? await revision.requests(naming: [locked.name], beside: side.lock)
                if let match = requests?.first(where: isMeant) { return match }
            }
            try Task.checkCancellation()
            throw Untraceable(
                reason: "the package sets that it was made from are neither here nor among the last commits")
        }
    }
}

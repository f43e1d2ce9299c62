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
}

extension Project {
    /// What moved from the lock `old` (a file, an ISO, a git revision; nil: HEAD) to the lock `new` (nil: the working one).
    ///
    /// What was added or removed is traced to the line of a package set where the sets of that lock are at hand and the
    /// indexes of its snapshot are in the store. Nothing is fetched.
    package func difference(from old: String?, to new: String?) async throws -> ProjectDifference {
        let from = try await side(old ?? "HEAD")
        let to = if let new { try await side(new) } else { try workingSide() }
        return ProjectDifference(from: from, to: to, comparison: try await compare(from, to))
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
        let needed = Set(locked.snapshots.map(\.blob) + locked.indexes.map(\.blob))
        guard try await project.store.missing(of: needed).isEmpty else {
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
            return try find(try await requests(at: side.commit ?? "HEAD", of: locked.name, beside: side.lock))
        case .file, .image:
            let isMeant = { (candidate: (Declaration.Distribution, ResolutionRequest)) in
                candidate.0.name == locked.name && candidate.1.asked == locked.asked
            }
            if let match = try? keeper.requests(naming: [locked.name], beside: side.lock).first(where: isMeant) {
                return match
            }
            let git = GitRepository(folder: project.declaration.folder, environment: project.surroundings.environment)
            let paths = [project.declarationFile, "package-sets"]
            for commit in (try? await git.history(of: paths, limit: Self.historyLimit)) ?? [] {
                try Task.checkCancellation()
                if let match = try? await requests(at: commit, of: locked.name, beside: side.lock).first(where: isMeant)
                {
                    return match
                }
            }
            try Task.checkCancellation()
            throw Untraceable(
                reason: "the package sets that it was made from are neither here nor among the last commits")
        }
    }

    /// What the declaration and the sets of a commit ask for, of those in use and of `distribution`.
    private func requests(at commit: String, of distribution: String, beside lock: Lock) async throws -> [(
        Declaration.Distribution, ResolutionRequest
    )] {
        let folder = project.declaration.folder
        let git = GitRepository(folder: folder, environment: project.surroundings.environment)
        let file = project.declarationFile
        let files = try await git.files([file, "package-sets"], of: commit)
        guard let text = files[file] else { throw Untraceable(reason: "it has no \(file)") }
        let declaration = try Declaration.parse(
            String(decoding: text, as: UTF8.self), file: file, folder: folder, home: project.surroundings.home,
            exists: Files.exists)
        let loader = PackageSetLoader(folder: "package-sets", shownAs: "package-sets") { path throws(FileError) in
            guard let bytes = files[path.string] else { throw FileError("read", path, .noSuchFileOrDirectory) }
            return String(decoding: bytes, as: UTF8.self)
        }
        return try LockKeeper(project: project).requests(
            of: declaration, naming: [distribution], beside: lock, loader: loader)
    }
}

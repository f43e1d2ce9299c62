import APT
import BuildGraph
import ContentStore
package import Darksites
import Primitives
import SystemPackage
import Transfer

/// Keeps deploy.lock in step with the declaration: what is locked stays; what the declaration asks for beyond that is resolved
/// against the locked snapshot; only `update` moves the snapshot.
package struct LockKeeper: Sendable {
    private let project: Project
    /// Suites, as `repository/suite`, whose Release file may have expired.
    private let allowExpired: Set<String>

    package init(project: Project, allowExpired: Set<String> = []) {
        self.project = project
        self.allowExpired = allowExpired
    }

    /// The lock as it stands; nil where there is none yet. Throws `UserErrors` where it can't be read.
    package func existing() throws -> Lock? {
        let file = project.declaration.lock
        guard Files.exists(file) else { return nil }
        return try LockReader.read(try Files.read(file), file: project.workspace.shown(file))
    }

    /// The lock that fits the declaration. Where it differs from the file, it is resolved, and written if `writes`.
    /// `update` names the distributions whose snapshot is to be today's.
    package func current(update: Set<String> = [], writes: Bool = true) async throws -> Lock {
        let old = try existing()
        var lock = old ?? Lock([])
        let requests = try self.requests()
        for (distribution, request) in requests {
            let before = old?[distribution.name]
            if let before, before.declaration == request.declaration, !update.contains(distribution.name) { continue }
            let resolved = try await resolve(
                distribution, request, against: update.contains(distribution.name) ? nil : before)
            announce(distribution, before, resolved)
            lock = lock.replacing(resolved.locked)
        }
        lock = Lock(lock.distributions.filter { locked in requests.contains { $0.0.name == locked.name } })
        guard lock != old else { return lock }
        if writes { try Files.write(try LockWriter.text(of: lock), to: project.declaration.lock) }
        if old == nil, writes {
            project.events(.notice("wrote \(project.workspace.shown(project.declaration.lock)) (commit it)"))
        }
        return lock
    }

    func requests() throws -> [(Declaration.Distribution, ResolutionRequest)] {
        let folder = project.declaration.packageSets
        return try requests(
            of: project.declaration, loader: PackageSetLoader(folder: folder, shownAs: project.workspace.shown(folder)))
    }

    /// What `declaration`, which may be an older one, asks for with the sets that `loader` reads.
    func requests(
        of declaration: Declaration, loader: PackageSetLoader
    ) throws -> [(Declaration.Distribution, ResolutionRequest)] {
        var errors: [any UserError] = []
        var requests: [(Declaration.Distribution, ResolutionRequest)] = []
        for distribution in declaration.distributions {
            do {
                let profiles = declaration.profiles(of: distribution)
                let sets = try loader.load(
                    profiles, distribution: distribution.name, architecture: distribution.architecture)
                requests.append((distribution, try request(distribution, profiles, sets)))
            } catch let found as UserErrors {
                errors += found.errors
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        return requests
    }

    private func request(
        _ distribution: Declaration.Distribution, _ profiles: [PackageSetProfile], _ sets: [String: PackageSetUnion]
    ) throws -> ResolutionRequest {
        var inputs = Declaration.resolutionInputs(of: distribution, profiles: sets)
        for case .keyring(let keyring) in distribution.repositories.map(\.trust) {
            inputs += try Files.digest(keyring).digest.bytes
        }
        let internalNames = Set(Declaration.InternalProfile.allCases.map(\.rawValue))
        return ResolutionRequest(
            distribution: distribution.name, architecture: distribution.architecture, declaration: Digest(of: inputs),
            profiles: profiles.compactMap { profile in
                sets[profile.name].map { union in
                    ProfileRequest(
                        name: profile.name, base: internalNames.contains(profile.name) ? .essential : .installation,
                        sets: union)
                }
            },
            pins: try distribution.pins.map { try Pin($0) }, prebuildsZFS: distribution.zfsModule != nil)
    }

    private func resolve(
        _ distribution: Declaration.Distribution, _ request: ResolutionRequest, against before: LockedDistribution?
    ) async throws -> (locked: LockedDistribution, snapshot: Snapshot) {
        let events = project.events
        let snapshot = try await self.snapshot(of: distribution, before)
        let resolver = Resolver(store: project.store)
        return try await BlockingWork.run {
            let resolution = try resolver.resolve(request, in: try resolver.catalog(of: snapshot, for: request))
            for remark in resolution.remarks { events(.warning(remark)) }
            return (resolution.locked, snapshot)
        }
    }

    /// The snapshot that `before` names, or today's where nothing is locked.
    func snapshot(of distribution: Declaration.Distribution, _ before: LockedDistribution?) async throws -> Snapshot {
        let sources = distribution.repositories.map { repository in
            RepositorySource(
                name: repository.name, suites: repository.suites, components: repository.components,
                trust: {
                    switch repository.trust {
                    case .keyring(let path): .keyring(path)
                    case .unsigned: .unsigned
                    }
                }())
        }
        let fetch = SnapshotFetch(
            store: project.store, addresses: try project.addresses(), downloader: Downloader(),
            now: project.surroundings.now(), allowExpired: allowExpired)
        if let before {
            return try await fetch.locked(before, sources: sources, architecture: distribution.architecture)
        }
        let snapshot = try await fetch.latest(of: sources, architecture: distribution.architecture)
        let date = snapshot.snapshots.map(\.date).max().map { String("\($0)".prefix(10)) } ?? ""
        let names = snapshot.signers.map { String($0.prefix { $0 != "<" }).trimmingSuffix(" ") }
        let others = names.count > 1 ? " and \(names.count - 1) others" : ""
        let signed = names.last.map { "signed by \($0)\(others)" } ?? "unsigned"
        project.events(.notice("\(distribution.name): resolving against the archive of \(date) (\(signed))"))
        return snapshot
    }

    /// Says what a resolution changed, in the words of profiles and packages.
    private func announce(
        _ distribution: Declaration.Distribution, _ before: LockedDistribution?,
        _ resolved: (locked: LockedDistribution, snapshot: Snapshot)
    ) {
        let locked = resolved.locked
        guard let before else {
            let profiles = distribution.profiles.map { profile in
                let packages = locked.packages(of: profile.name)
                return "\(profile.name) \(packages.count) (\(packages.reduce(.zero) { $0 + $1.size }))"
            }
            let module = locked.built.first.map { " · zfs \($0.version)" } ?? ""
            let kernel = locked.kernelRelease(of: "live").map { " · kernel \($0)" } ?? ""
            project.events(
                .notice("\(distribution.name): packages: \(profiles.joined(separator: " · "))\(kernel)\(module)"))
            return
        }
        for snapshot in locked.snapshots {
            let old = before.snapshots.first { $0.repository == snapshot.repository && $0.suite == snapshot.suite }
            guard let old, snapshot.date < old.date else { continue }
            project.events(
                .warning(
                    "\(snapshot.repository) \(snapshot.suite): the mirror's state of \(snapshot.date) is older than the locked one of \(old.date)"
                ))
        }
        let difference = LockDifference(from: before, to: locked) {
            DebianVersion(unchecked: $0.utf8) < DebianVersion(unchecked: $1.utf8)
        }
        for line in difference.lines() { project.events(.notice("\(distribution.name): \(line)")) }
    }
}

extension Pin {
    /// The pin as apt's resolver has it.
    init(_ pin: Declaration.Pin) throws {
        let target =
            switch pin.target {
            case .release(let terms):
                "release " + terms.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            case .version(let version): "version \(version)"
            case .origin(let host): "origin \(host)"
            }
        try self.init(packages: pin.packages.joined(separator: " "), pin: target, priority: pin.priority)
    }
}

extension String {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}

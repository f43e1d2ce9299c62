import APT
import BuildGraph
package import ContentStore
import Darksites
import Declaration
package import Locking
import Primitives
import SystemPackage
import Transfer

/// Keeps deploy.lock in step with the declaration: what is locked stays; what the declaration asks for beyond that is resolved
/// against the locked snapshot; only `update` moves the snapshot.
package struct LockKeeper: Sendable {
    let project: Project

    package init(project: Project) { self.project = project }

    /// The lock as it stands; nil where there is none yet. Throws `UserErrors` where it can't be read.
    package func existing() throws -> Lock? { try read()?.lock }

    /// The same, with the places of its lines.
    func read() throws -> (lock: Lock, places: LockPlaces)? {
        let file = project.declaration.lock
        guard Files.exists(file) else { return nil }
        let (bytes, name) = (try Files.read(file), project.workspace.shown(file))
        return (try LockReader.read(bytes, file: name), LockPlaces(bytes, file: name))
    }

    /// What an update is to move.
    package struct Update: Sendable {
        /// The distributions whose snapshot is to be today's.
        package var distributions: Set<String> = []
        /// Names of packages; where there are any, they move to today's versions, and all others stay.
        package var packages: Set<String> = []

        package init(distributions: Set<String> = [], packages: Set<String> = []) {
            self.distributions = distributions
            self.packages = packages
        }
    }

    /// How the lock stands to the declaration.
    struct Standing {
        struct Section {
            let distribution: Declaration.Distribution
            let request: ResolutionRequest
            let locked: LockedDistribution?
            let difference: RequestDifference
        }

        /// nil where there is no file.
        let lock: Lock?
        let places: LockPlaces?
        let sections: [Section]
        /// Distributions that the lock has, and the declaration has not any more.
        let superfluous: [String]

        /// Whether the lock fits as it is.
        var isCurrent: Bool { lock != nil && superfluous.isEmpty && sections.allSatisfy(\.difference.isEmpty) }

        /// What differs, a line each.
        var lines: [String] {
            guard lock != nil else { return ["there is no deploy.lock"] }
            let differences = sections.flatMap { section in
                section.difference.lines.map { "\(section.distribution.name): \($0)" }
            }
            return differences + superfluous.map { "\($0): it is in the lock, and not declared" }
        }
    }

    /// Compares the lock with what the distributions in use, and those `named`, ask for; nothing is resolved, and nothing but
    /// files of this checkout is read.
    func standing(naming named: Set<String> = []) throws -> Standing {
        let file = try read()
        let lock = file?.lock
        let sections = try requests(naming: named, beside: lock).map { distribution, request in
            Standing.Section(
                distribution: distribution, request: request, locked: lock?[distribution.name],
                difference: RequestDifference(from: lock?[distribution.name], to: request))
        }
        let known = project.declaration.distributions.map(\.name)
        return Standing(
            lock: lock, places: file?.places, sections: sections,
            superfluous: (lock?.distributions ?? []).map(\.name).filter { !known.contains($0) })
    }

    /// The lock that fits what the distributions in use, and those `named`, ask for. Where it differs from the file, it is
    /// resolved, and written if `writes`. What is locked of further ones that are declared stays as it is. Unless the caller
    /// holds the store, it is held meanwhile.
    package func current(
        update: Update = Update(), naming named: Set<String> = [], writes: Bool = true,
        holding storeLock: StoreLock? = nil
    ) async throws -> Lock {
        let standing = try standing(naming: named.union(update.distributions))
        var lock = standing.lock ?? Lock([])
        if standing.isCurrent, update.distributions.isEmpty, isVerified(standing) { return lock }
        guard storeLock != nil else {
            return try await project.holdingStore {
                try await current(update: update, naming: named, writes: writes, holding: $0)
            }
        }
        try await project.refuseFetching(standing)
        for section in standing.sections {
            let moves = update.distributions.contains(section.distribution.name)
            // What moves as a whole is not looked at any more.
            if let locked = section.locked, !moves || !update.packages.isEmpty {
                try await verify(section, locked, places: standing.places)
            }
            if section.difference.isEmpty, !moves { continue }
            if section.locked != nil {
                for line in section.difference.lines.prefix(Self.linesShown) {
                    project.events(.notice("\(section.distribution.name): \(line)"))
                }
                let more = section.difference.lines.count - Self.linesShown
                if more > 0 { project.events(.notice("\(section.distribution.name): and \(more) other changes")) }
            }
            let resolved =
                moves && update.packages.isEmpty
                ? try await resolve(section.distribution, section.request, against: nil, notBefore: section.locked)
                : try await resolve(
                    section.distribution, section.request, against: section.locked,
                    moving: moves ? update.packages : [])
            try await verify(resolved.locked, as: section.distribution)
            announce(section.distribution, section.locked, resolved)
            lock = lock.replacing(resolved.locked)
        }
        lock = Lock(lock.distributions.filter { !standing.superfluous.contains($0.name) })
        guard lock != standing.lock else { return lock }
        if writes { try Files.write(try LockWriter.text(of: lock), to: project.declaration.lock) }
        if standing.lock == nil, writes {
            project.events(.notice("wrote \(project.workspace.shown(project.declaration.lock)) (commit it)"))
        }
        return lock
    }

    /// How many differences between lock and declaration are told.
    private static let linesShown = 12

    /// What the distributions in use, and those `named`, ask for beside `lock`; beside the file where there is none.
    func requests(
        naming named: Set<String> = [], beside lock: Lock? = nil
    ) throws -> [(Declaration.Distribution, ResolutionRequest)] {
        let folder = project.declaration.packageSets
        return try requests(
            of: project.declaration, naming: named, beside: lock ?? existing(),
            loader: PackageSetLoader(folder: folder, shownAs: project.workspace.shown(folder)))
    }

    /// What `declaration`, which may be an older one, asks for with the sets that `loader` reads.
    func requests(
        of declaration: Declaration, naming named: Set<String>, beside lock: Lock?, loader: PackageSetLoader
    ) throws -> [(Declaration.Distribution, ResolutionRequest)] {
        var errors: [any UserError] = []
        var requests: [(Declaration.Distribution, ResolutionRequest)] = []
        let wanted = declaration.distributionsInUse.union(named)
        let usesRPM = declaration.usesRPM(naming: named, locked: lock)
        for distribution in declaration.distributions where wanted.contains(distribution.name) {
            if distribution.isOnline {
                errors.append(
                    PlanError(
                        "\(distribution.name) is online: it is installed over the network, and nothing is resolved of it",
                        hint: "deploy.yaml says so (online: true)", isUsageError: true))
                continue
            }
            do {
                let profiles = declaration.profiles(of: distribution, usingRPM: usesRPM)
                let sets = try loader.load(
                    profiles, distribution: distribution.name, family: distribution.family,
                    architecture: distribution.architecture)
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
        let keys = try keys(of: distribution)
        let internalNames = Set(Declaration.InternalProfile.allCases.map(\.rawValue))
        return ResolutionRequest(
            distribution: distribution.name, architecture: distribution.architecture,
            asked: LockedRequest(
                of: distribution, profiles: sets, keyrings: keys.repositories, packageKeys: keys.packages,
                files: try project.ownRepositories(of: distribution).mapValues(\.digest)),
            profiles: profiles.compactMap { profile in
                sets[profile.name].map { union in
                    ProfileRequest(
                        name: profile.name, base: internalNames.contains(profile.name) ? .essential : .installation,
                        sets: union)
                }
            },
            rules: try {
                switch distribution.source {
                case .apt(let source): .apt(try APTRules(of: source))
                case .rpm(let source): .rpm(RPMRules(of: source, architecture: distribution.architecture))
                }
            }())
    }

    /// By repository, the digests of the keys that its metadata and its packages must be signed with. Throws `UserErrors` where
    /// some are not there.
    private func keys(
        of distribution: Declaration.Distribution
    ) throws -> (repositories: [String: Digest], packages: [String: Digest]) {
        switch distribution.source {
        case .apt(let source): (try keys(of: source), [:])
        case .rpm(let source): try keys(of: source)
        }
    }

    private func keys(of source: Declaration.APTSource) throws -> [String: Digest] {
        var keyrings: [String: Digest] = [:]
        for repository in source.repositories {
            guard case .keyring(let keyring) = repository.trust else { continue }
            guard Files.exists(keyring) else {
                throw UserErrors([Mistake.missingKeyring(keyring, at: repository.location)])
            }
            keyrings[repository.name] = try Files.digest(keyring).digest
        }
        return keyrings
    }

    private func keys(
        of source: Declaration.RPMSource
    ) throws -> (repositories: [String: Digest], packages: [String: Digest]) {
        var keyrings: [String: Digest] = [:]
        var packageKeys: [String: Digest] = [:]
        var missing: [FilePath: Mistake] = [:]
        for repository in source.repositories {
            let absent = repository.keys.filter { !Files.exists($0) }
            for key in absent where missing[key] == nil {
                missing[key] = Mistake.missingKeyring(key, at: repository.location)
            }
            guard absent.isEmpty else { continue }
            if case .keys(let keys) = repository.trust { keyrings[repository.name] = try KeyFiles(keys).digest() }
            if !repository.packageKeys.isEmpty {
                packageKeys[repository.name] = try KeyFiles(repository.packageKeys).digest()
            }
        }
        guard missing.isEmpty else {
            throw UserErrors(missing.values.sorted { ($0.location?.line ?? 0) < ($1.location?.line ?? 0) })
        }
        return (keyrings, packageKeys)
    }

    /// Resolves against what is locked, or against today's archives where `before` is nil.
    ///
    /// `moving` names packages that move to their latest version, with what has to move for that. A snapshot is the identity of
    /// signed indexes, and all packages of a mirror need a stanza of one; so today's snapshot is locked beside the one that the
    /// other packages stay with, as long as a package is in today's alone. The lock then says all: from where each package
    /// comes, and against which indexes the next change is resolved, on any machine.
    func resolve(
        _ distribution: Declaration.Distribution, _ request: ResolutionRequest, against before: LockedDistribution?,
        moving: Set<String> = [], notBefore floor: LockedDistribution? = nil
    ) async throws -> (locked: LockedDistribution, snapshot: Snapshot) {
        let events = project.events
        let snapshot = try await self.snapshot(of: distribution, before, adding: !moving.isEmpty, notBefore: floor)
        for remark in snapshot.remarks { events(.warning(remark)) }
        try snapshot.check(codename: distribution.codename, of: distribution.name)
        let catalogs = project.catalogs
        let fetch = project.packageFetch()
        var moving = moving
        while true {
            let hold = LockHold(before, moving: moving)
            let catalog = try await catalogs.catalog(of: snapshot, for: request, keeping: hold, fetch: fetch)
            let (locked, remarks) = try await BlockingWork.run {
                let resolution = try Resolver().resolve(request, in: catalog)
                return (resolution.locked, resolution.remarks)
            }
            // What had to move in one profile moves in all: a mirror has one version of a package where it can.
            let split = before.map { locked.namesInSeveralVersions(exceptIn: $0) } ?? []
            guard !moving.isEmpty, !split.isSubset(of: moving) else {
                for remark in remarks { events(.warning(remark)) }
                return (locked, snapshot)
            }
            moving.formUnion(split)
        }
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
            let module = locked.zfsModuleVersion.map { " · zfs \($0)" } ?? ""
            let release = (["live"] + distribution.profiles.map(\.name)).lazy.compactMap(locked.kernelRelease).first
            let kernel = release.map { " · kernel \($0)" } ?? ""
            project.events(
                .notice("\(distribution.name): packages: \(profiles.joined(separator: " · "))\(kernel)\(module)"))
            return
        }
        for snapshot in locked.snapshots {
            let old = before.snapshots.first { $0.name == snapshot.name }
            guard let old, snapshot.date < old.date else { continue }
            project.events(
                .warning(
                    "\(snapshot.shown): the mirror's state of \(snapshot.date) is older than the locked one of \(old.date)"
                ))
        }
        for line in LockDifference(from: before, to: locked).lines() {
            project.events(.notice("\(distribution.name): \(line)"))
        }
    }
}

extension Pin {
    /// The pin as apt's resolver has it.
    init(_ pin: Declaration.Pin) throws {
        let (kind, value) = pin.target.words
        try self.init(packages: pin.packages.joined(separator: " "), pin: "\(kind) \(value)", priority: pin.priority)
    }
}

extension LockedDistribution {
    /// The names of packages that are there in several versions, and were not in `before`.
    fileprivate func namesInSeveralVersions(exceptIn before: LockedDistribution) -> Set<String> {
        func several(_ distribution: LockedDistribution) -> Set<String> {
            let versions = Dictionary(grouping: distribution.packages, by: \.name).mapValues { Set($0.map(\.version)) }
            return Set(versions.filter { $0.value.count > 1 }.keys)
        }
        return several(self).subtracting(several(before))
    }
}

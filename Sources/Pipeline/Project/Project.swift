import APT
package import BuildGraph
package import Containers
package import ContentStore
package import Darksites
package import Declaration
package import Locking
import Packages
package import Primitives
package import RemoteCache
package import SystemPackage
import Transfer

#if canImport(Glibc)
private import Glibc
#endif

/// A declaration with the folders and tools it is built with: what every command starts from.
package struct Project: Sendable {
    /// deploy.yaml, with what flags and environment say in its place.
    package let declaration: Declaration
    /// The name of the file that it was read from.
    package let declarationFile: String
    /// The folders that a build works in.
    package let workspace: Workspace
    /// What comes from outside: environment, clock, cores.
    package let surroundings: Surroundings
    /// The store in the workspace's cache; `holdingStore` holds it for one process.
    package let store: ContentStore
    /// What is worked out of blobs and can be made again.
    package let derived: DerivedResults
    /// The runs of steps, in the cache, too.
    package internal(set) var records: RecordFolder
    /// What runs containers on this host.
    package var podman: Podman
    let network: HostNetwork
    /// Gets all that happens in builds and resolutions, from whichever task it happens in; it must not wait.
    package private(set) var events: @Sendable (BuildEvent) -> Void
    /// How large the store may be: what DEPLOY_CACHE_SIZE says, else the declaration; nil: as large as it likes.
    package let storeLimit: ByteCount?
    /// The cache that others use, too, in this build; nil where there is none, see `sharing`.
    package internal(set) var remote: RemoteCache?
    /// Whether nothing may go over a network, see `offline()`.
    var isOffline = false
    /// What is accepted of states of repositories that would be refused.
    package var allowances = Allowances()

    /// What this user's verifications came to; nothing where there is no place for his keys.
    var kept: KeptResults? { (try? workspace.key).flatMap { KeptResults(derived: derived, home: $0) } }

    /// The git repository that the declaration lies in, where it is one.
    var git: GitRepository { GitRepository(folder: declaration.folder, environment: surroundings.environment) }

    /// What reads the packages of a snapshot, and those that were read before from what was kept of them.
    var catalogs: CatalogReader { CatalogReader(store: artifacts, derived: derived) }

    /// The store, and what is behind it.
    var artifacts: any ArtifactStore { remote.map { TieredStore(store, behind: $0) } ?? store }

    /// Opens the declaration in `file`, taken from `folder`. The folders of the build are made where they are missing.
    ///
    /// Throws `UserErrors` with all that is wrong in the declaration, and `FileError`.
    package init(
        file: FilePath, in folder: FilePath, overrides: DeclarationOverrides, surroundings: Surroundings,
        events: @escaping @Sendable (BuildEvent) -> Void
    ) throws {
        // Before a word of it is read, and shown.
        let path = folder.pushing(file)
        let taken = TakenFiles(folder: path.removingLastComponent(), allowed: surroundings.allowedFolders)
        try taken.check(path, called: file.string)
        declaration = try Declaration.load(file, in: folder, home: surroundings.home).applying(overrides)
        try taken.check(declaration)
        declarationFile = file.lastComponent?.string ?? file.string
        workspace = Workspace(root: declaration.folder, surroundings: surroundings)
        self.surroundings = surroundings
        storeLimit = try surroundings.storeLimit ?? declaration.storeLimit
        self.events = events
        network = HostNetwork(surroundings, events: events)
        guard !workspace.isShared(workspace.cache) else { throw SharedCache(folder: workspace.cache) }
        let warning = try Self.judgeOwner(of: workspace.cache, surroundings)
        store = try ContentStore(root: workspace.cache)
        derived = DerivedResults(root: workspace.derived, taking: DerivedResults.Kind.all, from: workspace.cache)
        records = try RecordFolder(root: workspace.records)
        podman = Podman(environment: surroundings.environment, state: workspace.podman) { events(.notice($0)) }
        // Questions ask no cache, and believe what it said before.
        records.believed = try believedCache()
        if let warning { events(.warning(warning)) }
    }

    /// What stands in the store is believed: who could have put it there must be this user. Returns what is to be said of a group
    /// that may write there.
    private static func judgeOwner(of folder: FilePath, _ surroundings: Surroundings) throws -> String? {
        guard let status = try FileStatus(at: folder, followsLinks: true) else { return nil }
        let owner = FolderOwner(of: status, sudoUser: surroundings.environment["SUDO_UID"])
        guard let problem = owner.problem else { return nil }
        let sentence = "the store \(folder) \(problem): what they put there would be on your image"
        if case .group = owner { return sentence }
        throw Mistake(
            sentence, at: nil,
            hint: "take one of your own: DEPLOY_CACHE=/path ./deploy …; or make it yours: chown, chmod go-w")
    }

    /// The same project, whose events `journal` notes as well.
    func noted(by journal: BuildJournal) -> Project {
        var project = self
        project.events = { [events] event in
            journal.note(event)
            events(event)
        }
        return project
    }

    /// The engine that runs this project's steps, with logs in a folder of this moment. What it makes is kept within `budget`.
    func engine(within budget: StoreBudget? = nil) -> BuildEngine {
        let architecture = declaration[distribution: declaration.live.distribution]?.architecture ?? "amd64"
        let kept: any RecordStore = budget.map { BudgetedRecords(records: records, budget: $0) } ?? records
        return BuildEngine(
            store: artifacts,
            records: remote.map { SharedRecords(kept, store: store, behind: $0, architecture: architecture) } ?? kept,
            containers: podman,
            executor: remote.flatMap { $0.options.executes ? RemoteExecutor(store, on: $0) : nil },
            logFolder: workspace.logs.appending(LockDate(secondsSince1970: surroundings.now()).compact),
            cores: remote?.options.executes == true
                ? min(surroundings.cores, surroundings.processors) : surroundings.cores,
            coresElsewhere: surroundings.cores,
            architecture: architecture,
            now: surroundings.now, events: events)
    }

    /// The steps of this declaration with this lock; those of the distributions `named`, too.
    package func plan(
        _ lock: Lock, naming named: Set<String> = [], isDraft: Bool = false
    ) async throws -> BuildPlan {
        let statCache = StatCache(file: workspace.statCache)
        func folder(_ path: FilePath) throws -> StepInput {
            .folder(path, try FileTree(scanning: path, cache: statCache), shownAs: workspace.shown(path))
        }
        let includes = try folder(declaration.live.includes)
        let modes = try UnusualModes.scan(declaration.live.includes)
        let postinstall = try declaration.live.postinstall.map(folder)
        let signer = try await SigningKey(home: workspace.key)
        let requests = try LockKeeper(project: self).requests(naming: named)
        let tracer = PackageTracer(project: self, requests: requests)
        let sources = try sources(of: requests, statCache)
        try statCache.save()
        let forbidden = requests.map { distribution, request in
            (distribution.name, request.profiles.map { ($0.name, $0.sets.forbidden.map(\.name)) })
        }
        try await putOwnIndexes(of: lock.only(declaration.distributionsInUse.union(named)))
        return try BuildPlanner(
            declaration: declaration, lock: lock.only(declaration.distributionsInUse),
            beside: lock.only(named.subtracting(declaration.iso.darksites.map(\.distribution))).distributions,
            fetch: packageFetch(of: lock.distributions),
            signer: signer, includes: includes, includeModes: modes, postinstall: postinstall,
            packageKeys: try packageKeys(of: declaration.distributionsInUse.union(named)),
            forbidden: Dictionary(uniqueKeysWithValues: forbidden.map { ($0, Dictionary(uniqueKeysWithValues: $1)) }),
            isDraft: isDraft,
            evidence: EvidencePlanner(
                traces: { try await tracer.traces(of: $0, in: $1) }, kept: kept, sources: sources)
        ).plan()
    }

    /// The files that say what is built: the declaration, the package sets of all profiles, and the keys of repositories.
    private func sources(
        of requests: [(distribution: Declaration.Distribution, request: ResolutionRequest)], _ cache: StatCache
    ) throws -> [StepInput] {
        var files: [String: FilePath] = [declarationFile: declaration.folder.appending(declarationFile)]
        for file in requests.flatMap({ $0.request.profiles.flatMap(\.sets.files) }) {
            files[file] = declaration.folder.pushing(FilePath(file))
        }
        for case .apt(let source) in requests.map(\.distribution.source) {
            for case .keyring(let path) in source.repositories.map(\.trust) { files[workspace.shown(path)] = path }
        }
        return try files.sorted { $0.key < $1.key }.map { name, path in
            guard let status = try FileStatus(at: path, followsLinks: true) else {
                throw FileError("read", path, .noSuchFileOrDirectory)
            }
            let digest = try cache.digest(of: path, status: status)
            return .file(path, Blob(digest, size: ByteCount(status.size)), shownAs: name)
        }
    }

    /// The files of keys that packages of `distributions` must be signed with, by repository.
    private func packageKeys(of distributions: Set<String>) throws -> [String: [[UInt8]]] {
        var keys: [String: [[UInt8]]] = [:]
        for distribution in declaration.distributions where distributions.contains(distribution.name) {
            guard case .rpm(let source) = distribution.source else { continue }
            for repository in source.repositories where !repository.packageKeys.isEmpty {
                keys[repository.name] = try repository.packageKeys.map { path in
                    guard Files.exists(path) else {
                        throw UserErrors([Mistake.missingKeyring(path, at: repository.location)])
                    }
                    return try Files.read(path)
                }
            }
        }
        return keys
    }

    /// The stages of distributions that are declared, and that nothing is made of unless they are named.
    package var unusedStages: [Stage] {
        let used = declaration.distributionsInUse
        return declaration.distributions.filter { !used.contains($0.name) }.map { BuildStage.darksite(of: $0) }
    }

    /// Where each repository's mirrors are on this host, and its snapshot service.
    func addresses() async throws -> RepositoryAddresses {
        let selection = await mirrorSelection()
        var byName: [String: [String]] = [:]
        var services: [String: SnapshotService] = [:]
        var withoutService: Set<String> = []
        var lists: [String: MirrorListSource] = [:]
        var files: [Digest: String] = [:]
        for distribution in declaration.distributions {
            // What is wrong with them is said where the distribution is used.
            for file in ((try? ownRepositories(of: distribution)) ?? [:]).values.flatMap(\.files) {
                files[file.digest] = MirrorAddress.folder(file.path).url
            }
            switch distribution.source {
            case .apt(let source):
                for repository in source.repositories {
                    byName[repository.name] = try selection.addresses(of: repository).map(\.url)
                    services[repository.name] = repository.snapshot
                    if repository.snapshot == nil { withoutService.insert(repository.name) }
                }
            case .rpm(let source):
                for repository in source.repositories {
                    byName[repository.name] = try selection.addresses(of: repository).map(\.url)
                    lists[repository.name] = repository.list
                }
            }
        }
        return RepositoryAddresses(
            byName, services: services, withoutService: withoutService, lists: lists, files: files, kept: kept)
    }

    /// What fetches packages for this host; those that `locked` names also from a snapshot service. Where mirrors are, and the
    /// way to them, is found out when there is something to fetch.
    func packageFetch(of locked: [LockedDistribution] = []) -> PackageFetch {
        let snapshots = locked.flatMap(\.snapshots)
        return PackageFetch { (addresses: try await addresses().at(snapshots), downloader: try await downloader()) }
    }

    /// What downloads for this host: the way that apt goes from where apt's own mirrors are used. For all others, such as those of
    /// RPM packages, the proxies of the environment count.
    func downloader(connectTimeout: Duration? = nil) async throws -> Downloader {
        let selection = await mirrorSelection()
        var choices: [String: APTProxies.Choice] = [:]
        for distribution in declaration.distributions {
            guard case .apt(let source) = distribution.source else { continue }
            for repository in source.repositories {
                choices.merge(selection.proxies(of: repository)) { first, _ in first }
            }
        }
        // The programs that apt asks for proxies may ask the network.
        var options = await network.options(isOffline ? [:] : choices)
        options.isOffline = isOffline
        if let connectTimeout { options.connectTimeout = connectTimeout }
        return Downloader(options: options)
    }

    /// Why what apt has of `distribution` is not where its packages are fetched from; empty where it is, or nobody asks for it.
    func remarksOnMirrors(of distribution: Declaration.Distribution) async -> [String] {
        guard case .apt(let source) = distribution.source else { return [] }
        let selection = await mirrorSelection()
        return source.repositories.compactMap(selection.remark)
    }

    /// apt's configuration is read where a repository is fetched from where apt fetches it.
    private func mirrorSelection() async -> MirrorSelection {
        func selection(_ host: HostAPT) -> MirrorSelection {
            MirrorSelection(
                host: host, environment: surroundings.environment, workingFolder: surroundings.currentFolder)
        }
        let needsHost = declaration.distributions.contains { distribution in
            switch distribution.source {
            case .apt(let source): source.repositories.contains { selection(HostAPT()).askedOfHost($0) != nil }
            case .rpm: false
            }
        }
        return selection(needsHost ? await network.apt() : HostAPT())
    }

    /// Holds the store for this process while `body` runs; says so where it has to wait.
    package func holdingStore<T>(_ body: (StoreLock) async throws -> T) async throws -> T {
        let lock = try await store.lock(owner: "process \(getpid()) in \(workspace.root)\n") { holder in
            events(.waitingForStore(holder: holder))
        }
        defer { withExtendedLifetime(lock) {} }
        try store.removeDebris(holding: lock)
        return try await body(lock)
    }
}

/// A cache in a folder that is somebody's home, or holds the checkout.
struct SharedCache: UserError {
    let folder: FilePath
    var what: String { "DEPLOY_CACHE is \(folder), which holds more than a store" }
    var hint: String? { "give the store a folder of its own: DEPLOY_CACHE=\(folder.appending("kldload-cache"))" }
    var isUsageError: Bool { true }
}

import BuildGraph
import Locking
import Packages

/// A repository as far as its signed indexes are concerned.
protocol RepositorySource: Sendable {
    /// What has states of its own: a suite, or nothing where the repository as a whole has them.
    associatedtype Suite: Sendable
    /// As the declaration calls it.
    var name: String { get }
    var suites: [Suite] { get }
    /// As the lock calls it.
    static func name(of suite: Suite) -> String?
    /// How old today's state may be; a locked one may be of any age.
    var maximumAge: MaximumAge { get }
    /// What it is made of, where it is one of the user's own.
    var own: OwnRepository? { get }
}

/// What is known of one state of a suite from its signed file.
protocol RepositoryState: Sendable {
    var snapshot: LockedSnapshot { get }
    /// The user ids of those whose signature was good.
    var signers: [String] { get }
    /// Who signed it with a key that has expired since.
    var expiredSigner: String? { get }
    /// In seconds since 1970; nil where the file does not say until when it counts.
    var validUntil: Int64? { get }
    /// Mirrors that were passed over, and why.
    var remarks: [String] { get }
    func isSame(as other: Self) -> Bool
    /// `index`, which is one of its own, as a file to fetch.
    func file(of index: LockedIndex) -> ArchiveFile
}

/// A state among those of its suite.
struct Generation<State: RepositoryState> {
    let state: State
    /// 0 for the first state, then those that updates of single packages added, by date.
    let number: Int
}

/// What the kind of the packages decides of how the states of repositories are fetched. How they make a snapshot, and how a lock is
/// held to them, is the same for all.
protocol SnapshotFamily: Sendable {
    associatedtype Source: RepositorySource
    associatedtype State: RepositoryState

    /// In the order of the declaration.
    var repositories: [Source] { get }
    var access: ArchiveAccess { get }

    /// Today's state of a suite, from the first mirror that has one to take.
    func today(_ suite: Source.Suite, of source: Source, _ rule: FreshnessRule) async throws -> State
    /// The state of a repository of the user's own, whose indexes are made here.
    func made(of own: OwnRepository, as source: Source) async throws -> State
    /// A locked state from the first place that has it, as `judge` makes it of the signed file.
    func refetch(
        _ known: LockedSnapshot, _ suite: Source.Suite, of source: Source,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> State
    ) async throws -> State
    /// What a signed file says, its signature checked. `locked` are the indexes of a locked state, nil for one of today;
    /// `place` is where the file came from, where that is known.
    func judge(
        _ file: SignedFile, _ suite: Source.Suite, of source: Source, locked: [LockedIndex]?, place: String?
    ) async throws -> State
    /// What is needed of `states`, in the store and read: the indexes of each, and what they say.
    func read(_ states: [Generation<State>]) async throws -> (indexes: [[LockedIndex]], content: Snapshot.Content)

    /// What has states: "suite".
    static var suiteNoun: String { get }
    /// What names indexes: "Release file".
    static var signedFile: String { get }
    /// Whether the signed file names `index`, under its path and with its size and digest, as what the lock says it is.
    func names(_ index: LockedIndex, in state: State) async throws -> Bool
    /// What there is to say of a locked state that is good.
    func notices(on state: State, of source: Source) async throws -> [String]
    /// Whether `index` is one of those that say which packages there are.
    func holdsPackages(_ index: LockedIndex) -> Bool
    /// What `indexes`, which the signed files name, say otherwise than the lock of its `packages`.
    func faults(of packages: [LockedPackage], in indexes: [LockedIndex]) async throws -> [ChainFault]
}

extension SnapshotFamily {
    func latest(notBefore floor: LockedDistribution?) async throws -> Snapshot {
        let rule = FreshnessRule(floor: floor, allowances: access.allowances, now: access.now)
        var states: [State] = []
        for source in repositories {
            if let own = source.own {
                states.append(try await made(of: own, as: source))
                continue
            }
            var ofSource: [State] = []
            for suite in source.suites { ofSource.append(try await today(suite, of: source, rule)) }
            try checkAge(ofSource, of: source, rule)
            states += ofSource
        }
        return try await snapshot(of: states)
    }

    func locked(_ locked: LockedDistribution, adding: Bool) async throws -> Snapshot {
        let rule = FreshnessRule(floor: locked, allowances: access.allowances, now: access.now)
        var states: [State] = []
        for source in repositories {
            // Its files are what they are: the lock says when they changed, and moves nothing else then.
            if let own = source.own {
                states.append(try await made(of: own, as: source))
                continue
            }
            var ofSource: [State] = []
            var isOfToday = false
            for suite in source.suites {
                let name = SuiteName(repository: source.name, suite: Source.name(of: suite))
                let indexes = locked.indexes.filter { $0.name == name }
                let known = locked.snapshots.filter { $0.name == name }
                for snapshot in known {
                    ofSource.append(try await lockedState(snapshot, indexes, suite, of: source))
                }
                guard adding || known.isEmpty else { continue }
                isOfToday = true
                let today = try await today(suite, of: source, rule)
                if !ofSource.contains(where: { $0.isSame(as: today) }) {
                    ofSource.append(today)
                }
            }
            if isOfToday { try checkAge(ofSource, of: source, rule) }
            states += ofSource
        }
        return try await snapshot(of: states)
    }

    /// Throws where the newest of `states`, all of one repository, is older than it may be.
    func checkAge(_ states: [State], of source: Source, _ rule: FreshnessRule) throws(TooOld) {
        let suites = states.map { (name: $0.snapshot.suite ?? source.name, hasExpiry: $0.validUntil != nil) }
        try rule.checkAge(states.map(\.snapshot), limit: source.maximumAge.limit(of: suites))
    }

    /// A locked state, fetched where the store does not have it. Throws `SnapshotGone` where nobody has it any more.
    private func lockedState(
        _ known: LockedSnapshot, _ indexes: [LockedIndex], _ suite: Source.Suite, of source: Source
    ) async throws -> State {
        if try await access.store.fetch(known.blob) {
            let file = SignedFile(stored: try await access.store.bytes(of: known.blob))
            return try await judge(file, suite, of: source, locked: indexes, place: nil)
        }
        do {
            return try await refetch(known, suite, of: source) { file, place in
                try await judge(file, suite, of: source, locked: indexes, place: place.address)
            }
        } catch let error as NoGoodSource where error.isGone {
            throw SnapshotGone(
                snapshot: known, tried: error.details,
                isWithoutService: access.addresses.withoutService.contains(known.repository))
        }
    }

    /// The state that `snapshot` of `locked` names. What is of files of the user's own is made of them; where those changed, a lock
    /// that is stale is behind them, and it is nil.
    private func state(
        _ snapshot: LockedSnapshot, _ suite: Source.Suite, of source: Source, in locked: LockedDistribution,
        isStale: Bool
    ) async throws -> State? {
        if let own = source.own {
            let made = try await made(of: own, as: source)
            if made.snapshot == snapshot { return made }
            if isStale { return nil }
        }
        let indexes = locked.indexes.filter { $0.name == snapshot.name }
        return try await lockedState(snapshot, indexes, suite, of: source)
    }

    private func snapshot(of states: [State]) async throws -> Snapshot {
        var counts: [SuiteName: Int] = [:]
        let generations = states.map { state in
            let number = counts[state.snapshot.name, default: 0]
            counts[state.snapshot.name] = number + 1
            return Generation(state: state, number: number)
        }
        let (indexes, content) = try await read(generations)
        return snapshot(of: generations, indexes: indexes, content: content)
    }

    /// The snapshot of `states`, each of which has those of `indexes` at its place.
    func snapshot(
        of states: [Generation<State>], indexes: [[LockedIndex]], content: Snapshot.Content
    ) -> Snapshot {
        var all: [LockedIndex] = []
        var signers: [String] = []
        var places: [LockedSnapshot: Snapshot.State] = [:]
        for (generation, own) in zip(states, indexes) {
            // An index that did not change between two states is there once.
            for index in own where !all.contains(index) { all.append(index) }
            for signer in generation.state.signers where !signers.contains(signer) { signers.append(signer) }
            places[generation.state.snapshot] = Snapshot.State(
                generation: generation.number, indexes: Set(own.map(\.digest)))
        }
        return Snapshot(
            snapshots: states.map(\.state.snapshot), indexes: all, signers: signers, states: places,
            remarks: states.flatMap(\.state.remarks), content: content)
    }

    func verify(_ locked: LockedDistribution, isStale: Bool) async throws -> LockVerification {
        var result = LockVerification(isStale: isStale)
        var states: [State] = []
        for snapshot in locked.snapshots {
            guard let source = repositories.first(where: { $0.name == snapshot.repository }),
                let suite = source.suites.first(where: { Source.name(of: $0) == snapshot.suite })
            else {
                result.passOver(undeclared: snapshot, Self.suiteNoun)
                continue
            }
            guard let state = try await state(snapshot, suite, of: source, in: locked, isStale: isStale) else {
                result.passedOver.insert(snapshot.repository)
                continue
            }
            states.append(state)
            result.note(
                snapshot, expiredSigner: state.expiredSigner, validUntil: state.validUntil, now: access.now)
            result.notices += try await notices(on: state, of: source)
            result.compare(snapshot, with: state.snapshot)
        }
        var named: [(index: LockedIndex, file: ArchiveFile)] = []
        for index in locked.indexes {
            let candidates = states.filter { $0.snapshot.name == index.name }
            var naming: State?
            for state in candidates where naming == nil {
                if try await names(index, in: state) { naming = state }
            }
            if let naming {
                named.append((index, naming.file(of: index)))
            } else if !candidates.isEmpty || !isStale {
                result.addUnnamed(index, by: Self.signedFile)
            }
        }
        named.removeAll { !holdsPackages($0.index) }
        try await PackageFetch(addresses: access.addresses.at(locked.snapshots), downloader: access.downloader).fetch(
            named.map(\.file), into: access.store, areLocked: true)
        result.faults += try await faults(of: result.packages(of: locked), in: named.map(\.index))
        return result
    }
}

import BuildGraph
import ContentStore
package import Declaration
import Locking
package import Packages
import Primitives
import RPM

/// A repository of RPM packages, as far as its metadata are concerned.
package struct RPMRepositorySource: RepositorySource {
    /// As the declaration calls it.
    package let name: String
    /// Who vouches for repomd.xml.
    package let trust: Declaration.RPMRepository.Trust
    /// How old today's state may be; a locked one may be of any age.
    package let maximumAge: MaximumAge
    /// What it is made of, where it is one of the user's own.
    package let own: OwnRepository?

    package init(
        name: String, trust: Declaration.RPMRepository.Trust, maximumAge: MaximumAge = .standard,
        own: OwnRepository? = nil
    ) {
        self.own = own
        self.name = name
        self.trust = trust
        self.maximumAge = maximumAge
    }

    /// With `own` where the declared repository is made of files of the user's own.
    package init(_ repository: Declaration.RPMRepository, own: OwnRepository?) {
        self.init(name: repository.name, trust: repository.trust, maximumAge: repository.maximumAge, own: own)
    }

    /// It has none, and is a state as a whole.
    var suites: [Void] { [()] }
    static func name(of suite: Void) -> String? { nil }
}

/// The states of RPM repositories: repomd.xml, and the metadata that it names.
struct RPMSnapshotFetch: SnapshotFamily {
    let repositories: [RPMRepositorySource]
    let architecture: String
    let access: ArchiveAccess
    var parsed: ParsedSnapshots { ParsedSnapshots(store: access.store, derived: access.derived) }

    /// One state of a repository.
    struct State: RepositoryState {
        let source: RPMRepositorySource
        let snapshot: LockedSnapshot
        let index: RepositoryIndex
        let signers: [String]
        let expiredSigner: String?
        /// Of a locked state: the indexes of all locked states of the repository.
        var locked: [LockedIndex]?
        /// Where to ask for its indexes; empty where that was not found out.
        var places: [String] = []
        var remarks: [String] = []

        /// repomd.xml does not say how long it counts.
        var validUntil: Int64? { nil }

        /// A new signature of the same file is no other state.
        func isSame(as other: Self) -> Bool { index == other.index }
        func file(of index: LockedIndex) -> ArchiveFile { ArchiveFile(index) }
    }

    private static let statement = "repodata/repomd.xml"

    // MARK: Today's state

    func today(_ suite: Void, of source: RPMRepositorySource, _ rule: FreshnessRule) async throws -> State {
        let mirrors = try await mirrors(of: source)
        var older: (rank: Int, state: State, file: SignedFile)?
        do {
            var (state, remarks) = try await obtain(source, from: mirrors.places, known: nil) { file, place in
                let rank = try mirrors.rank(of: file.bytes, of: source.name)
                var state = try await judge(file, (), of: source, locked: nil, place: nil)
                try rule.checkOrder(state.snapshot)
                try checkAge([state], of: source, rule)
                state.places = [place.address] + mirrors.places.map(\.address).filter { $0 != place.address }
                guard rank > 0 else { return state }
                if rank < older?.rank ?? .max { older = (rank, state, file) }
                throw NotInMetalink(name: source.name, isOlder: true)
            }
            state.remarks = mirrors.remarks + remarks
            if source.trust == .metalink { keepVouched(state) }
            return state
        } catch let error as any UserError {
            // All mirrors that answer may be late, with a state that was good until now.
            guard let older else { throw error }
            try await access.store.insert(older.file.stored)
            var state = older.state
            state.remarks = mirrors.remarks + ["\(source.name): no mirror has the newest state that the metalink knows"]
            if source.trust == .metalink { keepVouched(state) }
            return state
        }
    }

    /// Where a repository may be, and what its repomd.xml must be.
    struct Mirrors {
        let places: [RepositoryAddresses.Place]
        let states: [MirrorList.State]
        let remarks: [String]

        /// The place of `bytes` among the states, of which the first is the newest; 0 where none are known.
        func rank(of bytes: [UInt8], of name: String) throws(NotInMetalink) -> Int {
            guard !states.isEmpty else { return 0 }
            let rank = states.firstIndex { state in
                !state.digests.isEmpty && state.size.map { $0 == bytes.count } ?? true
                    && state.digests.allSatisfy { $0.key.digits(of: bytes) == $0.value }
            }
            guard let rank else { throw NotInMetalink(name: name, isOlder: false) }
            return rank
        }
    }

    func mirrors(of source: RPMRepositorySource) async throws -> Mirrors {
        let explicit = access.addresses.byName[source.name] ?? []
        let list = access.addresses.lists[source.name]
        guard explicit.isEmpty || source.trust == .metalink else {
            return Mirrors(places: Self.places(explicit), states: [], remarks: [])
        }
        guard let list else {
            if source.trust == .metalink { throw NobodyVouches(name: source.name, problem: .noMetalink) }
            return Mirrors(places: [], states: [], remarks: [])
        }
        guard source.trust != .metalink || MirrorLists.isSecure(list.url) else {
            throw NobodyVouches(name: source.name, problem: .notSecure(list.url))
        }
        let found = try await MirrorLists(
            workArea: access.store.workArea, downloader: access.downloader, kept: access.kept
        ).mirrors(of: source.name, list)
        guard source.trust != .metalink || found.isVouchedFor && !found.states.isEmpty else {
            throw NobodyVouches(name: source.name, problem: .notSecure(list.url))
        }
        return Mirrors(
            places: Self.places(explicit.isEmpty ? found.addresses : explicit), states: found.states,
            remarks: found.remark.map { [$0] } ?? [])
    }

    private static func places(_ addresses: [String]) -> [RepositoryAddresses.Place] {
        addresses.map { RepositoryAddresses.Place(address: $0, isFile: false) }
    }

    func made(of own: OwnRepository, as source: RPMRepositorySource) async throws -> State {
        let files = try await own.rpmMetadata()
        for file in files { try await access.store.insert(file.bytes) }
        return try await judge(
            SignedFile(bytes: files.last?.bytes ?? [], signature: nil), (), of: source, locked: nil, place: nil)
    }

    // MARK: A locked state

    func refetch(
        _ known: LockedSnapshot, _ suite: Void, of source: RPMRepositorySource,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> State
    ) async throws -> State {
        let addresses = try await access.addresses.found(
            for: [source.name], workArea: access.store.workArea, downloader: access.downloader)
        let places = addresses.places(of: source.name, known: known)
        return try await obtain(source, from: places, known: known, judge: judge).state
    }

    private func obtain(
        _ source: RPMRepositorySource, from places: [RepositoryAddresses.Place], known: LockedSnapshot?,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> State
    ) async throws -> (state: State, remarks: [String]) {
        var form = [Self.statement]
        if case .keys = source.trust { form.append(Self.statement + ".asc") }
        return try await access.signedFiles.obtain(
            source.name, forms: [form], from: places, known: known, judge: judge)
    }

    func judge(
        _ file: SignedFile, _ suite: Void, of source: RPMRepositorySource, locked: [LockedIndex]?, place: String?
    ) async throws -> State {
        var payload = file.bytes
        var signers: [String] = []
        var expiredSigner: String?
        if case .keys(let keys) = source.trust {
            let signed = try await SignatureCheck(kept: access.kept).verified(
                file, keys: KeyFiles(keys), source.name, isLocked: locked != nil)
            (payload, signers, expiredSigner) = (signed.payload, signed.signers, signed.expired)
        }
        let index = try RepositoryIndex(reading: payload, source: "\(source.name), repomd.xml")
        return State(
            source: source,
            snapshot: LockedSnapshot(
                repository: source.name, suite: nil, date: Self.date(of: index),
                digest: Digest(of: file.stored), size: ByteCount(file.stored.count)),
            index: index, signers: signers, expiredSigner: expiredSigner, locked: locked)
    }

    /// The newest time of its files; else its revision, which createrepo makes the time, too.
    private static func date(of index: RepositoryIndex) -> LockDate {
        // What a lock can say ends with the year 9999.
        let times = [index.timestamp, Int64(index.revision)].lazy.compactMap { $0 }
        return LockDate(secondsSince1970: times.first { (0..<253_402_300_800).contains($0) } ?? 0)
    }
}

package import BuildGraph
package import ContentStore
package import Locking
package import Packages
import Primitives
import RPM
package import SystemPackage
package import Transfer

/// A repository of RPM packages, as far as its metadata are concerned.
package struct RPMRepositorySource: Sendable {
    /// Who vouches for repomd.xml.
    package enum Trust: Hashable, Sendable {
        /// One of the keys in these files, with repomd.xml.asc.
        case keys([FilePath])
        /// The metalink, which has its digest.
        case metalink
        /// Nobody; written down as such in the declaration.
        case unsigned
    }

    /// As the declaration calls it.
    package let name: String
    /// Who vouches for it.
    package let trust: Trust
    /// How old today's state may be; a locked one may be of any age.
    package let maximumAge: MaximumAge
    /// What it is made of, where it is one of the user's own.
    package let own: OwnRepository?

    package init(
        name: String, trust: Trust, maximumAge: MaximumAge = .standard, own: OwnRepository? = nil
    ) {
        self.own = own
        self.name = name
        self.trust = trust
        self.maximumAge = maximumAge
    }
}

/// Fetches the metadata of RPM repositories and makes sure that they are what they claim: what ``SnapshotFetch`` is for suites of
/// Debian packages.
package struct RPMSnapshotFetch: Sendable {
    let store: any ArtifactStore
    let derived: DerivedResults
    let addresses: RepositoryAddresses
    let downloader: Downloader
    /// Seconds since 1970; what age is measured against.
    let now: Int64
    private let allowances: Allowances
    let kept: KeptResults?
    var parsed: ParsedSnapshots { ParsedSnapshots(store: store, derived: derived) }

    /// Without `kept`, every signature is verified anew.
    package init(
        store: any ArtifactStore, derived: DerivedResults, addresses: RepositoryAddresses, downloader: Downloader,
        now: Int64, allowances: Allowances = Allowances(), kept: KeptResults? = nil
    ) {
        self.store = store
        self.derived = derived
        self.addresses = addresses
        self.downloader = downloader
        self.now = now
        self.allowances = allowances
        self.kept = kept
    }

    /// Today's state of `sources`, with all indexes in the store, and read.
    ///
    /// `floor` is what is locked, if anything: nothing goes back behind it.
    ///
    /// Throws `MetadataError`, `SignatureError`, `TransferErrors`, `NoGoodSource` and others that say which repository is not as it
    /// should be; `MirrorIsOlder` and `TooOld` as `SnapshotFetch.latest` does.
    package func latest(
        of sources: [RPMRepositorySource], architecture: String, notBefore floor: LockedDistribution? = nil
    ) async throws -> Snapshot {
        let rule = FreshnessRule(floor: floor, allowances: allowances, now: now)
        var parts: [Part] = []
        for source in sources { parts.append(try await latest(of: source, rule)) }
        return try await complete(parts, architecture: architecture)
    }

    /// The state that `locked` names, its signatures checked again, with all indexes in the store, and read. A repository that
    /// the lock does not know yet is taken as it is today. `adding` adds today's state of every repository to those that the
    /// lock has. filelists.xml of a locked state is read where it is locked, too.
    ///
    /// Throws as `latest` does; `SnapshotGone` where nobody has a locked state any more, `MirrorIsOlder` where today's state
    /// would be older than a locked one.
    package func locked(
        _ locked: LockedDistribution, sources: [RPMRepositorySource], architecture: String, adding: Bool = false
    ) async throws -> Snapshot {
        let rule = FreshnessRule(floor: locked, allowances: allowances, now: now)
        var parts: [Part] = []
        for source in sources {
            // Its files are what they are: the lock says when they changed, and moves nothing else then.
            let known = source.own == nil ? locked.snapshots.filter { $0.repository == source.name } : []
            let indexes = locked.indexes.filter { $0.repository == source.name }
            for snapshot in known { parts.append(try await part(snapshot, indexes, of: source)) }
            guard adding || known.isEmpty else { continue }
            let today = try await latest(of: source, rule)
            // A new signature of the same file is no other state.
            if parts.contains(where: { $0.source.name == source.name && $0.index == today.index }) { continue }
            parts.append(today)
        }
        return try await complete(parts, architecture: architecture)
    }

    /// One state of a repository.
    struct Part {
        let source: RPMRepositorySource
        let snapshot: LockedSnapshot
        let index: RepositoryIndex
        let signers: [String]
        /// Who signed it with a key that has expired since.
        let expiredSigner: String?
        /// Of a locked state: the indexes of all locked states of the repository.
        var locked: [LockedIndex]?
        /// Where to ask for its indexes; empty where that was not found out.
        var places: [String] = []
        var remarks: [String] = []
    }

    private static let statement = "repodata/repomd.xml"

    // MARK: Today's state

    private func latest(of source: RPMRepositorySource, _ rule: FreshnessRule) async throws -> Part {
        if let own = source.own { return try await part(of: own, source) }
        let mirrors = try await mirrors(of: source)
        var older: (rank: Int, part: Part, file: SignedFile)?
        do {
            var (part, remarks) = try await obtain(source, from: mirrors.places, known: nil) { file, place in
                let rank = try mirrors.rank(of: file.bytes, of: source.name)
                var part = try await judge(file, source)
                try rule.checkOrder(part.snapshot)
                try checkAge(part, of: source, rule)
                part.places = [place.address] + mirrors.places.map(\.address).filter { $0 != place.address }
                guard rank > 0 else { return part }
                if rank < older?.rank ?? .max { older = (rank, part, file) }
                throw NotInMetalink(name: source.name, isOlder: true)
            }
            part.remarks = mirrors.remarks + remarks
            if source.trust == .metalink { keepVouched(part) }
            return part
        } catch let error as any UserError {
            // All mirrors that answer may be late, with a state that was good until now.
            guard let older else { throw error }
            try await store.insert(older.file.stored)
            var part = older.part
            part.remarks = mirrors.remarks + ["\(source.name): no mirror has the newest state that the metalink knows"]
            if source.trust == .metalink { keepVouched(part) }
            return part
        }
    }

    private func checkAge(_ part: Part, of source: RPMRepositorySource, _ rule: FreshnessRule) throws(TooOld) {
        let limit = source.maximumAge.limit(of: [(name: source.name, hasExpiry: false)])
        try rule.checkAge([part.snapshot], limit: limit)
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
        let explicit = addresses.byName[source.name] ?? []
        let list = addresses.lists[source.name]
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
        let found = try await MirrorLists(workArea: store.workArea, downloader: downloader, kept: kept).mirrors(
            of: source.name, list)
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

    /// The state of a repository of the user's own, whose metadata are made here.
    func part(of own: OwnRepository, _ source: RPMRepositorySource) async throws -> Part {
        let files = try await own.rpmMetadata()
        for file in files { try await store.insert(file.bytes) }
        return try await judge(SignedFile(bytes: files.last?.bytes ?? [], signature: nil), source)
    }

    // MARK: A locked state

    func part(
        _ known: LockedSnapshot, _ indexes: [LockedIndex], of source: RPMRepositorySource
    ) async throws -> Part {
        var part: Part
        if try await store.fetch(known.blob) {
            part = try await judge(SignedFile(stored: try await store.bytes(of: known.blob)), source, isLocked: true)
        } else {
            do {
                let addresses = try await addresses.found(
                    for: [source.name], workArea: store.workArea, downloader: downloader)
                let places = addresses.places(of: source.name, known: known)
                (part, _) = try await obtain(source, from: places, known: known) { file, _ in
                    guard Digest(of: file.stored) == known.digest else { throw AnotherSnapshot(known: known) }
                    return try await judge(file, source, isLocked: true)
                }
            } catch let error as NoGoodSource where error.isGone {
                throw SnapshotGone(
                    snapshot: known, tried: error.details, hasService: addresses.services[known.repository] != nil)
            }
        }
        part.locked = indexes
        return part
    }

    private func obtain(
        _ source: RPMRepositorySource, from places: [RepositoryAddresses.Place], known: LockedSnapshot?,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> Part
    ) async throws -> (part: Part, remarks: [String]) {
        var form = [Self.statement]
        if case .keys = source.trust { form.append(Self.statement + ".asc") }
        return try await SignedFileFetch(store: store, downloader: downloader).obtain(
            source.name, forms: [form], from: places, known: known, judge: judge)
    }

    private func judge(_ file: SignedFile, _ source: RPMRepositorySource, isLocked: Bool = false) async throws -> Part {
        var payload = file.bytes
        var signers: [String] = []
        var expiredSigner: String?
        if case .keys(let keys) = source.trust {
            let signed = try await SignatureCheck(kept: kept).verified(
                file, keys: KeyFiles(keys), source.name, isLocked: isLocked)
            (payload, signers, expiredSigner) = (signed.payload, signed.signers, signed.expired)
        }
        let index = try RepositoryIndex(reading: payload, source: "\(source.name), repomd.xml")
        return Part(
            source: source,
            snapshot: LockedSnapshot(
                repository: source.name, suite: LockedSnapshot.noSuite, date: Self.date(of: index),
                digest: Digest(of: file.stored), size: ByteCount(file.stored.count)),
            index: index, signers: signers, expiredSigner: expiredSigner)
    }

    /// The newest time of its files; else its revision, which createrepo makes the time, too.
    private static func date(of index: RepositoryIndex) -> LockDate {
        // What a lock can say ends with the year 9999.
        let times = [index.timestamp, Int64(index.revision)].lazy.compactMap { $0 }
        return LockDate(secondsSince1970: times.first { (0..<253_402_300_800).contains($0) } ?? 0)
    }
}

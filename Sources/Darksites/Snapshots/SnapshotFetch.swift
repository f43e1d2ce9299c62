package import APT
package import BuildGraph
package import ContentStore
import Declaration
package import Locking
package import Packages
package import Primitives
package import SystemPackage
package import Transfer

/// A repository of the declaration, as far as its signed indexes are concerned.
package struct RepositorySource: Sendable {
    /// Who vouches for its Release files.
    package enum Trust: Hashable, Sendable {
        case keyring(FilePath)
        /// Written down as unsigned in the declaration.
        case unsigned
    }

    /// As the declaration calls it.
    package let name: String
    /// "trixie", "trixie-updates"; that of a flat repository ends in a slash.
    package let suites: [String]
    /// "main"; empty for a flat repository.
    package let components: [String]
    /// Who vouches for it.
    package let trust: Trust
    /// The host of its address, for pins by origin; empty for a folder.
    package let site: String
    /// How old today's state may be; a locked one may be of any age.
    package let maximumAge: MaximumAge
    /// What it is made of, where it is one of the user's own.
    package let own: OwnRepository?

    package init(
        name: String, suites: [String], components: [String], trust: Trust, site: String = "",
        maximumAge: MaximumAge = .standard, own: OwnRepository? = nil
    ) {
        self.own = own
        self.name = name
        self.suites = suites
        self.components = components
        self.trust = trust
        self.site = site
        self.maximumAge = maximumAge
    }
}

/// The state of a distribution's repositories at one moment: what the lock says of them, and what their Release files say.
package struct Snapshot: Sendable {
    /// The signed files, in the order of the declaration; of a suite the first state comes first.
    package let snapshots: [LockedSnapshot]
    /// Those that the signed files name and that are needed, each once.
    package let indexes: [LockedIndex]
    /// "Debian Archive Automatic Signing Key (13/trixie)", each once.
    package let signers: [String]
    /// What each of `snapshots` is among those of its suite.
    package var states: [LockedSnapshot: State] = [:]
    /// Mirrors that were passed over, and why.
    package var remarks: [String] = []

    /// One state of a suite, or of an RPM repository, among those that a snapshot has of it.
    package struct State: Sendable {
        /// 0 for the first snapshot of the suite, then those that updates of single packages added, by date.
        package let generation: Int
        /// The digests of the indexes that it names.
        package let indexes: Set<Digest>
    }

    /// By the digest of an index: the generation of the first snapshot that names it.
    var generations: [Digest: Int] {
        var generations: [Digest: Int] = [:]
        for state in states.values {
            for index in state.indexes { generations[index] = min(generations[index] ?? .max, state.generation) }
        }
        return generations
    }
    /// What the signed files and the indexes say.
    package let content: Content

    /// What its signed files say, by the family of its packages.
    package enum Content: Sendable {
        case apt(APTSnapshotContent)
        case rpm(RPMSnapshotContent)
    }
}

/// What there is of a snapshot of APT's repositories.
package struct APTSnapshotContent: Sendable {
    /// By repository and suite.
    package var releases: [String: Release] = [:]
    /// By repository: the host of its address, for pins by origin; none for folders.
    package var sites: [String: String] = [:]
    /// Its packages, where they were parsed before.
    package var parsed: PackageTable?

    package init() {}

    /// The release of one suite of one repository.
    package func release(_ repository: String, _ suite: String) -> Release? { releases["\(repository) \(suite)"] }
}

/// Fetches signed indexes and makes sure that they are what they claim: nothing that fails a check stays in the store.
package struct SnapshotFetch: Sendable {
    let store: any ArtifactStore
    let derived: DerivedResults
    let addresses: RepositoryAddresses
    let downloader: Downloader
    /// Seconds since 1970; what expiry and age are measured against.
    let now: Int64
    private let allowances: Allowances
    private let kept: KeptResults?

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

    private var parsed: ParsedSnapshots { ParsedSnapshots(store: store, derived: derived) }

    /// Today's state of `sources`, with all indexes for `architectures` in the store. `floor` is what is locked, if anything:
    /// nothing goes back behind it.
    ///
    /// Throws `MirrorIsOlder` where the only state to be had would, and `TooOld` where a repository is older than it may be.
    package func latest(
        of sources: [RepositorySource], architectures: [String], notBefore floor: LockedDistribution? = nil
    ) async throws -> Snapshot {
        let rule = FreshnessRule(floor: floor, allowances: allowances, now: now)
        var parts: [Part] = []
        for source in sources {
            if let own = source.own {
                parts.append(try await part(of: own, source, architectures))
                continue
            }
            var states: [Part] = []
            for suite in source.suites {
                states.append(try await latest(suite, of: source, architectures: architectures, rule))
            }
            try checkAge(states, of: source, rule)
            parts += states
        }
        return try await complete(parts, of: sources, architectures: architectures)
    }

    private func checkAge(_ parts: [Part], of source: RepositorySource, _ rule: FreshnessRule) throws {
        let suites = parts.map { (name: $0.snapshot.suite, hasExpiry: $0.release.validUntil != nil) }
        try rule.checkAge(parts.map(\.snapshot), limit: source.maximumAge.limit(of: suites))
    }

    /// The state that `locked` names, its signatures checked again, with all indexes in the store. A suite that the lock does
    /// not know yet is taken as it is today. `adding` adds today's state of every suite to those that the lock has.
    ///
    /// Throws `MirrorIsOlder` where today's state would be older than a locked one.
    package func locked(
        _ locked: LockedDistribution, sources: [RepositorySource], architectures: [String], adding: Bool = false
    ) async throws -> Snapshot {
        let rule = FreshnessRule(floor: locked, allowances: allowances, now: now)
        var parts: [Part] = []
        for source in sources {
            // Its files are what they are: the lock says when they changed, and moves nothing else then.
            if let own = source.own {
                parts.append(try await part(of: own, source, architectures))
                continue
            }
            var states: [Part] = []
            var isOfToday = false
            for suite in source.suites {
                let known = locked.snapshots.filter { $0.repository == source.name && $0.suite == suite }
                let indexes = locked.indexes.filter { $0.repository == source.name && $0.suite == suite }
                for snapshot in known {
                    states.append(try await part(snapshot, indexes, of: source, architectures: architectures))
                }
                guard adding || known.isEmpty else { continue }
                isOfToday = true
                let today = try await latest(suite, of: source, architectures: architectures, rule)
                if !known.contains(today.snapshot) { states.append(today) }
            }
            if isOfToday { try checkAge(states, of: source, rule) }
            parts += states
        }
        return try await complete(parts, of: sources, architectures: architectures)
    }

    /// One state of a suite.
    struct Part {
        let snapshot: LockedSnapshot
        let release: Release
        let indexes: [LockedIndex]
        let byHash: Bool
        let signers: [String]
        /// Who signed it with a key that has expired since.
        let expiredSigner: String?
        var remarks: [String] = []
    }

    private func complete(
        _ parts: [Part], of sources: [RepositorySource], architectures: [String]
    ) async throws -> Snapshot {
        var releases: [String: Release] = [:]
        var signers: [String] = []
        var states: [LockedSnapshot: Snapshot.State] = [:]
        var counts: [String: Int] = [:]
        var indexes: [LockedIndex] = []
        for part in parts {
            let suite = "\(part.snapshot.repository) \(part.snapshot.suite)"
            releases[suite] = part.release
            for signer in part.signers where !signers.contains(signer) { signers.append(signer) }
            states[part.snapshot] = Snapshot.State(
                generation: counts[suite, default: 0], indexes: Set(part.indexes.map(\.digest)))
            counts[suite, default: 0] += 1
            // An index that did not change between two snapshots is there once.
            for index in part.indexes where !indexes.contains(index) { indexes.append(index) }
        }
        for architecture in architectures.dropFirst()
        where !indexes.contains(where: { [architecture, LockedIndex.none].contains($0.architecture) }) {
            throw NoSuchArchitecture(architecture: architecture, suites: parts.map(\.snapshot.shown))
        }
        var content = APTSnapshotContent()
        content.releases = releases
        content.sites = Dictionary(sources.map { ($0.name, $0.site) }) { first, _ in first }
        func snapshot(_ content: APTSnapshotContent) -> Snapshot {
            Snapshot(
                snapshots: parts.map(\.snapshot), indexes: indexes, signers: signers, states: states,
                remarks: parts.flatMap(\.remarks), content: .apt(content))
        }
        content.parsed = try await parsed.known(snapshot(content), content, architectures: architectures)
        // Indexes that were parsed need not be hashed again.
        if content.parsed == nil {
            let files = parts.flatMap { part in part.indexes.map { Self.file(of: $0, byHash: part.byHash) } }
            let dates = Dictionary(grouping: parts.map(\.snapshot), by: \.repository)
                .mapValues { Set($0.map(\.date)).sorted(by: >) }
            let addresses = RepositoryAddresses(
                addresses.byName, services: addresses.services, files: addresses.files, dates: dates,
                kept: addresses.kept)
            try await PackageFetch(addresses: addresses, downloader: downloader).fetch(files, into: store)
        }
        return snapshot(content)
    }

    /// An index as a file to fetch, called after its digest, because all are called Packages: an archive that keeps indexes by their hash has this one as long as it has this snapshot.
    package static func file(of index: LockedIndex, byHash: Bool) -> ArchiveFile {
        ArchiveFile(
            repository: index.repository, path: index.path, digest: index.digest, size: index.size,
            otherPaths: byHash ? [Release.byHashPath(of: index.path, index.digest)] : [], name: index.digest.hex)
    }

    private func latest(
        _ suite: String, of source: RepositorySource, architectures: [String], _ rule: FreshnessRule
    ) async throws -> Part {
        do {
            return try await obtain(suite, of: source, known: nil) { signed, place in
                let part = try await judge(signed, suite, source, architectures, place: place.address)
                try rule.checkOrder(part.snapshot)
                return part
            }
        } catch let error as TransferErrors where error.isMissing {
            throw NoRelease(
                name: "\(source.name) \(suite)", folder: Release.folder(of: suite),
                isUnsigned: source.trust == .unsigned, transfer: error)
        }
    }

    /// The state of a repository of the user's own, whose index is made here.
    func part(
        of own: OwnRepository, _ source: RepositorySource, _ architectures: [String]
    ) async throws -> Part {
        let (packages, release) = try await BlockingWork.run { try own.debianIndexes() }
        for file in [packages, release] { try await store.insert(file) }
        return try await judge(
            SignedFile(bytes: release, signature: nil), Declaration.Repository.suiteOfFiles, source, architectures)
    }

    /// The locked state `known`, which has the indexes `indexes`, its signature checked; fetched where the store does not have it.
    func part(
        _ known: LockedSnapshot, _ indexes: [LockedIndex], of source: RepositorySource, architectures: [String]
    ) async throws -> Part {
        guard try await store.fetch(known.blob) else {
            do {
                return try await obtain(known.suite, of: source, known: known) { signed, place in
                    guard Digest(of: signed.stored) == known.digest else { throw AnotherSnapshot(known: known) }
                    return try await judge(
                        signed, known.suite, source, architectures, locked: indexes, place: place.address)
                }
            } catch let error as NoGoodSource where error.isGone {
                throw SnapshotGone(
                    snapshot: known, tried: error.details, hasService: addresses.services[known.repository] != nil)
            }
        }
        let file = SignedFile(stored: try await store.bytes(of: known.blob))
        return try await judge(file, known.suite, source, architectures, locked: indexes)
    }

    /// InRelease, or Release and its detached signature where an archive has no InRelease, from the first place whose file
    /// `judge` takes.
    private func obtain(
        _ suite: String, of source: RepositorySource, known: LockedSnapshot?,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> Part
    ) async throws -> Part {
        let folder = Release.folder(of: suite)
        let forms =
            source.trust == .unsigned
            ? [["\(folder)Release"], ["\(folder)InRelease"]]
            : [["\(folder)InRelease"], ["\(folder)Release", "\(folder)Release.gpg"]]
        var (part, remarks) = try await SignedFileFetch(store: store, downloader: downloader).obtain(
            "\(source.name) \(suite)", forms: forms,
            from: addresses.places(of: source.name, known: known), known: known, judge: judge)
        part.remarks = remarks + part.remarks
        return part
    }

    /// `locked` are the indexes of a locked state, nil for today's; `place` is where the file came from, where that is known.
    private func judge(
        _ file: SignedFile, _ suite: String, _ source: RepositorySource, _ architectures: [String],
        locked: [LockedIndex]? = nil, place: String? = nil
    ) async throws -> Part {
        let name = "\(source.name) \(suite)"
        let isLocked = locked != nil
        var payload = file.bytes
        var signers: [String] = []
        var expiredSigner: String?
        if case .keyring(let keyring) = source.trust {
            let signed = try await SignatureCheck(kept: kept).verified(
                file, keys: KeyFiles([keyring]), name, isLocked: isLocked)
            (payload, signers, expiredSigner) = (signed.payload, signed.signers, signed.expired)
        } else if let text = try ClearSignedText.payload(of: payload, source: name) {
            payload = text
        }
        let release = try Release(payload: payload, source: name)
        // A locked snapshot was in force when it was locked; that it has expired since then is the lock's point.
        let allowance = LockedSnapshot.allowanceName(source.name, suite)
        let isExcused = isLocked || allowances.expired.contains(allowance)
        let moment = isExcused ? min(now, release.validUntil ?? now) : now
        do {
            try release.check(suite: suite, now: moment)
        } catch {
            if case .expired = error.problem { throw ExpiredRelease(error: error, name: allowance) }
            throw error
        }
        let (wanted, lacking) = try release.indexes(components: source.components, architectures: architectures)
        let snapshot = LockedSnapshot(
            repository: source.name, suite: suite, date: LockDate(secondsSince1970: release.date),
            digest: Digest(of: file.stored), size: ByteCount(file.stored.count))
        var indexes: [LockedIndex] = []
        for index in wanted {
            let path = Release.folder(of: suite) + index.path
            indexes.append(
                LockedIndex(
                    repository: source.name, suite: suite, component: index.component ?? LockedIndex.none,
                    architecture: index.architecture ?? LockedIndex.none, size: index.entry.size, path: path,
                    digest: try await digest(of: index.entry, at: path, snapshot, locked ?? [], place)))
        }
        var part = Part(
            snapshot: snapshot, release: release, indexes: indexes, byHash: release.acquireByHash, signers: signers,
            expiredSigner: expiredSigner)
        if !isLocked { part.remarks = lacking.map { "\(name) has no packages for \($0)" } }
        return part
    }

    /// The digest of an index; where the Release file has another one than SHA-256, the index is fetched to know it.
    private func digest(
        of entry: Release.Entry, at path: String, _ snapshot: LockedSnapshot, _ locked: [LockedIndex], _ place: String?
    ) async throws -> Digest {
        if let digest = entry.digest { return digest }
        for index in locked where index.path == path && index.size == entry.size {
            if let bytes = try? await store.bytes(of: index.blob), entry.isOf(bytes) { return index.digest }
        }
        let places = addresses.places(of: snapshot.repository, known: locked.isEmpty ? nil : snapshot)
            .filter { !$0.isFile }.map(\.address)
        return try await OtherDigestFetch(store: store, downloader: downloader).fetch(
            path, name: "\(snapshot.shown) \(path)", statement: "Release", kind: "sha512", size: entry.size,
            from: (place.map { [$0] } ?? []) + places.filter { $0 != place }, isRight: entry.isOf
        ).digest
    }
}

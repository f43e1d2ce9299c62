import APT
import BuildGraph
import ContentStore
package import Declaration
import Locking
package import Packages
import Primitives
import Transfer

/// A repository of the declaration, as far as its signed indexes are concerned.
package struct APTRepositorySource: RepositorySource {
    /// As the declaration calls it.
    package let name: String
    /// "trixie", "trixie-updates"; that of a flat repository ends in a slash.
    package let suites: [String]
    /// "main"; empty for a flat repository.
    package let components: [String]
    /// Who vouches for its Release files.
    package let trust: Declaration.Trust
    /// The host of its address, for pins by origin; empty for a folder.
    package let site: String
    /// How old today's state may be; a locked one may be of any age.
    package let maximumAge: MaximumAge
    /// What it is made of, where it is one of the user's own.
    package let own: OwnRepository?

    package init(
        name: String, suites: [String], components: [String], trust: Declaration.Trust, site: String = "",
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

    /// With `own` where the declared repository is made of files of the user's own.
    package init(_ repository: Declaration.Repository, own: OwnRepository?) {
        self.init(
            name: repository.name, suites: repository.suites, components: repository.components,
            trust: repository.trust, site: repository.site, maximumAge: repository.maximumAge, own: own)
    }

    static func name(of suite: String) -> String? { suite }
}

/// The states of APT's repositories: Release files, and the indexes that they name.
struct APTSnapshotFetch: SnapshotFamily {
    let repositories: [APTRepositorySource]
    /// The native architecture first.
    let architectures: [String]
    let access: ArchiveAccess

    /// One state of a suite.
    struct State: RepositoryState {
        let snapshot: LockedSnapshot
        let release: Release
        let indexes: [LockedIndex]
        let signers: [String]
        let expiredSigner: String?
        var remarks: [String] = []

        var validUntil: Int64? { release.validUntil }

        func isSame(as other: Self) -> Bool { snapshot == other.snapshot }
        func file(of index: LockedIndex) -> ArchiveFile { ArchiveFile(index, byHash: release.acquireByHash) }
    }

    // MARK: What is read of them

    private var parsed: ParsedSnapshots { ParsedSnapshots(store: access.store, derived: access.derived) }

    func read(_ states: [Generation<State>]) async throws -> (indexes: [[LockedIndex]], content: Snapshot.Content) {
        let indexes = states.map(\.state.indexes)
        let known = Set(indexes.joined().map(\.architecture))
        for architecture in architectures.dropFirst() where known.isDisjoint(with: [architecture, nil]) {
            throw NoSuchArchitecture(architecture: architecture, suites: states.map(\.state.snapshot.shown))
        }
        var content = APTSnapshotContent()
        for state in states { content.releases[state.state.snapshot.name] = state.state.release }
        content.sites = Dictionary(repositories.map { ($0.name, $0.site) }) { first, _ in first }
        content.parsed = try await parsed.known(
            snapshot(of: states, indexes: indexes, content: .apt(content)), content, architectures: architectures)
        // Indexes that were parsed need not be hashed again.
        if content.parsed == nil {
            let files = states.flatMap { state in state.state.indexes.map { state.state.file(of: $0) } }
            let addresses = access.addresses.at(states.map(\.state.snapshot))
            try await PackageFetch(addresses: addresses, downloader: access.downloader).fetch(files, into: access.store)
        }
        return (indexes, .apt(content))
    }

    // MARK: One state

    func today(_ suite: String, of source: APTRepositorySource, _ rule: FreshnessRule) async throws -> State {
        do {
            return try await obtain(suite, of: source, known: nil) { signed, place in
                let state = try await judge(signed, suite, of: source, locked: nil, place: place.address)
                try rule.checkOrder(state.snapshot)
                return state
            }
        } catch let error as TransferErrors where error.isMissing {
            throw NoRelease(
                name: "\(source.name) \(suite)", folder: Release.folder(of: suite),
                isUnsigned: source.trust == .unsigned, transfer: error)
        }
    }

    func made(of own: OwnRepository, as source: APTRepositorySource) async throws -> State {
        let (packages, release) = try await BlockingWork.run { try own.debianIndexes() }
        for file in [packages, release] { try await access.store.insert(file) }
        return try await judge(
            SignedFile(bytes: release, signature: nil), Declaration.Repository.suiteOfFiles, of: source, locked: nil,
            place: nil)
    }

    func refetch(
        _ known: LockedSnapshot, _ suite: String, of source: APTRepositorySource,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> State
    ) async throws -> State {
        try await obtain(suite, of: source, known: known, judge: judge)
    }

    /// InRelease, or Release and its detached signature where an archive has no InRelease, from the first place whose file
    /// `judge` takes.
    private func obtain(
        _ suite: String, of source: APTRepositorySource, known: LockedSnapshot?,
        judge: (SignedFile, RepositoryAddresses.Place) async throws -> State
    ) async throws -> State {
        let folder = Release.folder(of: suite)
        let forms =
            source.trust == .unsigned
            ? [["\(folder)Release"], ["\(folder)InRelease"]]
            : [["\(folder)InRelease"], ["\(folder)Release", "\(folder)Release.gpg"]]
        var (state, remarks) = try await access.signedFiles.obtain(
            "\(source.name) \(suite)", forms: forms,
            from: access.addresses.places(of: source.name, known: known), known: known, judge: judge)
        state.remarks = remarks + state.remarks
        return state
    }

    func judge(
        _ file: SignedFile, _ suite: String, of source: APTRepositorySource, locked: [LockedIndex]?, place: String?
    ) async throws -> State {
        let name = "\(source.name) \(suite)"
        let isLocked = locked != nil
        var payload = file.bytes
        var signers: [String] = []
        var expiredSigner: String?
        if case .keyring(let keyring) = source.trust {
            let signed = try await SignatureCheck(kept: access.kept).verified(
                file, keys: KeyFiles([keyring]), name, isLocked: isLocked)
            (payload, signers, expiredSigner) = (signed.payload, signed.signers, signed.expired)
        } else if let text = try ClearSignedText.payload(of: payload, source: name) {
            payload = text
        }
        let release = try Release(payload: payload, source: name)
        // A locked snapshot was in force when it was locked; that it has expired since then is the lock's point.
        let allowance = SuiteName(repository: source.name, suite: suite).allowance
        let isExcused = isLocked || access.allowances.expired.contains(allowance)
        let moment = isExcused ? min(access.now, release.validUntil ?? access.now) : access.now
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
                    repository: source.name, suite: suite, component: index.component,
                    architecture: index.architecture, size: index.entry.size, path: path,
                    digest: try await digest(of: index.entry, at: path, snapshot, locked ?? [], place)))
        }
        var state = State(
            snapshot: snapshot, release: release, indexes: indexes, signers: signers, expiredSigner: expiredSigner)
        if !isLocked { state.remarks = lacking.map { "\(name) has no packages for \($0)" } }
        return state
    }

    /// The digest of an index; where the Release file has another one than SHA-256, the index is fetched to know it.
    private func digest(
        of entry: Release.Entry, at path: String, _ snapshot: LockedSnapshot, _ locked: [LockedIndex], _ place: String?
    ) async throws -> Digest {
        if let digest = entry.digest { return digest }
        for index in locked where index.path == path && index.size == entry.size {
            if let bytes = try? await access.store.bytes(of: index.blob), entry.isOf(bytes) { return index.digest }
        }
        let places = access.addresses.places(of: snapshot.repository, known: locked.isEmpty ? nil : snapshot)
            .filter { !$0.isFile }.map(\.address)
        return try await OtherDigestFetch(store: access.store, downloader: access.downloader).fetch(
            path, name: "\(snapshot.shown) \(path)", statement: "Release", kind: "sha512", size: entry.size,
            from: (place.map { [$0] } ?? []) + places.filter { $0 != place }, isRight: entry.isOf
        ).digest
    }
}

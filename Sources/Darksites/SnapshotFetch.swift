package import APT
import Archives
package import ContentStore
import Primitives
package import SystemPackage
package import Transfer

/// A repository of the declaration, as far as its signed indexes are concerned.
package struct RepositorySource: Sendable {
    package enum Trust: Hashable, Sendable {
        case keyring(FilePath)
        /// Written down as unsigned in the declaration.
        case unsigned
    }

    package let name: String
    package let suites: [String]
    package let components: [String]
    package let trust: Trust

    package init(name: String, suites: [String], components: [String], trust: Trust) {
        self.name = name
        self.suites = suites
        self.components = components
        self.trust = trust
    }
}

/// The state of a distribution's repositories at one moment: what the lock says of them, and what their Release files say.
package struct Snapshot: Sendable {
    package let snapshots: [LockedSnapshot]
    package let indexes: [LockedIndex]
    /// By repository and suite.
    package let releases: [String: Release]
    /// "Debian Archive Automatic Signing Key (13/trixie)", each once.
    package let signers: [String]

    /// The release of one suite of one repository.
    package func release(_ repository: String, _ suite: String) -> Release? { releases["\(repository) \(suite)"] }
}

/// Fetches signed indexes and makes sure that they are what they claim: nothing that fails a check stays in the store.
package struct SnapshotFetch: Sendable {
    private let store: ContentStore
    private let addresses: RepositoryAddresses
    private let downloader: Downloader
    /// Seconds since 1970; what expiry is measured against.
    private let now: Int64
    /// `repository/suite` whose expiry is accepted.
    private let allowExpired: Set<String>

    package init(
        store: ContentStore, addresses: RepositoryAddresses, downloader: Downloader, now: Int64,
        allowExpired: Set<String> = []
    ) {
        self.store = store
        self.addresses = addresses
        self.downloader = downloader
        self.now = now
        self.allowExpired = allowExpired
    }

    /// Today's state of `sources`, with all indexes for `architecture` in the store.
    package func latest(of sources: [RepositorySource], architecture: String) async throws -> Snapshot {
        var parts: [Part] = []
        for source in sources {
            for suite in source.suites { parts.append(try await latest(suite, of: source, architecture: architecture)) }
        }
        return try await complete(parts)
    }

    /// The state that `locked` names, its signatures checked again, with all indexes in the store. A suite that the lock does
    /// not know yet is taken as it is today.
    package func locked(
        _ locked: LockedDistribution, sources: [RepositorySource], architecture: String
    ) async throws -> Snapshot {
        var parts: [Part] = []
        for source in sources {
            for suite in source.suites {
                let known = locked.snapshots.first { $0.repository == source.name && $0.suite == suite }
                if let known {
                    parts.append(try await part(known, of: source, architecture: architecture))
                } else {
                    parts.append(try await latest(suite, of: source, architecture: architecture))
                }
            }
        }
        return try await complete(parts)
    }

    private struct Part {
        let snapshot: LockedSnapshot
        let release: Release
        let indexes: [LockedIndex]
        let byHash: Bool
        let signers: [String]
    }

    private func complete(_ parts: [Part]) async throws -> Snapshot {
        let files = parts.flatMap { part in
            part.indexes.map { Self.file(of: $0, byHash: part.byHash) }
        }
        try await PackageFetch(addresses: addresses, downloader: downloader).fetch(files, into: store)
        var releases: [String: Release] = [:]
        var signers: [String] = []
        for part in parts {
            releases["\(part.snapshot.repository) \(part.snapshot.suite)"] = part.release
            for signer in part.signers where !signers.contains(signer) { signers.append(signer) }
        }
        return Snapshot(
            snapshots: parts.map(\.snapshot), indexes: parts.flatMap(\.indexes), releases: releases, signers: signers)
    }

    /// An index as a file to fetch, called after its digest, because all are called Packages: an archive that keeps indexes by their hash has this one as long as it has this snapshot.
    package static func file(of index: LockedIndex, byHash: Bool) -> ArchiveFile {
        let folder = index.path.split(separator: "/").dropLast().joined(separator: "/")
        return ArchiveFile(
            repository: index.repository, path: index.path, digest: index.digest, size: index.size,
            otherPaths: byHash ? ["\(folder)/by-hash/SHA256/\(index.digest.hex)"] : [], name: index.digest.hex)
    }

    private func latest(_ suite: String, of source: RepositorySource, architecture: String) async throws -> Part {
        let (bytes, signature) = try await download(suite, of: source)
        let part = try await judge(bytes, signature, suite, source, architecture)
        // The signed bytes are kept, so that the lock can be resolved against again. A detached signature stays behind its
        // payload, after a NUL.
        try store.insert(bytes + (signature.map { [0] + $0 } ?? []))
        return part
    }

    private func part(_ known: LockedSnapshot, of source: RepositorySource, architecture: String) async throws -> Part {
        guard store.isIntact(known.digest) else {
            let (bytes, signature) = try await download(known.suite, of: source)
            let stored = bytes + (signature.map { [0] + $0 } ?? [])
            guard Digest(of: stored) == known.digest else {
                throw SnapshotGone(repository: known.repository, suite: known.suite, date: known.date)
            }
            try store.insert(stored)
            return try await judge(bytes, signature, known.suite, source, architecture, isLocked: true)
        }
        let stored = try store.bytes(of: known.digest)
        let halves = stored.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        return try await judge(
            halves[0], halves.count > 1 ? halves[1] : nil, known.suite, source, architecture, isLocked: true)
    }

    /// InRelease, or Release and its detached signature where an archive has no InRelease.
    private func download(_ suite: String, of source: RepositorySource) async throws -> ([UInt8], [UInt8]?) {
        func get(_ name: String) async throws -> [UInt8] {
            let path = "dists/\(suite)/\(name)"
            let request = DownloadRequest(
                name: "\(source.name) \(suite) \(name)", sources: addresses.sources(path, in: source.name),
                destination: store.ingestFolder.appending("\(source.name)-\(suite)-\(name)"),
                limit: ByteCount(20_000_000))
            let file = try await downloader.download(request)
            let bytes = try Files.read(file.destination)
            try Files.remove(file.destination)
            return bytes
        }
        if source.trust == .unsigned { return (try await get("Release"), nil) }
        do {
            return (try await get("InRelease"), nil)
        } catch let error as TransferErrors where error.isMissing {
            return (try await get("Release"), try await get("Release.gpg"))
        }
    }

    private func judge(
        _ bytes: [UInt8], _ signature: [UInt8]?, _ suite: String, _ source: RepositorySource, _ architecture: String,
        isLocked: Bool = false
    ) async throws -> Part {
        let name = "\(source.name) \(suite)"
        var payload = bytes
        var signers: [String] = []
        if case .keyring(let keyring) = source.trust {
            let verifier = SignatureVerifier(keyrings: [keyring])
            let signed =
                if let signature {
                    try await verifier.verify(release: bytes, signature: signature, source: name)
                } else {
                    try await verifier.verify(inRelease: bytes, source: name)
                }
            payload = signed.payload
            signers = signed.signers.map(\.name)
        }
        let release = try Release(payload: payload, source: name)
        // A locked snapshot was in force when it was locked; that it has expired since then is the lock's point.
        let isExcused = isLocked || allowExpired.contains("\(source.name)/\(suite)")
        let moment = isExcused ? min(now, release.validUntil ?? now) : now
        try release.check(suite: suite, components: source.components, architectures: [architecture], now: moment)
        let stored = bytes + (signature.map { [0] + $0 } ?? [])
        let indexes = try source.components.map { component in
            let path = "\(component)/binary-\(architecture)/Packages"
            guard let found = ["\(path).xz", "\(path).gz", path].first(where: { release.entries[$0] != nil }) else {
                throw ReleaseError(name, .missingIndex("\(path).xz"))
            }
            let entry = try release.entry(found)
            return LockedIndex(
                repository: source.name, suite: suite, component: component, architecture: architecture,
                size: entry.size,
                path: "dists/\(suite)/\(found)", digest: entry.digest)
        }
        return Part(
            snapshot: LockedSnapshot(
                repository: source.name, suite: suite, date: LockDate(secondsSince1970: release.date),
                digest: Digest(of: stored),
                size: ByteCount(stored.count)),
            release: release, indexes: indexes, byHash: release.acquireByHash, signers: signers)
    }
}

/// A locked state of a repository that neither the store nor any mirror has any more.
package struct SnapshotGone: UserError {
    let repository: String
    let suite: String
    let date: LockDate

    package var what: String {
        "\(repository) \(suite): the snapshot of \(date) in deploy.lock is gone from the mirrors and from the store"
    }
    package var hint: String? {
        "`deploy update` takes today's; or build with the store (DEPLOY_CACHE) that made the lock"
    }
}

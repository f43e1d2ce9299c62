import BuildGraph
import ContentStore
import Locking
import Primitives
import RPM
import SystemPackage
import Transfer

/// From states of repositories to their packages.
extension RPMSnapshotFetch {
    /// The snapshot of `parts`, which are in the order of the repositories, older states first.
    func complete(_ parts: [Part], architecture: String) async throws -> Snapshot {
        var entries: [Entry] = []
        var counts: [String: Int] = [:]
        for part in parts {
            let generation = counts[part.source.name, default: 0]
            counts[part.source.name] = generation + 1
            guard let primary = try await index("primary", part.index.file("primary"), of: part, architecture) else {
                throw MetadataError(
                    source: "\(part.source.name), repomd.xml", problem: .missing("the primary index"))
            }
            let isWithFiles = part.locked?.contains { $0.component == "filelists" } ?? false
            let lists = isWithFiles ? part.index.file("filelists") : nil
            entries.append(
                Entry(
                    part: part, generation: generation, primary: primary,
                    groups: try await index("group", part.index.groups.first, of: part, architecture),
                    modules: try await index("modules", part.index.file("modules"), of: part, architecture),
                    fileLists: try await index("filelists", lists, of: part, architecture)))
        }
        let content = try await content(of: &entries, architecture: architecture)
        var states: [LockedSnapshot: Snapshot.State] = [:]
        var indexes: [LockedIndex] = []
        var signers: [String] = []
        for entry in entries {
            for index in entry.indexes where !indexes.contains(index) { indexes.append(index) }
            for signer in entry.part.signers where !signers.contains(signer) { signers.append(signer) }
            states[entry.part.snapshot] = Snapshot.State(
                generation: entry.generation, indexes: Set(entry.indexes.map(\.digest)))
        }
        return Snapshot(
            snapshots: parts.map(\.snapshot), indexes: indexes, signers: signers, states: states,
            remarks: parts.flatMap(\.remarks), content: .rpm(content))
    }

    // MARK: Indexes

    /// What is locked of `file`. Where repomd.xml does not say its SHA-256 or its size, it is fetched to know them.
    private func index(
        _ component: String, _ file: RepositoryIndex.File?, of part: Part, _ architecture: String
    ) async throws -> LockedIndex? {
        guard let file else { return nil }
        let name = part.source.name
        guard file.checksumKind.isTrusted else {
            throw MetadataError(source: "\(name), \(file.location)", problem: .noTrustedDigest)
        }
        func locked(_ digest: Digest, _ size: Int) -> LockedIndex {
            LockedIndex(
                repository: name, suite: LockedSnapshot.noSuite, component: component, architecture: architecture,
                size: ByteCount(size), path: file.location, digest: digest)
        }
        if let digest = file.sha256, let size = file.size { return locked(digest, size) }
        let known = (part.locked ?? []).filter {
            $0.component == component && $0.path == file.location && $0.digest == file.sha256 ?? $0.digest
                && $0.size == ByteCount(file.size ?? Int($0.size.bytes))
        }
        // Of two states with one name for different files, that which fits.
        if let only = known.first, known.count == 1 { return only }
        for index in known {
            guard let bytes = try? await store.bytes(of: index.blob) else { continue }
            if file.checksumKind.digits(of: bytes) == file.checksum { return index }
        }
        let blob = try await fetch(file, of: part)
        return locked(blob.digest, Int(blob.size.bytes))
    }

    /// Puts `file` into the store from the first place that has it as repomd.xml says.
    private func fetch(_ file: RepositoryIndex.File, of part: Part) async throws -> Blob {
        let name = "\(part.source.name) \(file.location)"
        var places = part.places
        if places.isEmpty {
            let found = try await addresses.found(
                for: [part.source.name], workArea: store.workArea, downloader: downloader)
            places = found.byName[part.source.name] ?? []
        }
        let kind = file.checksumKind
        return try await OtherDigestFetch(store: store, downloader: downloader).fetch(
            file.location, name: name, statement: "repomd.xml", kind: kind.name,
            size: file.size.map { ByteCount($0) }, from: places
        ) { kind.digits(of: $0) == file.checksum }
    }

    /// Brings indexes into the store, first from where their repomd.xml came from.
    private func fetch(_ indexes: [LockedIndex], of entries: [Entry]) async throws {
        var places = addresses.byName
        for entry in entries where !entry.part.places.isEmpty {
            places[entry.part.source.name] = entry.part.places
        }
        let known = RepositoryAddresses(
            places, services: addresses.services, lists: addresses.lists,
            dates: Dictionary(grouping: entries.map(\.part.snapshot), by: \.repository)
                .mapValues { Set($0.map(\.date)).sorted(by: >) }, kept: addresses.kept)
        var seen: Set<Digest> = []
        let files = indexes.filter { seen.insert($0.digest).inserted }
            .map { SnapshotFetch.file(of: $0, byHash: false) }
        try await PackageFetch(addresses: known, downloader: downloader).fetch(files, into: store)
    }

    // MARK: Packages

    /// The packages of `entries`, out of what was kept, else read; adds to entries the filelists that are needed beside.
    private func content(of entries: inout [Entry], architecture: String) async throws -> RPMSnapshotContent {
        var withFiles = entries
        for number in entries.indices where entries[number].fileLists == nil {
            guard let file = entries[number].part.index.file("filelists"), let digest = file.sha256,
                let size = file.size
            else { continue }
            withFiles[number].fileLists = LockedIndex(
                repository: entries[number].part.source.name, suite: LockedSnapshot.noSuite, component: "filelists",
                architecture: architecture, size: ByteCount(size), path: file.location, digest: digest)
        }
        for candidate in [withFiles, entries] {
            guard try await store.missing(of: Set(candidate.flatMap(\.indexes).map(\.blob))).isEmpty else { continue }
            let known = try await BlockingWork.run { [parsed] in
                parsed.packages.known(
                    Reading.source(of: candidate), generations: Reading.states(candidate).map(\.generation))
            }
            guard let known else { continue }
            entries = candidate
            return known
        }
        try await fetch(entries.flatMap(\.indexes), of: entries)
        let (primary, bytes) = (entries, try await store.bytes(of: entries.flatMap(\.indexes).map(\.blob)))
        let first = try await BlockingWork.run {
            let reading = try Reading(primary, bytes: bytes)
            return (reading: reading, missing: reading.content.table.missingFiles)
        }
        var reading = first.reading
        if !first.missing.isEmpty {
            for number in entries.indices where entries[number].fileLists == nil {
                let file = entries[number].part.index.file("filelists")
                entries[number].fileLists = try await index("filelists", file, of: entries[number].part, architecture)
            }
            try await fetch(entries.compactMap(\.fileLists), of: entries)
            let (all, lists) = (entries, try await store.bytes(of: entries.compactMap(\.fileLists).map(\.blob)))
            reading = try await BlockingWork.run {
                try first.reading.adding(all, missing: first.missing, bytes: lists)
            }
        }
        let (all, content) = (entries, reading.content)
        try await BlockingWork.run { [parsed] in parsed.packages.keep(content, of: Reading.source(of: all)) }
        return content
    }
}

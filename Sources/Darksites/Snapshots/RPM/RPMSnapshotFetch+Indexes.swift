import BuildGraph
import ContentStore
import Locking
import Primitives
import RPM
import SystemPackage
import Transfer

/// From states of repositories to their packages.
extension RPMSnapshotFetch {
    func read(_ states: [Generation<State>]) async throws -> (indexes: [[LockedIndex]], content: Snapshot.Content) {
        var entries: [Entry] = []
        for (state, generation) in states.map({ ($0.state, $0.number) }) {
            guard let primary = try await index("primary", state.index.file("primary"), of: state) else {
                throw MetadataError(
                    source: "\(state.source.name), repomd.xml", problem: .missing("the primary index"))
            }
            let isWithFiles = state.locked?.contains { $0.component == "filelists" } ?? false
            let lists = isWithFiles ? state.index.file("filelists") : nil
            entries.append(
                Entry(
                    state: state, generation: generation, primary: primary,
                    groups: try await index("group", state.index.groups.first, of: state),
                    modules: try await index("modules", state.index.file("modules"), of: state),
                    fileLists: try await index("filelists", lists, of: state)))
        }
        let content = try await content(of: &entries)
        return (entries.map(\.indexes), .rpm(content))
    }

    // MARK: Indexes

    /// What is locked of `file`. Where repomd.xml does not say its SHA-256 or its size, it is fetched to know them.
    private func index(
        _ component: String, _ file: RepositoryIndex.File?, of state: State
    ) async throws -> LockedIndex? {
        guard let file else { return nil }
        let name = state.source.name
        guard file.checksumKind.isTrusted else {
            throw MetadataError(source: "\(name), \(file.location)", problem: .noTrustedDigest)
        }
        func locked(_ digest: Digest, _ size: Int) -> LockedIndex {
            LockedIndex(
                repository: name, suite: nil, component: component, architecture: architecture,
                size: ByteCount(size), path: file.location, digest: digest)
        }
        if let digest = file.sha256, let size = file.size { return locked(digest, size) }
        let known = (state.locked ?? []).filter {
            $0.component == component && $0.path == file.location && $0.digest == file.sha256 ?? $0.digest
                && $0.size == ByteCount(file.size ?? Int($0.size.bytes))
        }
        // Of two states with one name for different files, that which fits.
        if let only = known.first, known.count == 1 { return only }
        for index in known {
            guard let bytes = try? await access.store.bytes(of: index.blob) else { continue }
            if file.checksumKind.digits(of: bytes) == file.checksum { return index }
        }
        let blob = try await fetch(file, of: state)
        return locked(blob.digest, Int(blob.size.bytes))
    }

    /// Puts `file` into the store from the first place that has it as repomd.xml says.
    private func fetch(_ file: RepositoryIndex.File, of state: State) async throws -> Blob {
        let name = "\(state.source.name) \(file.location)"
        var places = state.places
        if places.isEmpty {
            let found = try await access.addresses.found(
                for: [state.source.name], workArea: access.store.workArea, downloader: access.downloader)
            places = found.byName[state.source.name] ?? []
        }
        let kind = file.checksumKind
        return try await OtherDigestFetch(store: access.store, downloader: access.downloader).fetch(
            file.location, name: name, statement: "repomd.xml", kind: kind.name,
            size: file.size.map { ByteCount($0) }, from: places
        ) { kind.digits(of: $0) == file.checksum }
    }

    /// Brings indexes into the store, first from where their repomd.xml came from.
    private func fetch(_ indexes: [LockedIndex], of entries: [Entry]) async throws {
        var places = access.addresses.byName
        for entry in entries where !entry.state.places.isEmpty {
            places[entry.state.source.name] = entry.state.places
        }
        let addresses = access.addresses.at(places).at(entries.map(\.state.snapshot))
        var seen: Set<Digest> = []
        let files = indexes.filter { seen.insert($0.digest).inserted }
            .map { ArchiveFile($0) }
        try await PackageFetch(addresses: addresses, downloader: access.downloader).fetch(files, into: access.store)
    }

    // MARK: Packages

    /// The packages of `entries`, out of what was kept, else read; adds to entries the filelists that are needed beside.
    private func content(of entries: inout [Entry]) async throws -> RPMSnapshotContent {
        var withFiles = entries
        for number in entries.indices where entries[number].fileLists == nil {
            guard let file = entries[number].state.index.file("filelists"), let digest = file.sha256,
                let size = file.size
            else { continue }
            withFiles[number].fileLists = LockedIndex(
                repository: entries[number].state.source.name, suite: nil, component: "filelists",
                architecture: architecture, size: ByteCount(size), path: file.location, digest: digest)
        }
        for candidate in [withFiles, entries] {
            guard try await access.store.missing(of: Set(candidate.flatMap(\.indexes).map(\.blob))).isEmpty else {
                continue
            }
            let known = try await BlockingWork.run { [parsed] in
                parsed.packages.known(
                    Reading.source(of: candidate), generations: Reading.states(candidate).map(\.generation))
            }
            guard let known else { continue }
            entries = candidate
            return known
        }
        try await fetch(entries.flatMap(\.indexes), of: entries)
        let (primary, bytes) = (entries, try await access.store.bytes(of: entries.flatMap(\.indexes).map(\.blob)))
        let first = try await BlockingWork.run {
            let reading = try Reading(primary, bytes: bytes)
            return (reading: reading, missing: reading.content.table.missingFiles)
        }
        var reading = first.reading
        if !first.missing.isEmpty {
            for number in entries.indices where entries[number].fileLists == nil {
                let file = entries[number].state.index.file("filelists")
                entries[number].fileLists = try await index("filelists", file, of: entries[number].state)
            }
            try await fetch(entries.compactMap(\.fileLists), of: entries)
            let (all, lists) = (entries, try await access.store.bytes(of: entries.compactMap(\.fileLists).map(\.blob)))
            reading = try await BlockingWork.run {
                try first.reading.adding(all, missing: first.missing, bytes: lists)
            }
        }
        let (all, content) = (entries, reading.content)
        try await BlockingWork.run { [parsed] in parsed.packages.keep(content, of: Reading.source(of: all)) }
        return content
    }
}

package import ContentStore
import Primitives
import SystemPackage

extension RemoteCache {
    /// How many calls run beside each other.
    private static let calls = 6
    /// A blob larger than this has a call of its own.
    private static let small: Int64 = 512 * 1024

    /// What one call brings or takes.
    private enum Load: Sendable {
        case batch([Blob])
        case large(Blob)

        var blobs: Set<Blob> {
            switch self {
            case .batch(let batch): Set(batch)
            case .large(let blob): [blob]
            }
        }
    }

    /// Small blobs together, as many as a message holds; large ones first, they take longest.
    private func loads(_ blobs: Set<Blob>, most: Int) -> [Load] {
        let sorted = blobs.sorted { ($0.size, $0.digest) > ($1.size, $1.digest) }
        var loads = sorted.filter { $0.size.bytes > Self.small }.map(Load.large)
        var batch: [Blob] = []
        var size = 0
        for blob in sorted where blob.size.bytes <= Self.small {
            // A digest in hexadecimal, lengths, and tags.
            let whole = Int(blob.size.bytes) + 100
            if size + whole > most, !batch.isEmpty {
                loads.append(.batch(batch))
                (batch, size) = ([], 0)
            }
            batch.append(blob)
            size += whole
        }
        return batch.isEmpty ? loads : loads + [.batch(batch)]
    }

    /// Those of `blobs` that it has not, or is not known to have because it does not answer.
    func missing(of blobs: Set<Blob>) async throws -> Set<Blob> {
        let unknown = unknown(of: blobs)
        guard !unknown.isEmpty else { return [] }
        let named = unknown.filter(\.isNamed)
        let missing = try await ask(.reading) { _ in try await server.missing(of: Array(named)) } ?? named
        learn(named.subtracting(missing))
        return missing.union(unknown.subtracting(named))
    }

    /// Brings those of `blobs` into `store` that it has, and returns them. Bytes with another digest are thrown away, and the server
    /// is not asked any more.
    func fetch(_ blobs: Set<Blob>, into store: ContentStore) async throws -> Set<Blob> {
        let wanted = try await blobs.filter(\.isNamed).subtracting(missing(of: blobs))
        guard !wanted.isEmpty, let most = try await ask(.reading, { $0.mostBatchBytes }) else { return [] }
        var came: Set<Blob> = []
        try await atOnce(loads(wanted, most: most)) { [self] load in
            switch load {
            case .batch(let batch):
                let found = try await ask(.reading) { _ in try await server.read(batch) } ?? [:]
                for bytes in found.values { try await store.insert(bytes) }
                return Set(found.keys)
            case .large(let blob): return try await fetch(blob, into: store) ? [blob] : []
            }
        } each: {
            came.formUnion($0)
        }
        forget(wanted.subtracting(came))
        count { [came] traffic in
            traffic.fetched += came.count
            traffic.bytesFetched = came.reduce(traffic.bytesFetched) { $0 + $1.size }
        }
        return came
    }

    private func fetch(_ blob: Blob, into store: ContentStore) async throws -> Bool {
        let file = try PartialBlob(store.workArea.newFile())
        do {
            // What came before a connection broke is not asked for again.
            guard
                try await ask(
                    .reading, { try await server.read(blob, into: file, packs: $0.packsWithZstd) }) != nil
            else {
                try Files.remove(file.path)
                return false
            }
            _ = try await store.insert(file: file.path, knownAs: blob)
            return true
        } catch {
            try Files.remove(file.path)
            throw error
        }
    }

    /// Puts those of `blobs` there that it has not; each is in `store`, one of `made`, or there already. False where that did not come
    /// to an end.
    func upload(
        _ blobs: Set<Blob>, from store: ContentStore, beside made: [Blob: [UInt8]] = [:]
    ) async throws -> Bool {
        let named = blobs.filter(\.isNamed)
        guard named.count == blobs.count else { return false }
        let missing = try await missing(of: blobs)
        guard !missing.isEmpty else { return true }
        guard try await store.missing(of: missing.filter { made[$0] == nil }).isEmpty else { return false }
        guard let most = try await ask(.writing, { $0.mostBatchBytes }) else { return false }
        var sent: Set<Blob> = []
        try await atOnce(loads(missing, most: most)) { [self] load in
            let done: Void? =
                switch load {
                case .batch(let batch):
                    try await ask(.writing) { _ in
                        var members: [(Blob, [UInt8])] = []
                        for blob in batch {
                            let bytes = if let bytes = made[blob] { bytes } else { try await store.bytes(of: blob) }
                            members.append((blob, bytes))
                        }
                        try await server.write(members)
                    }
                case .large(let blob):
                    try await ask(.writing) { capabilities in
                        guard let bytes = made[blob] else {
                            return try await store.withFile(of: blob) {
                                try await write(blob, from: $0, capabilities.packsWithZstd, store)
                            }
                        }
                        let file = store.workArea.newFile()
                        defer { try? Files.remove(file) }  // else the next build does
                        try Files.write(bytes, to: file)
                        try await write(blob, from: file, capabilities.packsWithZstd, store)
                    }
                }
            return done == nil ? [] : load.blobs
        } each: {
            sent.formUnion($0)
        }
        learn(sent)
        count { [sent] traffic in
            traffic.uploaded += sent.count
            traffic.bytesUploaded = sent.reduce(traffic.bytesUploaded) { $0 + $1.size }
        }
        return sent == missing
    }

    /// Stores `blob`, which is the file at `path`; packed where the server `packs` and it becomes smaller by that.
    private func write(_ blob: Blob, from path: FilePath, _ packs: Bool, _ store: ContentStore) async throws {
        let file = store.workArea.newFile()
        guard packs, try await BlockingWork.run({ try PackedBlob.pack(path, into: file) }) else {
            return try await server.write(blob, from: path)
        }
        defer { try? Files.remove(file) }  // else the next build does
        try await server.write(blob, from: file, isPacked: true)
    }

    /// Puts those of `blobs` there that are in `store`: of what no result has, and a build that finds all results reads all the same.
    package func keep(_ blobs: Set<Blob>, from store: ContentStore) async throws {
        guard try await takesResults() else { return }
        _ = try await upload(blobs.subtracting(store.missing(of: blobs)), from: store)
    }

    /// Does `work` with each load, several beside each other, and hands on what comes of it, one after the other.
    private func atOnce(
        _ loads: [Load], _ work: @escaping @Sendable (Load) async throws -> Set<Blob>, each: (Set<Blob>) -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Set<Blob>.self) { group in
            var rest = loads[...]
            for load in rest.prefix(Self.calls) { group.addTask { try await work(load) } }
            rest = rest.dropFirst(Self.calls)
            while let done = try await group.next() {
                each(done)
                if let load = rest.popFirst() { group.addTask { try await work(load) } }
            }
        }
    }
}

extension Blob {
    /// Whether a server can be asked for it: old records do not say how many bytes a blob has.
    var isNamed: Bool { size > .zero || digest == Digest(of: []) }
}

import Archives
import BuildGraph
import ContentStore
import Darksites
import Declaration
import Locking
package import Primitives
package import SystemPackage

/// What a cache file became.
package struct ExportedCache: Sendable {
    /// Where it is; nil on standard output.
    package let path: FilePath?
    /// Of the file.
    package let size: ByteCount
    /// How many blobs are in it.
    package let blobs: Int
    /// Their size.
    package let content: ByteCount
    /// How many results of steps.
    package let runs: Int
}

extension Project {
    /// Writes to `file` all that a build with the lock reads of the store: the signed files, indexes and packages that it names, and the
    /// keys that are declared. `withResults` adds what steps made, but for the image itself. Nil goes to standard output, and an
    /// empty path means a name after the lock's digest, in the current folder.
    ///
    /// The same lock and store give the same bytes. The file appears when it is complete. Throws `LockWouldChange` and `NotInStore`.
    package func exportCache(to file: CacheDestination, withResults: Bool) async throws -> ExportedCache {
        try await holdingStore { storeLock in
            let plan = try await currentPlan(
                writesLock: false, request: BuildRequest(isLocked: true), holding: storeLock)
            let lock = try Files.read(declaration.lock)
            var list = CacheFile(lock: Digest(of: lock))
            var blobs = try sources(of: plan)
            // What a remote cache alone has comes from there.
            let absent = try await artifacts.fetchAbsent(blobs)
            guard absent.isEmpty else { throw NotInStore(try missingFiles(absent), isOffline: false) }
            var records: [StepKey: StepRecord] = [:]
            if withResults {
                for record in try await results(of: plan) {
                    records[record.key] = record
                    blobs.formUnion(try await blobsMade(by: record))
                }
            }
            list.blobs = blobs.sorted { $0.digest < $1.digest }
            list.runs = records.keys.sorted { $0.digest < $1.digest }
            let keys = try declaredKeys()
            list.keys = keys.map(\.name)
            return try await write(list, lock: lock, keys: keys, records: records, to: file)
        }
    }

    private func write(
        _ list: CacheFile, lock: [UInt8], keys: [(name: String, bytes: [UInt8])], records: [StepKey: StepRecord],
        to destination: CacheDestination
    ) async throws -> ExportedCache {
        let output = CacheOutput(destination, named: "kldload-cache-\(list.lock.short).tar.zst", surroundings)
        let size = try await BlockingWork.run { [store] in
            try output.write { descriptor, name in
                try PackedTarWriter.write(to: descriptor, name: name) { archive in
                    try archive.add(Array(list.text.utf8), as: CacheFile.listName)
                    try archive.add(lock, as: CacheFile.lockName)
                    for key in keys { try archive.add(key.bytes, as: CacheFile.name(of: key.name)) }
                    for blob in list.blobs {
                        try archive.add(as: CacheFile.name(of: blob), size: blob.size.bytes) { put in
                            try store.forEachPiece(of: blob, put)
                        }
                    }
                    for key in list.runs {
                        try archive.add(Array((records[key]?.serialized ?? "").utf8), as: CacheFile.name(of: key))
                    }
                }
            }
        }
        return ExportedCache(
            path: output.path, size: ByteCount(size), blobs: list.blobs.count, content: list.size, runs: list.runs.count
        )
    }

    /// What the lock names of the distributions that `plan` is made of, and its steps fetch. What is made of the user's own files is
    /// made again where it is missing.
    private func sources(of plan: BuildPlan) throws -> Set<Blob> {
        var blobs: Set<Blob> = []
        for name in try plan.graph.closure(of: plan.resolve(targets: [])) {
            blobs.formUnion(plan.graph.steps[name]?.disk.fetched ?? [])
        }
        let lock = try LockKeeper(project: self).existing() ?? Lock([])
        return blobs.union(try lock.only(declaration.distributionsInUse).distributions.flatMap(lockedState))
    }

    /// The signed files and the indexes of what `locked` names, but for those of the user's own packages.
    func lockedState(of locked: LockedDistribution) throws -> [Blob] {
        let own = try declaration[distribution: locked.name].map { Set(try ownRepositories(of: $0).keys) } ?? []
        return locked.snapshots.filter { !own.contains($0.repository) }.map(\.blob)
            + locked.indexes.filter { !own.contains($0.repository) }.map(\.blob)
    }

    /// The records of the steps that the image is made of, as far as they are on record with all that they made, but for the image.
    private func results(of plan: BuildPlan) async throws -> [StepRecord] {
        var records: [StepRecord] = []
        for (step, standing) in try await engine().standing(of: try plan.resolve(targets: []), in: plan.graph) {
            guard case .cached(let record) = standing, step.name != BuildPlan.image else { continue }
            for artifact in record.outputs.values { _ = try await artifacts.fetchAbsent(artifact) }
            if try await hasAll(record) { records.append(record) }
        }
        guard !records.isEmpty else {
            throw Mistake(
                "the store has no result of the steps that the image is made of", at: nil,
                hint: "`deploy build` makes them; without --with-results, only what is fetched is exported")
        }
        return records
    }

    private func blobsMade(by record: StepRecord) async throws -> Set<Blob> {
        var blobs: Set<Blob> = []
        for artifact in record.outputs.values {
            // Older records do not say how long the list of a tree is.
            let list = artifact.kind == .tree ? try await store.bytes(of: artifact.blob) : []
            blobs.insert(artifact.kind == .tree ? Blob(artifact.digest, size: ByteCount(list.count)) : artifact.blob)
            if artifact.kind == .tree { blobs.formUnion(try FileTree(serialized: list).blobs) }
        }
        if let log = record.log, try await store.missing(of: [log]).isEmpty, log.size > .zero { blobs.insert(log) }
        return blobs
    }

    /// The files of keys that the distributions in use name, by their paths without the first slash.
    private func declaredKeys() throws -> [(name: String, bytes: [UInt8])] {
        var paths: Set<FilePath> = []
        for distribution in declaration.distributions
        where declaration.distributionsInUse.contains(distribution.name) {
            paths.formUnion(distribution.keyFiles)
        }
        return try paths.map { path in
            (path.lexicallyNormalized().string.drop { $0 == "/" }.description, try Files.read(path))
        }.sorted { $0.name < $1.name }
    }
}

extension Declaration.Distribution {
    /// The files of keys that its repositories name.
    var keyFiles: [FilePath] {
        switch source {
        case .apt(let source):
            source.repositories.compactMap { if case .keyring(let path) = $0.trust { path } else { nil } }
        case .rpm(let source): source.repositories.flatMap { $0.keys + $0.packageKeys }
        }
    }
}

import Archives
import BuildGraph
import ContentStore
import Declaration
import Locking
package import Primitives
package import SystemPackage

/// What came in with a cache file.
package struct ImportedCache: Sendable {
    /// How the file's lock stands to that of the checkout.
    package enum LockStanding: String, Sendable {
        /// There was none here; now it is this one.
        case written
        /// It is the same.
        case same
        /// The one here is another, and stays.
        case other
    }

    /// That of this file.
    package let lock: LockStanding
    /// How many blobs came in.
    package let blobs: Int
    /// Their size.
    package let size: ByteCount
    /// How many the store had.
    package let known: Int
    /// How many results of steps came in; nil where none were wanted.
    package let runs: Int?
    /// How many the file has.
    package let runsInFile: Int
}

extension Project {
    /// Brings what is in the cache file `path` into the store, and its lock into a checkout that has none. Nil reads standard input.
    /// Results of steps are believed, and so are only taken `withResults`.
    ///
    /// Each blob is taken once its bytes have its digest, so whatever happens, nothing wrong comes in, and another run goes on.
    /// Throws `ImportStopped` where the file is not read to its end, and what `CacheReading` throws.
    package func importCache(from path: FilePath?, withResults: Bool) async throws -> ImportedCache {
        try await holdingStore { storeLock in
            let path = path.map(surroundings.absolute)
            let limits = CacheReading.Limits(
                store: storeLimit, free: try Files.freeSpace(at: workspace.cache), folder: workspace.cache.string)
            let content = try await BlockingWork.run { [store] in
                try CacheInput(path).read { descriptor, name in
                    try CacheReading(name: name, store: store, limits: limits).read(descriptor)
                }
            }
            var runs: Int?
            if withResults {
                var taken = 0
                for record in content.runs where try await hasAll(record) {
                    try await records.save(record)
                    taken += 1
                }
                runs = taken
            }
            let lock = try takeLock(content.lock)
            if let storeLimit { try await shrink(to: storeLimit, keeping: content, holding: storeLock) }
            return ImportedCache(
                lock: lock, blobs: content.taken, size: content.size, known: content.known, runs: runs,
                runsInFile: content.runs.count)
        }
    }

    private func takeLock(_ bytes: [UInt8]) throws -> ImportedCache.LockStanding {
        guard Files.exists(declaration.lock) else {
            try Files.write(bytes, to: declaration.lock)
            return .written
        }
        return try Files.read(declaration.lock) == bytes ? .same : .other
    }

    /// Has what was used longest ago go, until the store keeps to its limit; what came in stays.
    private func shrink(to limit: ByteCount, keeping content: CacheReading.Content, holding storeLock: StoreLock)
        async throws
    {
        var rule = KeepRule()
        rule.blobs = try lockedBlobs().union(content.list.blobs.map(\.digest))
        rule.needed = Set(content.list.runs)
        rule.limit = limit
        rule.beside = try derived.size()
        try await collector.carryOut(try await collector.removal(by: rule), holding: storeLock)
    }
}

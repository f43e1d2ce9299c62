package import BuildGraph
import ContentStore
import Darksites
import Declaration
import Locking
package import Primitives
import SystemPackage

/// What `deploy gc` is to leave.
package struct GarbageRequest: Sendable {
    /// What the last so many builds read and made.
    package var builds = 1
    /// How large the store may be afterwards; nil: as the declaration or DEPLOY_CACHE_SIZE says, if they do.
    package var limit: ByteCount?

    package init(builds: Int = 1, limit: ByteCount? = nil) {
        self.builds = builds
        self.limit = limit
    }
}

/// What goes out of the store, or went.
package struct Garbage: Sendable {
    /// Runs and blobs.
    package let removal: Removal
    /// What was derived of indexes that go.
    let derived: [FilePath]
    /// What the disk gets back.
    package let freed: ByteCount
    /// How large the store may be, if that was asked for.
    package let limit: ByteCount?
}

extension Project {
    /// Removes from the store what neither the lock nor the last runs of the steps reach, and beyond a limit what was used longest ago;
    /// with `isTrial` it only says what that would be.
    @discardableResult
    package func collectGarbage(
        _ request: GarbageRequest = GarbageRequest(), isTrial: Bool = false
    ) async throws -> Garbage {
        try await holdingStore { storeLock in
            let garbage = try await garbage(request, holding: storeLock)
            if !isTrial { try await carryOut(garbage, holding: storeLock) }
            return garbage
        }
    }

    /// What `request` lets go; nothing is changed.
    func garbage(_ request: GarbageRequest, holding _: StoreLock) async throws -> Garbage {
        let kept = try lockedBlobs()
        let derived = try ParsedSnapshots.files(of: derived, but: kept)
        let size = try DerivedResults.size(of: derived)
        let removal = try await collector.removal(by: rule(request, keeping: kept, without: size))
        return Garbage(
            removal: removal, derived: derived, freed: removal.freed + size, limit: request.limit ?? storeLimit)
    }

    /// Lets `garbage` go.
    func carryOut(_ garbage: Garbage, holding storeLock: StoreLock) async throws {
        for path in garbage.derived { try Files.remove(path) }
        try await collector.carryOut(garbage.removal, holding: storeLock)
    }

    /// What makes room in this project's store.
    var collector: GarbageCollector {
        GarbageCollector(store: store, records: records, remembered: declaration.builds.keep)
    }

    /// `size` is what goes of what was derived.
    private func rule(
        _ request: GarbageRequest, keeping blobs: Set<Digest>, without size: ByteCount
    ) async throws -> KeepRule {
        var rule = KeepRule()
        rule.blobs = blobs
        rule.builds = request.builds
        rule.limit = request.limit ?? storeLimit
        rule.needed = try await collector.runs(behind: [BuildPlan.image])
        rule.beside = try derived.size() - size
        return rule
    }

    /// All that the lock names, and the name of each of its sections that was verified.
    func lockedBlobs() throws -> Set<Digest> {
        var blobs: Set<Digest> = []
        guard let file = try LockKeeper(project: self).read() else { return blobs }
        for distribution in file.lock.distributions {
            blobs.formUnion(distribution.snapshots.map(\.digest) + distribution.indexes.map(\.digest))
            blobs.formUnion(distribution.packages.map(\.digest))
            blobs.insert(LockVerification.digest(of: file.places.section(distribution.name)))
        }
        return blobs
    }
}

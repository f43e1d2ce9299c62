import BuildGraph
import ContentStore
import Darksites
import Locking
import Primitives
import SystemPackage

/// Room for a build: in the store's own limit, and on the disk.
extension Project {
    /// Says how much a build will take, and makes room for it as far as that is allowed: what was used longest ago goes where the
    /// store has a limit, what `deploy gc` would remove where `collectingGarbage`. `standing` are the steps of the build.
    ///
    /// Returns what keeps the store within its limit from then on. Throws `BudgetTooSmall`, with nothing removed, and `DiskTooSmall`.
    func makeRoom(
        for needed: ByteCount, beside standing: [(step: Step, standing: StepStanding)], collectingGarbage: Bool,
        holding storeLock: StoreLock
    ) async throws -> StoreBudget? {
        var free = try Files.freeSpace(at: workspace.cache)
        if needed > ByteCount(100_000_000) { events(.notice("disk: about \(needed) needed, \(free) free")) }
        var rule = KeepRule()
        rule.blobs = try lockedBlobs().union(standing.flatMap { $0.step.disk.fetched.map(\.digest) })
        for case (_, .cached(let record)) in standing { rule.needed.insert(record.key) }
        var budget: StoreBudget?
        if let storeLimit {
            let made = StoreBudget(
                limit: storeLimit, rule: rule, collector: collector,
                store: store,
                derived: derived, storeLock: storeLock, events: events)
            try await made.makeRoom(for: needed, free: free)
            free = try Files.freeSpace(at: workspace.cache)
            budget = made
        }
        guard needed > free else { return budget }
        let garbage = try await garbage(GarbageRequest(), holding: storeLock)
        guard collectingGarbage, needed <= free + garbage.freed else {
            throw DiskTooSmall(
                needed: needed, free: free, garbage: garbage.freed, folder: workspace.cache.string,
                wasAsked: collectingGarbage)
        }
        try await carryOut(garbage, holding: storeLock)
        events(.notice("removed what neither the lock nor the last run of any step needs: \(garbage.freed)"))
        return budget
    }
}

/// A build that would not fit on the disk.
struct DiskTooSmall: UserError {
    let needed: ByteCount
    let free: ByteCount
    /// What `deploy gc` would give back.
    let garbage: ByteCount
    let folder: String
    /// Whether the build was allowed to collect it.
    let wasAsked: Bool
    var what: String { "the build needs about \(needed), and \(folder) has \(free) left" }
    var details: [String] {
        guard garbage > .zero else { return [] }
        let verdict = needed <= free + garbage ? "that is enough" : "that is not enough"
        return ["`deploy gc` would free \(garbage): \(verdict)"]
    }
    var hint: String? {
        if needed <= free + garbage, !wasAsked { return "run `deploy gc`, or `deploy build --gc`, which does it first" }
        return "free some space, or put the cache elsewhere: DEPLOY_CACHE=/path ./deploy build"
    }
}

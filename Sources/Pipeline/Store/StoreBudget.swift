import BuildGraph
import ContentStore
import Primitives

/// Keeps a store within its limit while a build fills it: what was used longest ago goes, and nothing that the build needs.
actor StoreBudget {
    private let limit: ByteCount
    private let collector: GarbageCollector
    private let store: ContentStore
    private let derived: DerivedResults
    private let storeLock: StoreLock
    private let events: @Sendable (BuildEvent) -> Void
    private var rule: KeepRule
    /// The size of the store when it was last looked at, and what had been brought in by then.
    private var seen = (size: ByteCount.zero, taken: ByteCount.zero)
    private var freed = ByteCount.zero

    /// `rule` says what the build needs; `storeLock` is held as long as it runs.
    init(
        limit: ByteCount, rule: KeepRule, collector: GarbageCollector, store: ContentStore, derived: DerivedResults,
        storeLock: StoreLock, events: @escaping @Sendable (BuildEvent) -> Void
    ) {
        self.limit = limit
        self.rule = rule
        self.collector = collector
        self.store = store
        self.derived = derived
        self.storeLock = storeLock
        self.events = events
    }

    /// Makes room for `needed` more, in the limit and, as far as it can, on a disk that has so much `free`. Throws `BudgetTooSmall`,
    /// with nothing removed, where what the build needs is more than the limit.
    func makeRoom(for needed: ByteCount, free: ByteCount) async throws {
        rule.beside = try derived.size()
        rule.limit = limit - needed
        var removal = try await collector.removal(by: rule)
        guard needed == .zero || removal.left + needed <= limit else {
            throw BudgetTooSmall(limit: limit, held: removal.left, needed: needed)
        }
        if needed > free + removal.freed {
            rule.limit = removal.left - (needed - free - removal.freed)
            let larger = try await collector.removal(by: rule)
            // What is not enough for the disk is not done for its sake.
            if needed <= free + larger.freed { removal = larger }
        }
        try await carryOut(removal)
    }

    /// Notes that the build uses the result of the run `key`, and has the store keep to its limit again.
    func note(_ key: StepKey) async {
        rule.needed.insert(key)
        guard seen.size + (store.bytesTaken - seen.taken) > limit else { return }
        rule.limit = limit
        do { try await carryOut(try await collector.removal(by: rule)) } catch {
            events(.warning("the store was not brought within its limit: \(error)"))
        }
    }

    /// Says what went, and how much there is over the limit.
    func close() {
        if freed > .zero { events(.notice("removed what was used longest ago: \(freed), the store keeps to \(limit)")) }
        guard seen.size > limit else { return }
        events(
            .warning(
                """
                the store has \(seen.size), and may have \(limit) (store.max-size, DEPLOY_CACHE_SIZE): this build needs more than \
                was foreseen, and nothing else is left to remove
                """))
    }

    private func carryOut(_ removal: Removal) async throws {
        let taken = store.bytesTaken
        try await collector.carryOut(removal, holding: storeLock)
        freed += removal.freed
        seen = (removal.left, taken)
    }
}

/// Records of runs whose results are kept within a budget.
struct BudgetedRecords: RecordStore {
    let records: RecordFolder
    let budget: StoreBudget

    func record(_ key: StepKey) async -> StepRecord? { records.record(key) }

    func find(_ step: Step, _ evaluation: StepEvaluation) async throws -> FoundRecord? {
        records.find(step, evaluation)
    }

    func lastKey(of step: StepName) async -> StepKey? { records.lastKey(of: step) }

    func save(_ record: StepRecord) async throws {
        try await records.save(record)
        await budget.note(record.key)
    }

    func noteUse(of record: StepRecord, by step: StepName) async throws {
        try await records.noteUse(of: record, by: step)
        await budget.note(record.key)
    }
}

/// A build that needs more than the store may have.
struct BudgetTooSmall: UserError {
    let limit: ByteCount
    /// What the store has that the build reads, and the lock names.
    let held: ByteCount
    /// What comes in.
    let needed: ByteCount
    var what: String {
        "the build needs about \(needed) beside the \(held) that it reads, and the store may have \(limit)"
    }
    var hint: String? {
        "allow it \(held + needed) at least: store: {max-size: …} in deploy.yaml, or DEPLOY_CACHE_SIZE=… ./deploy build"
    }
}

/// The state of one solve: a conflict-driven search with watched literals and learned clauses.
///
/// Variables are packages. The literal `2 * package` says that it is installed, `2 * package + 1` that it is not.
/// Everything that isn't decided counts as not installed, and relations of a package are read when it is first assumed
/// to be installed, so the work depends on the packages near the request and not on the size of the universe.
///
/// A clause lies in `arena` as: number of literals, next clause watching its first literal, next clause watching its
/// second literal, origin, literals. The watched literals are the first two.
struct Search: ~Copyable {
    typealias Literal = Int32

    /// A set of literals that are all false though one of them must hold.
    enum Clash {
        case clause(Int32)
        /// Both are installed, and they conflict.
        case pair(Int32, Int32)
    }

    /// The next requirement to look at: first the items of the request, then what packages require, in the order in
    /// which they came in.
    struct Cursor {
        var item = 0
        var trail = 0
        var row = 0
    }

    /// A choice of one among several candidates.
    struct Choice {
        var package: Int32
        var row: RowReference
    }

    /// A requirement: of the request or of a package.
    enum RowReference: Hashable {
        case item(Int)
        case row(Int)
    }

    static let headerSize = 4
    static let noReason: Int32 = -1

    let universe: any PackageUniverse
    var tables: SolverTables
    let items: RequirementRows
    let limits: SolverLimits
    /// Whether learned clauses remember what they were derived from.
    let recordsProof: Bool

    /// By literal: 1 true, -1 false, 0 open.
    var values: [Int8]
    /// By package: the level at which it was assigned.
    var levels: [Int32]
    /// By package: the clause that forced it; `noReason`; or below that a package it conflicts with (`pairReason`).
    var reasons: [Int32]
    var trail: [Literal] = []
    /// How much of the trail has been propagated.
    var propagated = 0
    /// By level from 1: where it starts on the trail, and where the cursor stood before.
    var levelStarts: [Int] = []
    var levelCursors: [Cursor] = []
    /// By level from 1.
    var choices: [Choice] = []
    var cursor = Cursor()
    /// Of libsolv's policy: the universe, and what ``Search+Weighing`` has to remember.
    let weighing: (any WeighingUniverse)?
    var weighed = Weighed()
    /// How packages are chosen; `walk` and what follows belong to APT's policy.
    let policy: ChoicePolicy
    let takesRecommends: Bool
    var walk = Walk()
    /// By level from 1: the walk before it.
    var levelWalks: [Walk] = []
    var frames: [Frame] = []
    /// In the order in which they were chosen.
    var chosen: [Int32] = []
    /// By package.
    var isChosen: [Bool]
    /// Levels up to this one are never taken back.
    var floor = 0

    var arena: [Int32] = []
    /// By literal: the first clause that watches it, or -1.
    var watches: [Int32]
    /// By package: whether its relations are in the arena.
    var isExpanded: [Bool]
    /// By package: the first of `conflictLinks` for conflicts that other packages declare with it, or -1.
    var conflictHeads: [Int32]
    var conflictLinks: [(package: Int32, next: Int32)] = []
    /// Requirements with `given` packages, whose need is seen only at the end.
    var conditionalRows: [RowReference] = []

    var seen: [Bool]
    var decisionCount = 0
    var conflictCount = 0
    /// What each learned clause was derived from, where proofs are recorded.
    var proofs: [[ProofStep]] = []

    var level: Int { levelStarts.count }

    init(
        universe: any PackageUniverse, tables: consuming SolverTables, items: RequirementRows, limits: SolverLimits,
        policy: ChoicePolicy, takesRecommends: Bool = false, recordsProof: Bool = false
    ) {
        self.universe = universe
        self.tables = tables
        self.items = items
        self.limits = limits
        self.recordsProof = recordsProof
        self.takesRecommends = takesRecommends
        self.policy = policy
        weighing = policy == .dnf ? universe as? any WeighingUniverse : nil
        let count = universe.packageCount
        values = Array(repeating: 0, count: 2 * count)
        watches = Array(repeating: -1, count: 2 * count)
        levels = Array(repeating: 0, count: count)
        reasons = Array(repeating: Self.noReason, count: count)
        isExpanded = Array(repeating: false, count: count)
        seen = isExpanded
        isChosen = policy == .apt ? isExpanded : []
        conflictHeads = Array(repeating: -1, count: count)
    }

    @inline(__always) static func positive(_ package: Int32) -> Literal { 2 * package }
    @inline(__always) static func negative(_ package: Int32) -> Literal { 2 * package + 1 }
    @inline(__always) static func pairReason(_ package: Int32) -> Int32 { -2 - package }
    @inline(__always) func isInstalled(_ package: Int32) -> Bool { values[Int(Self.positive(package))] > 0 }
    @inline(__always) func isExcluded(_ package: Int32) -> Bool { values[Int(Self.positive(package))] < 0 }

    @inline(__always) mutating func assign(_ literal: Literal, reason: Int32) {
        values[Int(literal)] = 1
        values[Int(literal ^ 1)] = -1
        let package = Int(literal >> 1)
        levels[package] = Int32(level)
        reasons[package] = reason
        trail.append(literal)
    }

    /// Opens a level with `package` installed.
    mutating func decide(_ package: Int32, for row: RowReference) throws(SolverLimitReached) {
        decisionCount += 1
        if decisionCount > limits.decisions { throw SolverLimitReached(kind: .decisions, limit: limits.decisions) }
        levelStarts.append(trail.count)
        levelCursors.append(cursor)
        if policy == .apt { levelWalks.append(walkSoFar()) }
        choices.append(Choice(package: package, row: row))
        assign(Self.positive(package), reason: Self.noReason)
    }

    /// Takes back all levels above `target`.
    mutating func backtrack(to target: Int) {
        guard level > target else { return }
        let start = levelStarts[target]
        for literal in trail[start...] {
            values[Int(literal)] = 0
            values[Int(literal ^ 1)] = 0
        }
        trail.removeSubrange(start...)
        propagated = min(propagated, start)
        cursor = levelCursors[target]
        levelStarts.removeSubrange(target...)
        levelCursors.removeSubrange(target...)
        choices.removeSubrange(target...)
        if policy == .apt {
            resume(levelWalks[target])
            levelWalks.removeSubrange(target...)
        }
    }

    /// Draws all conclusions from what is assigned.
    mutating func propagate() -> Clash? {
        while propagated < trail.count {
            let literal = trail[propagated]
            propagated += 1
            if literal & 1 == 0, let clash = excludeConflicting(literal >> 1) { return clash }
            if let clash = visitWatches(of: literal ^ 1) { return clash }
        }
        return nil
    }

    /// Reads the relations of a package that was just installed, and excludes what conflicts with it.
    private mutating func excludeConflicting(_ package: Int32) -> Clash? {
        var clash: Clash?
        let index = Int(package)
        let isNew = !isExpanded[index]
        if isNew { tables.load(index, from: universe) }
        for entry in tables.conflictRange(index) {
            let other = tables.conflicts[entry].package
            if isNew {
                conflictLinks.append((package: package, next: conflictHeads[Int(other)]))
                conflictHeads[Int(other)] = Int32(conflictLinks.count - 1)
            }
            exclude(other, because: package, clash: &clash)
        }
        var link = conflictHeads[index]
        while link >= 0 {
            let entry = conflictLinks[Int(link)]
            exclude(entry.package, because: package, clash: &clash)
            link = entry.next
        }
        guard isNew else { return clash }
        isExpanded[index] = true
        for row in tables.rowRange(index) where !tables.rows[row].isOptional {
            guard let found = addRequirement(.row(row)) else { continue }
            // What can never be installed must be learned now: no watched literal would bring it up again.
            if clash == nil || tables.rows.isUnsatisfiable(row) { clash = found }
        }
        return clash
    }

    @inline(__always)
    private mutating func exclude(_ package: Int32, because other: Int32, clash: inout Clash?) {
        let value = values[Int(Self.positive(package))]
        if value == 0 {
            assign(Self.negative(package), reason: Self.pairReason(other))
        } else if value > 0, clash == nil {
            clash = .pair(other, package)
        }
    }

    /// Looks at the clauses that watch a literal which became false: each gets another watch, or forces its other
    /// watched literal, or clashes.
    private mutating func visitWatches(of falsified: Literal) -> Clash? {
        /// Where the reference to `clause` is kept: in the arena, or in `watches` where negative.
        var link = -1
        var clause = watches[Int(falsified)]
        while clause >= 0 {
            let base = Int(clause) + Self.headerSize
            let slot = arena[base] == falsified ? 0 : 1
            let ownLink = Int(clause) + 1 + slot
            let next = arena[ownLink]
            let other = arena[base + 1 - slot]
            if values[Int(other)] > 0 {
                link = ownLink
                clause = next
                continue
            }
            if let place = unfalsified(in: base + 2..<base + Int(arena[Int(clause)])) {
                let literal = arena[place]
                arena[base + slot] = literal
                arena[place] = falsified
                arena[ownLink] = watches[Int(literal)]
                watches[Int(literal)] = clause
                if link < 0 { watches[Int(falsified)] = next } else { arena[link] = next }
            } else {
                if values[Int(other)] < 0 { return .clause(clause) }
                assign(other, reason: clause)
                link = ownLink
            }
            clause = next
        }
        return nil
    }

    @inline(__always) private func unfalsified(in range: Range<Int>) -> Int? {
        for place in range where values[Int(arena[place])] >= 0 { return place }
        return nil
    }
}

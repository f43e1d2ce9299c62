/// The order in which libsolv looks at requirements, and which candidates it takes; `solver_run_sat` in libsolv's solver.c.
///
/// First the items of the request in order; then what packages require, those with the highest number first and around again
/// until all are met: choices that are none, of one good candidate, before those among several. Then what is recommended and
/// supplemented, then what that requires. At last, where a candidate that was passed over came in later all the same, it is
/// taken in the first place.
extension Search {
    /// A choice among several good candidates.
    struct Branch {
        var packages: [Int32]
        var isTried: [Bool]
        var row: RowReference
        /// The level before the choice.
        var level: Int
    }

    /// What libsolv's policy has to remember.
    struct Weighed {
        var branches: [Branch] = []
        /// By package: whether something installed recommends it; up to `recommendedCount` of the trail. Empty where it has to
        /// be worked out anew.
        var isRecommended: [Bool] = []
        var recommendedCount = 0
        /// Recommendations that bind only beside other packages.
        var conditional: [Int] = []
        /// What can't be, where the search ended in it.
        var isImpossible = false
    }

    private enum Progress {
        /// All is met.
        case done
        /// Earlier choices were taken back, or made anew: everything has to be looked at again.
        case again
    }

    mutating func solution(
        of request: SolverRequest, weighedBy universe: any WeighingUniverse
    ) throws(SolverLimitReached) -> Solution? {
        guard try conclude() else { return nil }
        while true {
            if case .again = try meetItems(universe) {
                if weighed.isImpossible { return nil }
                continue
            }
            if case .again = try meetRequirements(universe) {
                if weighed.isImpossible { return nil }
                continue
            }
            if case .again = try meetOptionalItems(universe) { continue }
            if takesRecommends, case .again = try meetWishes(universe) { continue }
            if case .again = try minimize(universe) { continue }
            return weighedSolution(universe)
        }
    }

    // MARK: Choosing

    /// Draws conclusions, and learns from dead ends; false where the request can't be met.
    private mutating func conclude() throws(SolverLimitReached) -> Bool {
        while let clash = propagate() {
            if level == floor {
                weighed.isImpossible = true
                return false
            }
            try learn(from: clash)
            forgetAbove()
        }
        return true
    }

    /// Forgets what belongs to levels that were taken back.
    private mutating func forgetAbove() {
        while let last = weighed.branches.last, last.level >= level { weighed.branches.removeLast() }
        weighed.isRecommended.removeAll(keepingCapacity: true)
    }

    private mutating func install(_ package: Int32, for row: RowReference) throws(SolverLimitReached) -> Bool {
        try decide(package, for: row)
        return try conclude()
    }

    /// Installs the best of `candidates`.
    private mutating func choose(
        _ candidates: [Int32], for row: RowReference, _ universe: any WeighingUniverse
    ) throws(SolverLimitReached) -> Bool {
        let list = candidates.count > 1 ? filtered(candidates, inOrder: true, universe) : candidates
        if list.count > 1 {
            var isTried = [Bool](repeating: false, count: list.count)
            isTried[0] = true
            weighed.branches.append(Branch(packages: list, isTried: isTried, row: row, level: level))
        }
        return try install(list[0], for: row)
    }

    private mutating func filtered(
        _ candidates: [Int32], inOrder: Bool, _ universe: any WeighingUniverse
    ) -> [Int32] {
        var list = universe.narrowed(candidates.map { PackageID($0) })
        if list.count > 1 {
            updateRecommended()
            let wanted = list.filter { isWished($0, universe) }
            if !wanted.isEmpty { list = wanted }
        }
        if list.count > 1, inOrder { list = universe.ordered(list) { isInstalled($0.index) } }
        return list.map(\.index)
    }

    private func isWished(_ package: PackageID, _ universe: any WeighingUniverse) -> Bool {
        weighed.isRecommended[Int(package.index)]
            || universe.supplement(package) { isInstalled($0.index) } != nil
    }

    /// Takes note of what installed packages recommend.
    private mutating func updateRecommended() {
        if weighed.isRecommended.isEmpty {
            weighed.isRecommended = [Bool](repeating: false, count: isExpanded.count)
            weighed.recommendedCount = 0
            weighed.conditional.removeAll()
        }
        while weighed.recommendedCount < propagated {
            let literal = trail[weighed.recommendedCount]
            weighed.recommendedCount += 1
            guard literal & 1 == 0 else { continue }
            for row in tables.rowRange(Int(literal >> 1)) where tables.rows[row].isOptional {
                if tables.rows.isConditional(row) { weighed.conditional.append(row) } else { recommend(row) }
            }
        }
        for row in weighed.conditional where isBinding(.row(row)) { recommend(row) }
    }

    private mutating func recommend(_ row: Int) {
        for place in tables.rows.candidates(row) { weighed.isRecommended[Int(tables.rows.packages[place])] = true }
    }

    /// The candidates that are neither in nor out; nil where one is in.
    private func openCandidates(_ row: Int, of rows: RequirementRows) -> [Int32]? {
        var open: [Int32] = []
        for place in rows.candidates(row) {
            let package = rows.packages[place]
            let value = values[Int(Self.positive(package))]
            if value > 0 { return nil }
            if value == 0 { open.append(package) }
        }
        return open
    }

    // MARK: Requirements

    private mutating func meetItems(_ universe: any WeighingUniverse) throws(SolverLimitReached) -> Progress {
        let start = level
        var item = 0
        while item < items.count {
            guard !items[item].isOptional, isBinding(.item(item)), let open = openCandidates(item, of: items),
                !open.isEmpty
            else {
                item += 1
                continue
            }
            let before = level
            guard try choose(open, for: .item(item), universe) else { return .again }
            if level > before {
                item += 1
            } else if level < before {
                if level < start { return .again }
                item = 0
            }
        }
        return .done
    }

    private mutating func meetRequirements(_ universe: any WeighingUniverse) throws(SolverLimitReached) -> Progress {
        let start = level
        let count = isExpanded.count
        var package = count - 1
        var row = 0
        /// The first choice among several that was put off; then all choices are made from there on.
        var putOff: (package: Int, row: Int)?
        var isDeciding = false
        var idle = 0
        while true {
            if idle > count {
                guard !isDeciding, let first = putOff else { return .done }
                (package, row) = first
                isDeciding = true
                idle = 0
            }
            if package < 0 { package = count - 1 }
            if isInstalled(Int32(package)) {
                let range = tables.rowRange(package)
                while range.lowerBound + row < range.upperBound, isInstalled(Int32(package)) {
                    let reference = range.lowerBound + row
                    row += 1
                    guard !tables.rows[reference].isOptional,
                        !tables.rows.isConditional(reference) || isBinding(.row(reference)),
                        var open = openCandidates(reference, of: tables.rows), !open.isEmpty
                    else { continue }
                    if open.count > 1, !isDeciding {
                        open = filtered(open, inOrder: false, universe)
                        if open.count > 1 {
                            if putOff == nil { putOff = (package, row - 1) }
                            continue
                        }
                    }
                    guard try choose(open, for: .row(reference), universe) else { return .again }
                    if level < start { return .again }
                    idle = 0
                }
            }
            row = 0
            package -= 1
            idle += 1
        }
    }

    /// Optional items, each where it can be had beside what is there.
    private mutating func meetOptionalItems(_ universe: any WeighingUniverse) throws(SolverLimitReached) -> Progress {
        for item in 0..<items.count where items[item].isOptional && isBinding(.item(item)) {
            guard let open = openCandidates(item, of: items), !open.isEmpty else { continue }
            _ = try choose(open, for: .item(item), universe)
            return .again
        }
        return .done
    }

    // MARK: Recommends and Supplements

    private mutating func meetWishes(_ universe: any WeighingUniverse) throws(SolverLimitReached) -> Progress {
        var wanted = openRecommendations()
        var supplemented = universe.supplementing.filter { package in
            values[Int(Self.positive(package.index))] == 0
                && universe.supplement(package) { isInstalled($0.index) } != nil
                && !universe.isKeptOut(package) { isInstalled($0.index) }
        }
        let known = Set(wanted)
        wanted += supplemented.map(\.index).filter { !known.contains($0) }
        guard !wanted.isEmpty else { return .done }
        if wanted.count == 1 {
            _ = try install(wanted[0], for: .item(-1))
            return .again
        }
        let good = Set(universe.narrowed(wanted.map { PackageID($0) }))
        supplemented = supplemented.filter(good.contains)
        if supplemented.count > 1 { supplemented = universe.ordered(supplemented) { isInstalled($0.index) } }
        let decided = trail.count
        for package in supplemented where values[Int(Self.positive(package.index))] == 0 {
            let before = level
            _ = try install(package.index, for: .item(-1))
            if level <= before { return .again }
        }
        for place in 0..<decided {
            let literal = trail[place]
            guard literal & 1 == 0 else { continue }
            for row in tables.rowRange(Int(literal >> 1)) where tables.rows[row].isOptional && isBinding(.row(row)) {
                guard let open = openCandidates(row, of: tables.rows) else { continue }
                let candidates = open.filter { good.contains(PackageID($0)) }
                guard !candidates.isEmpty else { continue }
                let before = level
                _ = try choose(candidates, for: .row(row), universe)
                if level <= before || trail.count < decided { return .again }
            }
        }
        return .again
    }

    /// What installed packages recommend and is neither in nor out, each once.
    private func openRecommendations() -> [Int32] {
        var result: [Int32] = []
        var known: Set<Int32> = []
        for literal in trail.sorted() where literal & 1 == 0 {
            for row in tables.rowRange(Int(literal >> 1)) where tables.rows[row].isOptional && isBinding(.row(row)) {
                for package in openCandidates(row, of: tables.rows) ?? [] where known.insert(package).inserted {
                    result.append(package)
                }
            }
        }
        return result
    }

    // MARK: Minimizing

    /// Takes the earliest choice back whose other candidate came in later, or is wished for where the chosen one is not.
    private mutating func minimize(_ universe: any WeighingUniverse) throws(SolverLimitReached) -> Progress {
        guard !weighed.branches.isEmpty else { return .done }
        updateRecommended()
        var best: (branch: Int, place: Int)?
        for (number, branch) in weighed.branches.enumerated().reversed() {
            var wished: Int?
            var later: Int?
            for place in branch.packages.indices where !branch.isTried[place] {
                let package = branch.packages[place]
                if isInstalled(package), Int(levels[Int(package)]) > branch.level {
                    later = place
                    break
                }
                if wished == nil, isWished(PackageID(package), universe) { wished = place }
            }
            if let later {
                best = (number, later)
            } else if let wished {
                let chosen = branch.packages.indices.first { place in
                    let package = branch.packages[place]
                    return branch.isTried[place] && isInstalled(package)
                        && Int(levels[Int(package)]) == branch.level + 1
                }
                if let chosen, !isWished(PackageID(branch.packages[chosen]), universe) { best = (number, wished) }
            }
        }
        guard let best else { return .done }
        weighed.branches.removeSubrange((best.branch + 1)...)
        weighed.branches[best.branch].isTried[best.place] = true
        let branch = weighed.branches[best.branch]
        backtrack(to: branch.level)
        weighed.isRecommended.removeAll(keepingCapacity: true)
        _ = try install(branch.packages[best.place], for: branch.row)
        return .again
    }
}

/// A complete dependency solver: it finds packages that meet a request, or proves that there are none.
///
/// It follows what APT does on an empty system: a requirement is met by a candidate that is already chosen, else by the
/// first that is possible, in the order in which requirements come up; what is optional comes after all that is not.
/// The answer depends on the universe and the request alone. One value should be used for many requests: it asks the
/// universe for the relations of each package once.
package struct Solver {
    let universe: any PackageUniverse
    private var tables: SolverTables

    /// Nothing is asked of `universe` yet but how many packages it has.
    package init(universe: any PackageUniverse) {
        self.universe = universe
        tables = SolverTables(packageCount: universe.packageCount)
    }

    /// Solves `request`, or explains why that can't be done. Throws where the limits of the request are reached.
    package mutating func solve(_ request: SolverRequest) throws(SolverLimitReached) -> SolverOutcome {
        let solution = try search(request, policy: universe.policy) { search throws(SolverLimitReached) in
            try search.solution(of: request)
        }
        guard let solution else { return .impossible(try explain(request)) }
        return .solved(solution)
    }

    /// Runs `body` on a new search, and keeps the relations that it read.
    mutating func search<Answer>(
        _ request: SolverRequest, policy: ChoicePolicy, recordsProof: Bool = false,
        _ body: (inout Search) throws(SolverLimitReached) -> Answer
    ) throws(SolverLimitReached) -> Answer {
        let items = tables.itemRows(request.items).rows
        var lent = SolverTables(packageCount: 0)
        swap(&lent, &tables)
        var search = Search(
            universe: universe, tables: lent, items: items, limits: request.limits, policy: policy,
            takesRecommends: request.takesOptionalRequirements, recordsProof: recordsProof)
        lent = SolverTables(packageCount: 0)
        defer { swap(&search.tables, &tables) }
        return try body(&search)
    }
}

extension Search {
    /// The solution of the request that this search was made for; nil where there is none.
    mutating func solution(of request: SolverRequest) throws(SolverLimitReached) -> Solution? {
        if assume(forbidden: request.forbidden) != nil { return nil }
        if let weighing { return try solution(of: request, weighedBy: weighing) }
        if case .impossible = try run() { return nil }
        var scope = Scope()
        if policy == .apt {
            scope.optionalItems = true
            scope.optionalRequirements = request.takesOptionalRequirements
            let reached = reachedByChoice(scope)
            return solution(reached, dropped: unmetOptional(scope), scope)
        }
        var reached = reduced(scope)
        var dropped: [RowReference] = []
        scope.optionalItems = request.items.contains { $0.isOptional }
        scope.optionalRequirements = request.takesOptionalRequirements
        if scope.optionalItems || scope.optionalRequirements {
            settle(on: reached.packages)
            dropped = try takeOptional(scope)
            reached = reduced(scope)
        }
        return solution(reached, dropped: dropped, scope)
    }

    /// What is optional and was not met, in the order in which packages were chosen.
    private func unmetOptional(_ scope: Scope) -> [RowReference] {
        var dropped: [RowReference] = []
        for item in 0..<items.count where items[item].isOptional && isBinding(.item(item)) {
            if !items.candidates(item).contains(where: { isChosen[Int(items.packages[$0])] }) {
                dropped.append(.item(item))
            }
        }
        guard scope.optionalRequirements else { return dropped }
        for package in chosen {
            for row in tables.rowRange(Int(package)) where tables.rows[row].isOptional && isBinding(.row(row)) {
                if !tables.rows.candidates(row).contains(where: { isChosen[Int(tables.rows.packages[$0])] }) {
                    dropped.append(.row(row))
                }
            }
        }
        return dropped
    }

    /// Takes what is optional, in order; what that brings may want more. Returns what can't be had.
    private mutating func takeOptional(_ scope: Scope) throws(SolverLimitReached) -> [RowReference] {
        var dropped: [RowReference] = []
        for item in 0..<items.count where items[item].isOptional && isBinding(.item(item)) {
            if !(try take(.item(item))) { dropped.append(.item(item)) }
        }
        guard scope.optionalRequirements else { return dropped }
        var next = 0
        while next < trail.count {
            let literal = trail[next]
            next += 1
            guard literal & 1 == 0 else { continue }
            for row in tables.rowRange(Int(literal >> 1)) where tables.rows[row].isOptional && isBinding(.row(row)) {
                if !(try take(.row(row))) { dropped.append(.row(row)) }
            }
        }
        return dropped
    }

    private func solution(_ reached: Reached, dropped: [RowReference], _ scope: Scope) -> Solution {
        let order = reached.packages.indices.sorted { reached.packages[$0] < reached.packages[$1] }
        let packages = order.map { PackageID(reached.packages[$0]) }
        var isIn = [Bool](repeating: false, count: isExpanded.count)
        for package in packages { isIn[Int(package.index)] = true }
        return Solution(
            packages: packages,
            reasons: order.map { reason(reached.reasons[$0]) },
            dropped: dropped.compactMap { reference in
                switch reference {
                case .item(let row):
                    return Solution.Dropped(source: reason(reference), hasCandidates: !items.candidates(row).isEmpty)
                case .row(let row):
                    guard isIn[Int(tables.rows[row].owner)] else { return nil }
                    return Solution.Dropped(
                        source: reason(reference), hasCandidates: !tables.rows.candidates(row).isEmpty)
                }
            })
    }

    func reason(_ reference: RowReference) -> Solution.Reason {
        switch reference {
        case .item(let row): return .requested(label: items[row].label)
        case .row(let index):
            let row = tables.rows[index]
            return .required(by: PackageID(row.owner), label: row.label, isOptional: row.isOptional)
        }
    }
}

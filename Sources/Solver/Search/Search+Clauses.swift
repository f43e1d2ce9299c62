extension Search {
    /// Where a clause comes from; as a number in its header.
    enum Origin {
        case item(Int)
        case row(Int)
        case learned(Int)

        init(rawValue: Int32) {
            let index = Int(rawValue >> 2)
            switch rawValue & 3 {
            case 0: self = .row(index)
            case 1: self = .item(index)
            default: self = .learned(index)
            }
        }

        var rawValue: Int32 {
            switch self {
            case .row(let index): Int32(index) << 2
            case .item(let index): Int32(index) << 2 | 1
            case .learned(let index): Int32(index) << 2 | 2
            }
        }
    }

    func literals(of clause: Int32) -> ArraySlice<Literal> {
        let base = Int(clause) + Self.headerSize
        return arena[base..<base + Int(arena[Int(clause)])]
    }

    func origin(of clause: Int32) -> Origin { Origin(rawValue: arena[Int(clause) + 3]) }

    /// Adds the clause of a requirement: one of the candidates, or the owner or a given package is not installed.
    mutating func addRequirement(_ reference: RowReference) -> Clash? {
        let clause: Int32
        switch reference {
        case .item(let index):
            clause = openClause(.item(index))
            append(row: index, of: items)
            if items.isConditional(index) { conditionalRows.append(reference) }
        case .row(let index):
            clause = openClause(.row(index))
            arena.append(Self.negative(tables.rows[index].owner))
            append(row: index, of: tables.rows)
            if tables.rows.isConditional(index) { conditionalRows.append(reference) }
        }
        return closeClause(clause)
    }

    /// Adds what was learned from a dead end. All of `literals` but the first are false, the second at the highest level.
    mutating func addLearned(_ literals: [Literal], proof: [ProofStep]) {
        let clause = openClause(.learned(proofs.count))
        proofs.append(proof)
        arena.append(contentsOf: literals)
        arena[Int(clause)] = Int32(literals.count)
        if literals.count > 1 { watch(clause) }
        assign(literals[0], reason: clause)
    }

    private mutating func openClause(_ origin: Origin) -> Int32 {
        let clause = Int32(arena.count)
        arena.append(0)
        arena.append(-1)
        arena.append(-1)
        arena.append(origin.rawValue)
        return clause
    }

    private mutating func append(row: Int, of rows: RequirementRows) {
        for place in rows.candidates(row) { arena.append(Self.positive(rows.packages[place])) }
        for place in rows.given(row) { arena.append(Self.negative(rows.packages[place])) }
    }

    /// Puts the literals that become open first on backtracking in front, watches them, and draws the conclusion where
    /// there is only one open literal left.
    private mutating func closeClause(_ clause: Int32) -> Clash? {
        let base = Int(clause) + Self.headerSize
        let size = arena.count - base
        arena[Int(clause)] = Int32(size)
        guard size > 0 else { return .clause(clause) }
        for place in base..<base + min(2, size) {
            var best = place
            for other in place..<base + size where rank(arena[other]) > rank(arena[best]) { best = other }
            arena.swapAt(place, best)
        }
        if size > 1 { watch(clause) }
        let first = arena[base]
        if values[Int(first)] < 0 { return .clause(clause) }
        if values[Int(first)] == 0, size == 1 || values[Int(arena[base + 1])] < 0 { assign(first, reason: clause) }
        return nil
    }

    private func rank(_ literal: Literal) -> Int32 {
        let value = values[Int(literal)]
        return value > 0 ? Int32.max : value == 0 ? Int32.max - 1 : levels[Int(literal >> 1)]
    }

    private mutating func watch(_ clause: Int32) {
        let base = Int(clause) + Self.headerSize
        for slot in 0..<2 {
            let literal = Int(arena[base + slot])
            arena[Int(clause) + 1 + slot] = watches[literal]
            watches[literal] = clause
        }
    }
}

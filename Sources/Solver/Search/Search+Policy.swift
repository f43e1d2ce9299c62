extension Search {
    /// Where a search stops.
    enum Result {
        /// Every requirement of what is installed is met.
        case complete
        /// The levels up to the floor can't be kept.
        case impossible(Clash)
        /// It went back to the floor and knows more now.
        case returned
    }

    /// Assigns what the request says before any choice: nil where that alone is not impossible.
    mutating func assume(forbidden: [PackageID]) -> Clash? {
        for package in forbidden where values[Int(Self.positive(package.index))] == 0 {
            assign(Self.negative(package.index), reason: Self.noReason)
        }
        for item in 0..<items.count where !items[item].isOptional {
            if let clash = addRequirement(.item(item)) { return clash }
        }
        return nil
    }

    /// Searches until all requirements are met, preferring for each the first candidate that is possible.
    mutating func run(stopsAtFloor: Bool = false) throws(SolverLimitReached) -> Result {
        while true {
            if let clash = propagate() {
                if level == floor { return .impossible(clash) }
                try learn(from: clash)
            } else if stopsAtFloor, level == floor {
                return .returned
            } else if let choice = policy == .apt ? nextDecision() : nextChoice() {
                try decide(choice.package, for: choice.row)
            } else {
                return .complete
            }
        }
    }

    /// The first requirement that isn't met, and its first possible candidate. Between two calls only the cursor moves.
    private mutating func nextChoice() -> Choice? {
        while cursor.item < items.count {
            if !items[cursor.item].isOptional, !items.isConditional(cursor.item),
                let package = openCandidate(cursor.item, of: items)
            {
                return Choice(package: package, row: .item(cursor.item))
            }
            cursor.item += 1
        }
        while cursor.trail < trail.count {
            let literal = trail[cursor.trail]
            if literal & 1 == 0 {
                let range = tables.rowRange(Int(literal >> 1))
                while cursor.row < range.count {
                    let row = range.lowerBound + cursor.row
                    if !tables.rows[row].isOptional, !tables.rows.isConditional(row),
                        let package = openCandidate(row, of: tables.rows)
                    {
                        return Choice(package: package, row: .row(row))
                    }
                    cursor.row += 1
                }
            }
            cursor.row = 0
            cursor.trail += 1
        }
        for reference in conditionalRows {
            if isBinding(reference), let package = openCandidate(reference) {
                return Choice(package: package, row: reference)
            }
        }
        return nil
    }

    /// Whether the owner of a requirement and all that it is given with are installed.
    func isBinding(_ reference: RowReference) -> Bool {
        switch reference {
        case .item(let row): return items.given(row).allSatisfy { isInstalled(items.packages[$0]) }
        case .row(let row):
            return isInstalled(tables.rows[row].owner)
                && tables.rows.given(row).allSatisfy { isInstalled(tables.rows.packages[$0]) }
        }
    }

    /// The first candidate that isn't excluded, where none is installed.
    func openCandidate(_ reference: RowReference) -> Int32? {
        switch reference {
        case .item(let row): openCandidate(row, of: items)
        case .row(let row): openCandidate(row, of: tables.rows)
        }
    }

    private func openCandidate(_ row: Int, of rows: RequirementRows) -> Int32? {
        var open: Int32?
        for place in rows.candidates(row) {
            let package = rows.packages[place]
            let value = values[Int(Self.positive(package))]
            if value > 0 { return nil }
            if value == 0, open == nil { open = package }
        }
        return open
    }

    /// Whether one of the candidates is installed.
    func isMet(_ reference: RowReference) -> Bool {
        switch reference {
        case .item(let row): items.candidates(row).contains { isInstalled(items.packages[$0]) }
        case .row(let row): tables.rows.candidates(row).contains { isInstalled(tables.rows.packages[$0]) }
        }
    }

    /// Makes exactly `packages`, which meet the request, the level that is never taken back.
    mutating func settle(on packages: [Int32]) {
        backtrack(to: 0)
        levelStarts.append(trail.count)
        levelCursors.append(Cursor())
        if policy == .apt { levelWalks.append(Walk()) }
        choices.append(Choice(package: -1, row: .item(-1)))
        for package in packages where values[Int(Self.positive(package))] == 0 {
            assign(Self.positive(package), reason: Self.noReason)
        }
        let clash = propagate()
        assert(clash == nil, "a reduced solution meets all relations")
        floor = 1
    }

    /// Installs a candidate of an optional requirement, and what it needs, without taking back anything.
    ///
    /// With everything that is open left out, what is settled meets all relations, so a search above the floor that
    /// fails has excluded a candidate or learned a clause: the loop ends.
    mutating func take(_ reference: RowReference) throws(SolverLimitReached) -> Bool {
        while let package = openCandidate(reference) {
            floor = level
            try decide(package, for: reference)
            switch try run(stopsAtFloor: true) {
            case .complete:
                floor = level
                return true
            case .returned: continue
            case .impossible: return false
            }
        }
        return isMet(reference)
    }
}

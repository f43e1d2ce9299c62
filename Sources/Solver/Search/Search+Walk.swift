/// The order in which APT's own resolver looks at requirements, and which of the candidates it takes.
///
/// All items of the request count as chosen from the start. Then what the first item requires is met, down to the last
/// package that this brings in, before the second is looked at; Recommends where they stand. A requirement is left alone
/// where one of its candidates was chosen before, and takes its first possible candidate otherwise, even where another one
/// will come in later. See `MarkInstall` in apt-pkg/depcache.cc of APT 2.6 and 3.0.
extension Search {
    /// A package that was chosen, and the next of its requirements to look at.
    struct Frame {
        let package: Int32
        var row: Int32
        /// The frame to go on with afterwards, or -1.
        let parent: Int32
    }

    /// How far a walk has come; together with the first `frameCount` frames and `chosenCount` packages this is all of it.
    struct Walk {
        var item = 0
        var optionalItem = 0
        var root = 0
        var rootCount = 0
        var conditional = 0
        var top: Int32 = -1
        var frameCount = 0
        var chosenCount = 0
    }

    private enum Pick {
        /// One of the candidates was chosen before.
        case met
        /// The package is installed in any case and counts as chosen now.
        case choose(Int32)
        /// The package may be installed.
        case decide(Int32)
        case impossible
    }

    /// Chooses packages until there is a decision to make: nil where every requirement is met.
    mutating func nextDecision() -> Choice? {
        while walk.item < items.count {
            if !items[walk.item].isOptional, !items.isConditional(walk.item),
                let choice = meet(.item(walk.item), descends: false)
            {
                return choice
            }
            walk.item += 1
            walk.rootCount = chosen.count
        }
        while true {
            if let choice = descend() { return choice }
            if walk.root < walk.rootCount {
                walk.root += 1
                push(chosen[walk.root - 1])
            } else if walk.conditional < conditionalRows.count {
                if isBindingByChoice(conditionalRows[walk.conditional]),
                    let choice = meet(conditionalRows[walk.conditional], descends: true)
                {
                    return choice
                }
                walk.conditional += 1
            } else if walk.optionalItem < items.count {
                if items[walk.optionalItem].isOptional, isBindingByChoice(.item(walk.optionalItem)),
                    let choice = meet(.item(walk.optionalItem), descends: true)
                {
                    return choice
                }
                walk.optionalItem += 1
            } else {
                return nil
            }
        }
    }

    /// Whether the owner of a requirement and all that it is given with were chosen.
    private func isBindingByChoice(_ reference: RowReference) -> Bool {
        switch reference {
        case .item(let row): return items.given(row).allSatisfy { isChosen[Int(items.packages[$0])] }
        case .row(let row):
            return isChosen[Int(tables.rows[row].owner)]
                && tables.rows.given(row).allSatisfy { isChosen[Int(tables.rows.packages[$0])] }
        }
    }

    /// Takes the walk back to where it was.
    mutating func resume(_ earlier: Walk) {
        for choice in chosen[earlier.chosenCount...] { isChosen[Int(choice)] = false }
        chosen.removeSubrange(earlier.chosenCount...)
        frames.removeSubrange(earlier.frameCount...)
        walk = earlier
    }

    /// The present state of the walk, to resume it from.
    func walkSoFar() -> Walk {
        var state = walk
        state.frameCount = frames.count
        state.chosenCount = chosen.count
        return state
    }

    /// Meets the requirements of the packages on the stack.
    private mutating func descend() -> Choice? {
        while walk.top >= 0 {
            let frame = frames[Int(walk.top)]
            guard Int(frame.row) < tables.rowRange(Int(frame.package)).upperBound else {
                walk.top = frame.parent
                continue
            }
            let row = Int(frame.row)
            guard takesRecommends || !tables.rows[row].isOptional, !tables.rows.isConditional(row) else {
                advance()
                continue
            }
            if let choice = meet(.row(row), descends: true, advances: true) { return choice }
        }
        return nil
    }

    private mutating func meet(_ reference: RowReference, descends: Bool, advances: Bool = false) -> Choice? {
        let pick = pick(reference)
        if case .decide(let package) = pick { return Choice(package: package, row: reference) }
        if advances { advance() }
        if case .choose(let package) = pick {
            isChosen[Int(package)] = true
            chosen.append(package)
            walk.conditional = 0  // one more of them may bind now
            if descends { push(package) }
        }
        return nil
    }

    private func pick(_ reference: RowReference) -> Pick {
        switch reference {
        case .item(let row): pick(row, of: items)
        case .row(let row): pick(row, of: tables.rows)
        }
    }

    private func pick(_ row: Int, of rows: RequirementRows) -> Pick {
        var first: Int32?
        for place in rows.candidates(row) {
            let package = rows.packages[place]
            if isChosen[Int(package)] { return .met }
            if first == nil, !isExcluded(package) { first = package }
        }
        guard let first else { return .impossible }
        return isInstalled(first) ? .choose(first) : .decide(first)
    }

    private mutating func push(_ package: Int32) {
        frames.append(
            Frame(package: package, row: Int32(tables.rowRange(Int(package)).lowerBound), parent: walk.top))
        walk.top = Int32(frames.count - 1)
    }

    /// Goes on to the next requirement of the package on top, without touching a frame that an earlier state needs.
    private mutating func advance() {
        let kept = levelWalks.last?.frameCount ?? 0
        if Int(walk.top) >= kept {
            frames[Int(walk.top)].row += 1
        } else {
            var frame = frames[Int(walk.top)]
            frame.row += 1
            frames.append(frame)
            walk.top = Int32(frames.count - 1)
        }
    }
}

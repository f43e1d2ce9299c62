extension Search {
    /// Packages that the request leads to, nearest first, and through which requirement each was reached.
    struct Reached {
        var packages: [Int32] = []
        var reasons: [RowReference] = []
    }

    /// Which requirements count.
    struct Scope {
        var optionalItems = false
        var optionalRequirements = false
    }

    /// How often a choice is tried without: more would be quadratic where somebody wants it to be.
    private static let attemptLimit = 200

    /// What is left of the packages that are installed now when nothing superfluous stays: each is reached from the
    /// request, and none can be taken away with all requirements in `scope` that are met staying met.
    func reduced(_ scope: Scope) -> Reached {
        var members = [Bool](repeating: false, count: isExpanded.count)
        for literal in trail where literal & 1 == 0 { members[Int(literal >> 1)] = true }
        var reached = reduce(&members, scope)
        // A package may be needed only by what it needs itself: that shows when one goes without it from the start.
        var isNeeded = neededByNearer(reached, members, scope)
        var attempts = 0
        for choice in choices.reversed() where choice.package >= 0 && members[Int(choice.package)] {
            guard attempts < Self.attemptLimit, !isNeeded[Int(choice.package)],
                memberCount(choice.row, in: members) > 1
            else { continue }
            attempts += 1
            members[Int(choice.package)] = false
            if reach(members, scope, without: choice.package) != nil {
                reached = reduce(&members, scope)
                isNeeded = neededByNearer(reached, members, scope)
            } else {
                members[Int(choice.package)] = true
            }
        }
        return reached
    }

    /// The packages that were chosen by APT's policy, each reached through any requirement that it meets.
    func reachedByChoice(_ scope: Scope) -> Reached {
        var members = [Bool](repeating: false, count: isExpanded.count)
        for package in chosen { members[Int(package)] = true }
        return reach(members, scope, throughAll: true) ?? Reached()
    }

    /// Removes what isn't reached, and what nothing needs, until neither is left.
    private func reduce(_ members: inout [Bool], _ scope: Scope) -> Reached {
        while true {
            let reached = reach(members, scope) ?? Reached()
            for index in members.indices { members[index] = false }
            for package in reached.packages { members[Int(package)] = true }
            if !dropUnneeded(from: &members, reached, scope) { return reached }
        }
    }

    /// Follows every requirement to its first candidate in `members`, or to all of them: nil where one has none. An
    /// optional one may have none, unless `removed` was it.
    private func reach(
        _ members: [Bool], _ scope: Scope, without removed: Int32? = nil, throughAll: Bool = false
    ) -> Reached? {
        var reached = Reached()
        var isReached = [Bool](repeating: false, count: members.count)
        var isComplete = true

        func follow(_ row: Int, of rows: RequirementRows, _ reference: RowReference) {
            for place in rows.given(row) where !members[Int(rows.packages[place])] { return }
            var isMet = false
            for place in rows.candidates(row) where members[Int(rows.packages[place])] {
                let package = rows.packages[place]
                isMet = true
                if !isReached[Int(package)] {
                    isReached[Int(package)] = true
                    reached.packages.append(package)
                    reached.reasons.append(reference)
                }
                if !throughAll { return }
            }
            if isMet { return }
            if !rows[row].isOptional || rows.candidates(row).contains(where: { rows.packages[$0] == removed }) {
                isComplete = false
            }
        }

        for item in 0..<items.count where !items[item].isOptional || scope.optionalItems {
            follow(item, of: items, .item(item))
        }
        var next = 0
        while next < reached.packages.count, isComplete {
            for row in tables.rowRange(Int(reached.packages[next]))
            where !tables.rows[row].isOptional || scope.optionalRequirements {
                follow(row, of: tables.rows, .row(row))
            }
            next += 1
        }
        return isComplete ? reached : nil
    }

    /// Packages that are the only candidate of the request, or of a package that was reached before them and so is there
    /// without them.
    private func neededByNearer(_ reached: Reached, _ members: [Bool], _ scope: Scope) -> [Bool] {
        var place = [Int32](repeating: -1, count: members.count)
        for (index, package) in reached.packages.enumerated() { place[Int(package)] = Int32(index) }
        var isNeeded = [Bool](repeating: false, count: members.count)
        forEachRow(of: reached, scope) { reference in
            guard let only = onlyMember(reference, in: members) else { return }
            if case .row(let row) = reference, place[Int(tables.rows[row].owner)] > place[Int(only)] { return }
            isNeeded[Int(only)] = true
        }
        return isNeeded
    }

    /// Removes packages that are nobody's only candidate, the farthest first; whether there were any.
    private func dropUnneeded(from members: inout [Bool], _ reached: Reached, _ scope: Scope) -> Bool {
        var isNeeded = [Bool](repeating: false, count: members.count)
        forEachRow(of: reached, scope) { reference in
            if let only = onlyMember(reference, in: members) { isNeeded[Int(only)] = true }
        }
        let unneeded = reached.packages.filter { !isNeeded[Int($0)] }
        guard !unneeded.isEmpty else { return false }
        var wantedBy: [Int32: [RowReference]] = [:]
        for package in unneeded { wantedBy[package] = [] }
        forEachRow(of: reached, scope) { reference in
            forEachCandidate(reference) { wantedBy[$0]?.append(reference) }
        }
        for package in unneeded.reversed() {
            let isFree = (wantedBy[package] ?? []).allSatisfy { reference in
                if case .row(let row) = reference, !members[Int(tables.rows[row].owner)] { return true }
                return memberCount(reference, in: members) > 1
            }
            if isFree { members[Int(package)] = false }
        }
        return true
    }

    /// The requirements in `scope` that bind, of the request and of what was reached.
    private func forEachRow(of reached: Reached, _ scope: Scope, _ body: (RowReference) -> Void) {
        for item in 0..<items.count where !items[item].isOptional || scope.optionalItems {
            if isBinding(.item(item)) { body(.item(item)) }
        }
        for package in reached.packages {
            for row in tables.rowRange(Int(package))
            where !tables.rows[row].isOptional || scope.optionalRequirements {
                if isBinding(.row(row)) { body(.row(row)) }
            }
        }
    }

    private func forEachCandidate(_ reference: RowReference, _ body: (Int32) -> Void) {
        switch reference {
        case .item(let row): for place in items.candidates(row) { body(items.packages[place]) }
        case .row(let row): for place in tables.rows.candidates(row) { body(tables.rows.packages[place]) }
        }
    }

    private func memberCount(_ reference: RowReference, in members: [Bool]) -> Int {
        var count = 0
        forEachCandidate(reference) { if members[Int($0)] { count += 1 } }
        return count
    }

    private func onlyMember(_ reference: RowReference, in members: [Bool]) -> Int32? {
        var only: Int32?
        var count = 0
        forEachCandidate(reference) {
            if members[Int($0)] {
                count += 1
                only = $0
            }
        }
        return count == 1 ? only : nil
    }
}

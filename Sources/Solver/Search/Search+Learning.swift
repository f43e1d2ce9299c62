extension Search {
    /// What a learned clause was derived from.
    enum ProofStep: Hashable {
        case clause(Int32)
        case pair(Int32, Int32)
        /// That this package is in or out for good.
        case settled(Int32)
    }

    /// Learns from a clash above the floor: goes back to where the learned clause forces a literal, and assigns it.
    mutating func learn(from clash: Clash) throws(SolverLimitReached) {
        conflictCount += 1
        if conflictCount > limits.conflicts { throw SolverLimitReached(kind: .conflicts, limit: limits.conflicts) }
        var (literals, proof) = analyze(clash)
        var target = floor
        if literals.count > 1 {
            var highest = 1
            for place in 2..<max(2, literals.count)
            where levels[Int(literals[place] >> 1)] > levels[Int(literals[highest] >> 1)] {
                highest = place
            }
            literals.swapAt(1, highest)
            target = Int(levels[Int(literals[1] >> 1)])
        }
        backtrack(to: target)
        addLearned(literals, proof: proof)
    }

    /// Resolves a clash up to the first unique implication point. The literal to assert comes first.
    private mutating func analyze(_ clash: Clash) -> (literals: [Literal], proof: [ProofStep]) {
        var learned: [Literal] = [0]
        var proof: [ProofStep] = []
        var marked: [Int32] = []
        var open = 0
        let current = Int32(level)

        func visit(_ literal: Literal, _ search: inout Search) {
            let package = literal >> 1
            let index = Int(package)
            let isSettled = search.levels[index] <= Int32(search.floor)
            if search.seen[index] || (isSettled && !search.recordsProof) { return }
            if isSettled {
                proof.append(.settled(package))
            } else if search.levels[index] == current {
                open += 1
            } else {
                learned.append(literal)
            }
            search.seen[index] = true
            marked.append(package)
        }

        func visit(clause: Int32, except asserted: Literal, _ search: inout Search) {
            if search.recordsProof { proof.append(.clause(clause)) }
            let base = Int(clause) + Self.headerSize
            for place in base..<base + Int(search.arena[Int(clause)]) where search.arena[place] != asserted {
                visit(search.arena[place], &search)
            }
        }

        switch clash {
        case .clause(let clause): visit(clause: clause, except: -1, &self)
        case .pair(let one, let other):
            if recordsProof { proof.append(.pair(one, other)) }
            visit(Self.negative(one), &self)
            visit(Self.negative(other), &self)
        }
        var place = trail.count
        while true {
            repeat { place -= 1 } while !seen[Int(trail[place] >> 1)]
            let literal = trail[place]
            open -= 1
            if open == 0 {
                learned[0] = literal ^ 1
                break
            }
            let reason = reasons[Int(literal >> 1)]
            if reason >= 0 {
                visit(clause: reason, except: literal, &self)
            } else {
                let other = -2 - reason
                if recordsProof { proof.append(.pair(other, literal >> 1)) }
                visit(Self.negative(other), &self)
            }
        }
        if !recordsProof { dropImplied(from: &learned) }
        for package in marked { seen[Int(package)] = false }
        return (learned, proof)
    }

    /// Drops literals that follow from the others.
    private func dropImplied(from learned: inout [Literal]) {
        let first = learned[0]
        learned.removeAll { literal in
            guard literal != first else { return false }
            let reason = reasons[Int(literal >> 1)]
            if reason == Self.noReason { return false }
            if reason < 0 { return isCovered(-2 - reason) }
            return literals(of: reason).allSatisfy { $0 == literal ^ 1 || isCovered($0 >> 1) }
        }
    }

    private func isCovered(_ package: Int32) -> Bool { seen[Int(package)] || levels[Int(package)] <= Int32(floor) }
}

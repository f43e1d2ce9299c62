extension Search {
    /// The facts that a clash at level 0 was derived from. Needs a search that records proofs.
    func core(of clash: Clash) -> [Explanation.Fact] {
        var facts: [Explanation.Fact] = []
        var pending: [ProofStep] = []
        var known: Set<ProofStep> = []
        func follow(_ step: ProofStep) {
            if known.insert(step).inserted { pending.append(step) }
        }
        func followAll(_ clause: Int32) {
            for literal in literals(of: clause) { follow(.settled(literal >> 1)) }
        }

        switch clash {
        case .clause(let clause):
            follow(.clause(clause))
            followAll(clause)
        case .pair(let one, let other):
            follow(.pair(one, other))
            follow(.settled(one))
            follow(.settled(other))
        }
        while let step = pending.popLast() {
            switch step {
            case .clause(let clause):
                switch origin(of: clause) {
                case .item(let row):
                    facts.append(.requested(label: items[row].label, candidates: items.candidateIDs(row)))
                case .row(let row): facts.append(fact(row: row))
                case .learned(let index): proofs[index].forEach(follow)
                }
            case .pair(let one, let other):
                if let fact = fact(conflict: one, other) { facts.append(fact) }
            case .settled(let package):
                let reason = reasons[Int(package)]
                if reason >= 0 {
                    follow(.clause(reason))
                    followAll(reason)
                } else if reason < Self.noReason {
                    follow(.pair(-2 - reason, package))
                    follow(.settled(-2 - reason))
                } else {
                    facts.append(.forbidden(PackageID(package)))
                }
            }
        }
        return facts
    }

    private func fact(row: Int) -> Explanation.Fact {
        .requires(
            PackageID(tables.rows[row].owner), label: tables.rows[row].label, candidates: tables.rows.candidateIDs(row),
            given: tables.rows.givenIDs(row))
    }

    private func fact(conflict one: Int32, _ other: Int32) -> Explanation.Fact? {
        for (declaring, tolerated) in [(one, other), (other, one)] where isExpanded[Int(declaring)] {
            for entry in tables.conflictRange(Int(declaring)) where tables.conflicts[entry].package == tolerated {
                return .conflicts(
                    PackageID(declaring), label: tables.conflicts[entry].label, PackageID(tolerated))
            }
        }
        return nil
    }
}

extension Solver {
    /// How many facts may be looked at in order to leave some out.
    private static let effort = 200_000
    private static let itemTrials = 200

    /// Explains why `request` can't be met, which must be so.
    mutating func explain(_ request: SolverRequest) throws(SolverLimitReached) -> Explanation {
        var numbered = request
        numbered.items = request.items.enumerated().compactMap { index, item in
            guard !item.isOptional else { return nil }
            var item = item
            item.label = Int32(index)
            return item
        }
        guard var facts = try core(of: numbered) else { return Explanation(facts: []) }
        facts = withFewestItems(facts, of: numbered)
        facts = Self.minimized(Explanation.inReadingOrder(facts))
        return Explanation(
            facts: Explanation.inReadingOrder(facts).map { fact in
                switch fact {
                case .requested(let index, let candidates):
                    .requested(label: request.items[Int(index)].label, candidates: candidates)
                case .requires(let package, let label, let candidates, let given)
                where candidates.isEmpty && given.isEmpty:
                    .nothingProvides(package, label: label)
                default: fact
                }
            })
    }

    /// Facts that make `request` impossible; nil where it is possible.
    private mutating func core(of request: SolverRequest) throws(SolverLimitReached) -> [Explanation.Fact]? {
        try search(request, policy: .fewest, recordsProof: true) { search throws(SolverLimitReached) in
            if let clash = search.assume(forbidden: request.forbidden) { return search.core(of: clash) }
            guard case .impossible(let clash) = try search.run() else { return nil }
            return search.core(of: clash)
        }
    }

    /// Facts with as few items of the request as can be, so that no line is blamed that could stay.
    private mutating func withFewestItems(
        _ facts: [Explanation.Fact], of request: SolverRequest
    ) -> [Explanation.Fact] {
        var facts = facts
        var trial = request
        trial.items = Self.items(of: facts, in: request)
        var unsure = trial.items.count
        var trials = 0
        while unsure > 0, trial.items.count > 1, trials < Self.itemTrials {
            trials += 1
            let needed = trial.items.count - unsure
            let all = trial.items
            trial.items.remove(at: unsure - 1)
            if let found = try? core(of: trial) {
                facts = found
                trial.items = Self.items(of: found, in: trial)
                unsure = trial.items.count - needed
            } else {
                trial.items = all
                unsure -= 1
            }
        }
        return facts
    }

    private static func items(of facts: [Explanation.Fact], in request: SolverRequest) -> [Requirement] {
        var labels: Set<Int32> = []
        for case .requested(let label, _) in facts { labels.insert(label) }
        return request.items.filter { labels.contains($0.label) }
    }

    /// The shorter of two sets of facts of which none can be left out; of a great many facts, some may be left in.
    private static func minimized(_ facts: [Explanation.Fact]) -> [Explanation.Fact] {
        let deepestFirst = withoutNeedless(facts)
        guard facts.count < 200 else { return deepestFirst }
        let nearestFirst = withoutNeedless(facts.reversed())
        return nearestFirst.count < deepestFirst.count ? nearestFirst.reversed() : deepestFirst
    }

    /// Leaves out, from the end, each fact without which the others still exclude each other.
    private static func withoutNeedless(_ facts: [Explanation.Fact]) -> [Explanation.Fact] {
        var facts = facts
        var unsure = facts.count
        var effort = 0
        while unsure > 0, effort < Self.effort {
            effort += facts.count
            let needed = facts.count - unsure
            var trial = facts
            trial.remove(at: unsure - 1)
            let universe = FactUniverse(trial)
            var solver = Solver(universe: universe)
            let request = SolverRequest(items: universe.items, forbidden: universe.forbidden)
            if let core = try? solver.core(of: request) {
                let kept = Set(core.compactMap(universe.index))
                facts = trial.indices.filter(kept.contains).map { trial[$0] }
                unsure = facts.count - needed
            } else {
                unsure -= 1
            }
        }
        return facts
    }
}

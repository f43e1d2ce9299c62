import Declaration
import Primitives
import RPM
import Solver

/// Solves one profile of RPM packages: everything it asks for, together, on an empty system.
struct RPMProfileResolver {
    let rpm: RPMCatalog
    let hold: LockHold
    let request: ResolutionRequest
    let profile: ProfileRequest

    /// Throws `UserErrors`.
    func solve() throws -> SolvedProfile {
        let universe = try rpm.universe()
        var wishes: [SolvedProfile.Wish] = []
        var items: [Requirement] = []
        var errors: [any UserError] = []
        var remarks: [String] = []
        for name in hold.moving(in: profile.name) {
            guard let package = universe.candidate(of: name) else { continue }
            items.append(Requirement(candidates: [package], label: Int32(wishes.count)))
            wishes.append(.update(name))
        }
        for entry in profile.sets.entries where entry.kind != .forbidden {
            do {
                items += try universe.requirements(for: entry, label: Int32(wishes.count))
                wishes.append(.line(entry))
            } catch let error as RPMRequestError {
                if entry.kind == .optional {
                    remarks.append(profile.remark(onMissing: entry, error))
                } else {
                    errors.append(
                        UnknownPackage(
                            entry: entry, distribution: request.distribution, error: error, isUnknown: error.isUnknown,
                            lockedDate: hold.lockedDate))
                }
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        universe.prefer(hold.packages(of: profile.name, in: universe))
        let kernels = RPMKernelChoice(in: universe, profile)
        let forbidden = profile.sets.forbidden.flatMap { universe.packages(named: $0.name) } + kernels.excluded
        var solver = Solver(universe: universe)
        let outcome = try profile.run { () throws(SolverLimitReached) in
            try solver.solve(
                SolverRequest(items: items, forbidden: forbidden, takesOptionalRequirements: profile.includesRecommends)
            )
        }
        switch outcome {
        case .impossible(let explanation):
            throw UserErrors([impossible(explanation, wishes, universe, kernels)])
        case .solved(let solution):
            try kernels.check(solution.packages, in: universe)
            var answers = [[PackageID]](repeating: [], count: wishes.count)
            for item in items where item.given.allSatisfy(solution.contains) {
                if let answer = item.candidates.first(where: solution.contains) {
                    answers[Int(item.label)].append(answer)
                }
            }
            return SolvedProfile(
                name: profile.name, universe: universe, solution: solution, wishes: wishes, answers: answers,
                essential: [], remarks: remarks + profile.remarks(onDropped: solution, wishes))
        }
    }

    private func impossible(
        _ explanation: Explanation, _ wishes: [SolvedProfile.Wish], _ universe: RPMUniverse, _ kernels: RPMKernelChoice
    ) -> Unsolvable {
        let lines = explanation.involvedRequestLabels.compactMap { label -> PackageSetEntry? in
            if case .line(let entry) = wishes[Int(label)] { entry } else { nil }
        }
        let hints = UnsolvableHints(
            packages: universe, explanation: explanation, wishes: wishes, forbidding: profile.sets.forbidden)
        return Unsolvable(
            profile: profile.name, entries: lines, steps: explanation.steps(in: universe) { wishes[Int($0)].words },
            hints: kernels.hints(explanation) + hints.lines)
    }
}

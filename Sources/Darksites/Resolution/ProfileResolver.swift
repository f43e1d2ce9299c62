import Declaration
import Primitives
import Solver

/// Solves one profile: everything it asks for, together, on an empty system.
struct ProfileResolver {
    let request: ResolutionRequest
    let profile: ProfileRequest
    let hold: LockHold

    /// Throws `UserErrors`.
    func solve(_ family: any ProfileFamily) throws -> SolvedProfile {
        var family = family
        let packages = family.packages
        var wishes: [SolvedProfile.Wish] = []
        var items: [Requirement] = []
        var errors: [any UserError] = []
        var remarks: [String] = []
        for name in family.updates {
            guard let package = packages.candidate(of: name) else { continue }
            items.append(family.inOrder(Requirement(candidates: [package], label: Int32(wishes.count))))
            wishes.append(.update(name))
        }
        for (wish, requirement) in try family.foundation(label: Int32(wishes.count)) {
            items.append(family.inOrder(requirement))
            wishes.append(wish)
        }
        for entry in profile.sets.entries where entry.kind != .forbidden {
            do {
                items += try family.requirements(for: entry, label: Int32(wishes.count)).map(family.inOrder)
                wishes.append(.line(entry))
            } catch let error as any RequestError {
                if entry.kind == .optional {
                    remarks.append(profile.remark(onMissing: entry, error))
                } else {
                    errors.append(
                        UnknownPackage(
                            entry: entry, distribution: request.distribution, error: error, isUnknown: error.isUnknown,
                            lockedDate: hold.lockedDate))
                }
            } catch let error as KernelOutOfRange {
                errors.append(error)
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        var solver = family.solver()
        let outcome = try profile.run { () throws(SolverLimitReached) in
            try solver.solve(
                SolverRequest(
                    items: items, forbidden: family.forbidden, takesOptionalRequirements: profile.includesRecommends))
        }
        switch outcome {
        case .impossible(let explanation): throw UserErrors([impossible(explanation, wishes, family)])
        case .solved(let solution):
            try family.check(solution, wishes)
            return SolvedProfile(
                name: profile.name, universe: packages, solution: solution, wishes: wishes,
                answers: answers(to: items, in: solution, count: wishes.count),
                essential: try family.essential(of: solution),
                remarks: remarks + profile.remarks(onDropped: solution, wishes) + family.remarks(on: solution))
        }
    }

    /// By wish: what answers its items, of which a group has several and a condition may leave some out.
    private func answers(to items: [Requirement], in solution: Solution, count: Int) -> [[PackageID]] {
        var answers = [[PackageID]](repeating: [], count: count)
        for item in items where item.given.allSatisfy(solution.contains) {
            if let answer = item.candidates.first(where: solution.contains) { answers[Int(item.label)].append(answer) }
        }
        return answers
    }

    private func impossible(
        _ explanation: Explanation, _ wishes: [SolvedProfile.Wish], _ family: any ProfileFamily
    ) -> any UserError {
        let lines = explanation.involvedRequestLabels.compactMap { label -> PackageSetEntry? in
            if case .line(let entry) = wishes[Int(label)] { entry } else { nil }
        }
        let hints = UnsolvableHints(
            packages: family.packages, explanation: explanation, wishes: wishes, forbidding: profile.sets.forbidden)
        let plain = Unsolvable(
            profile: profile.name, entries: lines,
            steps: explanation.steps(in: family.packages) { wishes[Int($0)].words }, hints: hints.lines)
        return family.error(plain, explanation)
    }
}

/// A request for a package that can't be had.
protocol RequestError: UserError {
    /// Whether nothing has the name at all.
    var isUnknown: Bool { get }
}

/// What the kind of its packages decides of how a profile is solved.
protocol ProfileFamily {
    var packages: any CatalogPackages { get }
    /// The names of packages that are to move to their latest version.
    var updates: [String] { get }
    /// What there must be before the sets say anything, with labels from `label` on, by one each.
    func foundation(label: Int32) throws -> [(SolvedProfile.Wish, Requirement)]
    /// What a line of a set asks for. Throws `RequestError` where that can't be had, `KernelOutOfRange`.
    func requirements(for entry: PackageSetEntry, label: Int32) throws -> [Requirement]
    /// The requirement with those candidates first that are to be kept.
    func inOrder(_ requirement: Requirement) -> Requirement
    /// The solver, when everything that is asked for is known.
    mutating func solver() -> Solver
    /// Packages that are not to be taken; complete when the solver was made.
    var forbidden: [PackageID] { get }
    /// Throws `UserErrors` where what was found does not do.
    func check(_ solution: Solution, _ wishes: [SolvedProfile.Wish]) throws
    /// Those that must be unpacked before anything can be configured.
    func essential(of solution: Solution) throws -> Set<PackageID>
    /// What is worth knowing of a solution.
    func remarks(on solution: Solution) -> [String]
    /// Why nothing was found: `plain`, which says it by the facts, with what is known of the family beyond them; or an error
    /// that says it better.
    func error(_ plain: Unsolvable, _ explanation: Explanation) -> any UserError
}

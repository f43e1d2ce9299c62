import Solver
import Testing

/// The solver against all sets of packages, on universes made by chance.
@Suite("Solver: against brute force")
struct RandomUniverseTests {
    static let universes = 4000

    @Test("Answers are right, valid, minimal and the same again", arguments: 0..<8, [ChoicePolicy.fewest, .apt])
    func answers(part: Int, policy: ChoicePolicy) throws {
        var solved = 0
        for seed in part * Self.universes / 8..<(part + 1) * Self.universes / 8 {
            var universe = RandomUniverse(seed: UInt64(seed))
            universe.policy = policy
            var solver = Solver(universe: universe)
            let outcome = try solver.solve(universe.request)
            #expect(try solver.solve(universe.request) == outcome, "seed \(seed)")
            guard case .solved(let solution) = outcome else {
                #expect(!universe.canMeet(universe.request.items), "seed \(seed)")
                continue
            }
            solved += 1
            let set = Self.bits(solution.packages)
            #expect(universe.isValid(set, items: universe.request.items), "seed \(seed): not valid")
            for package in solution.packages where policy == .fewest && !universe.request.takesOptionalRequirements {
                // An optional item that was taken keeps its package.
                let rest = set & ~(1 << Int(package.index))
                let items = universe.request.items.filter { item in
                    !item.isOptional || item.candidates.contains { set & (1 << Int($0.index)) != 0 }
                }
                .map { Requirement(candidates: $0.candidates, label: $0.label) }
                #expect(!universe.isValid(rest, items: items), "seed \(seed): \(package.index) is superfluous")
            }
            for package in solution.packages {
                let chain = solution.chain(to: package)
                #expect(chain.last?.package == package && chain.count <= solution.packages.count, "seed \(seed)")
                guard case .requested = chain.first?.reason else {
                    Issue.record("seed \(seed): \(package.index) is not reached from the request")
                    continue
                }
            }
        }
        #expect(solved > Self.universes / 8 / 4)
    }

    @Test("An optional item is taken exactly where it fits to what is decided", arguments: 0..<4)
    func optionalItems(part: Int) throws {
        for seed in part * 150..<(part + 1) * 150 {
            let universe = RandomUniverse(seed: UInt64(seed))
            var request = universe.request
            request.takesOptionalRequirements = false
            let required = request.items.filter { !$0.isOptional }
            var solver = Solver(universe: universe)
            request.items = required
            guard case .solved(let base) = try solver.solve(request) else { continue }
            for extra in 0..<universe.packageCount {
                request.items = required + [Requirement(candidates: [PackageID(extra)], label: 99, isOptional: true)]
                guard case .solved(let solution) = try solver.solve(request) else {
                    Issue.record("seed \(seed)")
                    continue
                }
                let fixed = (base.packages + [PackageID(extra)]).map { Requirement(candidates: [$0], label: 0) }
                #expect(
                    solution.contains(PackageID(extra)) == universe.canMeet(fixed), "seed \(seed), package \(extra)")
                #expect(solution.dropped.isEmpty == solution.contains(PackageID(extra)), "seed \(seed)")
            }
        }
    }

    @Test(
        "Every optional requirement is either met or told to be dropped", arguments: 0..<4, [ChoicePolicy.fewest, .apt])
    func droppedRequirements(part: Int, policy: ChoicePolicy) throws {
        for seed in part * 500..<(part + 1) * 500 {
            var universe = RandomUniverse(seed: UInt64(seed))
            universe.policy = policy
            var request = universe.request
            request.takesOptionalRequirements = true
            var solver = Solver(universe: universe)
            guard case .solved(let solution) = try solver.solve(request) else { continue }
            let dropped = Set(solution.dropped.map(\.source))
            func check(_ requirement: Requirement, _ source: Solution.Reason) {
                guard requirement.isOptional, requirement.given.isEmpty else { return }
                let isMet = requirement.candidates.contains(where: solution.contains)
                #expect(isMet != dropped.contains(source), "seed \(seed): \(source)")
            }
            for item in request.items { check(item, .requested(label: item.label)) }
            for package in solution.packages {
                for requirement in universe.requirements(of: package) {
                    check(requirement, .required(by: package, label: requirement.label, isOptional: true))
                }
            }
        }
    }

    @Test("Explanations hold, and none of their facts can be left out", arguments: 0..<4)
    func explanations(part: Int) throws {
        var explained = 0
        for seed in part * 500..<(part + 1) * 500 {
            let universe = RandomUniverse(seed: UInt64(seed))
            var solver = Solver(universe: universe)
            guard case .impossible(let explanation) = try solver.solve(universe.request) else { continue }
            explained += 1
            #expect(try !Self.canHold(explanation.facts), "seed \(seed)")
            for index in explanation.facts.indices {
                var fewer = explanation.facts
                fewer.remove(at: index)
                #expect(try Self.canHold(fewer), "seed \(seed): fact \(index) of \(explanation.facts)")
            }
            for fact in explanation.facts { #expect(Self.isTrue(fact, in: universe), "seed \(seed): \(fact)") }
            let involved = explanation.involvedRequestLabels
            for label in involved {
                let items = universe.request.items.filter { involved.contains($0.label) && $0.label != label }
                #expect(universe.canMeet(items), "seed \(seed): \(label) is blamed in vain")
            }
        }
        #expect(explained > 50)
    }

    @Test("Packages that no system can have are all found", arguments: 0..<4)
    func uninstallable(part: Int) throws {
        for seed in part * 150..<(part + 1) * 150 {
            let universe = RandomUniverse(seed: UInt64(seed))
            var solver = Solver(universe: universe)
            let all = (0..<universe.packageCount).map { PackageID($0) }
            let expected = all.filter { !universe.canMeet([Requirement(candidates: [$0], label: 0)]) }
            let found = try solver.uninstallable(among: all, forbidden: universe.request.forbidden)
            #expect(found == expected, "seed \(seed)")
        }
    }

    /// Whether any set of packages agrees with all facts, by trying them all.
    private static func canHold(_ facts: [Explanation.Fact]) throws -> Bool {
        let count = 11
        return (0..<(1 << count)).contains { set in
            func has(_ package: PackageID) -> Bool { set & (1 << Int(package.index)) != 0 }
            return facts.allSatisfy { fact in
                switch fact {
                case .requested(_, let candidates): candidates.contains(where: has)
                case .requires(let package, _, let candidates, let given):
                    !has(package) || !given.allSatisfy(has) || candidates.contains(where: has)
                case .nothingProvides(let package, _), .forbidden(let package): !has(package)
                case .conflicts(let package, _, let other): !has(package) || !has(other)
                }
            }
        }
    }

    private static func isTrue(_ fact: Explanation.Fact, in universe: RandomUniverse) -> Bool {
        func says(_ package: PackageID, _ label: Int32, _ candidates: [PackageID], _ given: [PackageID]) -> Bool {
            universe.requirements(of: package).contains {
                $0.label == label && !$0.isOptional && Set($0.candidates) == Set(candidates)
                    && Set($0.given).subtracting([package]) == Set(given)
            }
        }
        switch fact {
        case .requested(let label, let candidates):
            return universe.request.items.contains {
                $0.label == label && !$0.isOptional && Set($0.candidates) == Set(candidates)
            }
        case .requires(let package, let label, let candidates, let given):
            return says(package, label, candidates, given)
        case .nothingProvides(let package, let label): return says(package, label, [], [])
        case .conflicts(let package, let label, let other):
            return universe.conflicts(of: package).contains { $0.label == label && $0.packages.contains(other) }
        case .forbidden(let package): return universe.request.forbidden.contains(package)
        }
    }

    private static func bits(_ packages: [PackageID]) -> Int { packages.reduce(0) { $0 | 1 << Int($1.index) } }
}

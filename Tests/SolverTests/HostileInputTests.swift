import Primitives
import Solver
import Testing

/// A universe given by two functions, for shapes that are too large to write down.
private struct ShapedUniverse: PackageUniverse {
    let packageCount: Int
    var policy = ChoicePolicy.fewest
    var requires: @Sendable (Int) -> [[Int]] = { _ in [] }
    var excludes: @Sendable (Int) -> [Int] = { _ in [] }

    func requirements(of package: PackageID) -> [Requirement] {
        requires(Int(package.index)).enumerated().map { label, candidates in
            Requirement(candidates: candidates.map { PackageID($0) }, label: Int32(label))
        }
    }
    func conflicts(of package: PackageID) -> [Conflict] {
        [Conflict(packages: excludes(Int(package.index)).map { PackageID($0) }, label: 0)]
    }
    func describe(_ package: PackageID) -> String { "p\(package.index)" }
    func describe(requirement label: Int32, of package: PackageID) -> String { "requires \(label)" }
    func describe(conflict label: Int32, of package: PackageID) -> String { "conflicts" }
}

@Suite("Solver: hostile input")
struct HostileInputTests {
    private func solve(_ universe: ShapedUniverse, _ items: [Int]) throws -> SolverOutcome {
        var solver = Solver(universe: universe)
        let items = items.enumerated().map { Requirement(candidates: [PackageID($1)], label: Int32($0)) }
        var universe = universe
        universe.policy = .apt
        var apt = Solver(universe: universe)
        let outcome = try solver.solve(SolverRequest(items: items))
        #expect(try count(apt.solve(SolverRequest(items: items))) == count(outcome), "under APT's policy")
        return outcome
    }

    private func count(_ outcome: SolverOutcome) -> Int? {
        if case .solved(let solution) = outcome { solution.packages.count } else { nil }
    }

    @Test func `A chain of 100,000 packages is followed to its end`() throws {
        let universe = ShapedUniverse(packageCount: 100_000, requires: { $0 < 99_999 ? [[$0 + 1]] : [] })
        let outcome = try solve(universe, [0])
        #expect(count(outcome) == 100_000)
        guard case .solved(let solution) = outcome else { return }
        #expect(solution.chain(to: PackageID(99_999)).count == 100_000)
    }

    @Test func `A broken chain of 5,000 packages is explained link by link`() throws {
        let universe = ShapedUniverse(packageCount: 5_000, requires: { $0 < 4_999 ? [[$0 + 1]] : [[]] })
        guard case .impossible(let explanation) = try solve(universe, [0]) else {
            Issue.record("solved")
            return
        }
        #expect(explanation.facts.count == 5_001)
        #expect(explanation.facts.last == .nothingProvides(PackageID(4_999), label: 0))
    }

    @Test func `A ring of 20,000 packages is one solution`() throws {
        let universe = ShapedUniverse(packageCount: 20_000, requires: { [[($0 + 1) % 20_000], [($0 + 7) % 20_000]] })
        #expect(count(try solve(universe, [123])) == 20_000)
    }

    @Test func `2,000 versions of one name exclude each other`() throws {
        let versions = 2000
        let universe = ShapedUniverse(
            packageCount: versions + 2,
            requires: { $0 == versions ? [Array(0..<versions)] : $0 == versions + 1 ? [[versions - 1]] : [] },
            excludes: { package in package < versions ? (0..<versions).filter { $0 != package } : [] })
        #expect(count(try solve(universe, [versions, versions + 1])) == 3)
        #expect(count(try solve(universe, [0, versions + 1])) == nil)
    }

    @Test("More pigeons than holes are found out", arguments: 2...6)
    func pigeons(holes: Int) throws {
        // Pigeon i in hole j is package i * holes + j; the packages after them are the pigeons.
        let pigeons = holes + 1
        let universe = ShapedUniverse(
            packageCount: pigeons * holes + pigeons,
            requires: { package in
                let pigeon = package - pigeons * holes
                return pigeon < 0 ? [] : [Array(pigeon * holes..<(pigeon + 1) * holes)]
            },
            excludes: { package in
                guard package < pigeons * holes else { return [] }
                return (0..<pigeons).map { $0 * holes + package % holes }.filter { $0 != package }
            })
        guard case .impossible(let explanation) = try solve(universe, (0..<pigeons).map { pigeons * holes + $0 }) else {
            Issue.record("solved")
            return
        }
        #expect(explanation.involvedRequestLabels.count == pigeons)
        #expect(count(try solve(universe, (1..<pigeons).map { pigeons * holes + $0 })) == 2 * holes)
    }

    @Test func `Too many pigeons reach the limit instead of running on`() throws {
        let holes = 14
        let universe = ShapedUniverse(
            packageCount: (holes + 1) * holes + 1,
            requires: { package in
                guard package == (holes + 1) * holes else { return [] }
                return (0...holes).map { Array($0 * holes..<($0 + 1) * holes) }
            },
            excludes: { package in
                guard package < (holes + 1) * holes else { return [] }
                return (0...holes).map { $0 * holes + package % holes }.filter { $0 != package }
            })
        var solver = Solver(universe: universe)
        let request = SolverRequest(
            items: [Requirement(candidates: [PackageID((holes + 1) * holes)], label: 0)],
            limits: SolverLimits(decisions: 1_000_000, conflicts: 3000))
        #expect(throws: SolverLimitReached(kind: .conflicts, limit: 3000)) { try solver.solve(request) }
    }

    @Test func `Dead ends that repeat are learned once`() throws {
        // Each of 40 packages needs one of two, the first of which leads to the same dead end after 30 choices.
        let universe = ShapedUniverse(
            packageCount: 400,
            requires: { package in
                switch package {
                case 0: (1...40).map { [$0] }
                case 1...40: [[100, 100 + package]]
                case 100: (1...30).map { [200 + $0, 240 + $0] } + [[300]]
                case 300: [[301, 302]]
                case 301, 302: [[]]
                default: []
                }
            })
        var solver = Solver(universe: universe)
        let request = SolverRequest(
            items: [Requirement(candidates: [PackageID(0)], label: 0)],
            limits: SolverLimits(decisions: 1000, conflicts: 10))
        #expect(count(try solver.solve(request)) == 81)
    }

    @Test("Universes near the threshold of satisfiability end", arguments: 0..<12)
    func threshold(seed: Int) throws {
        // Random 3-SAT over 40 variables as packages: 2v is v, 2v + 1 its negation, which exclude each other.
        let variables = 40
        var random = SplitMix64(seed: UInt64(seed))
        let clauses = (0..<170).map { _ in (0..<3).map { _ in Int.random(in: 0..<2 * variables, using: &random) } }
        let universe = ShapedUniverse(packageCount: 2 * variables, excludes: { [$0 ^ 1] })
        var solver = Solver(universe: universe)
        let items = clauses.map { Requirement(candidates: $0.map { PackageID($0) }, label: 0) }
        guard case .solved(let solution) = try solver.solve(SolverRequest(items: items)) else { return }
        #expect(clauses.allSatisfy { $0.contains { solution.contains(PackageID($0)) } })
        #expect(
            (0..<variables).allSatisfy {
                !solution.contains(PackageID(2 * $0)) || !solution.contains(PackageID(2 * $0 + 1))
            })
    }
}

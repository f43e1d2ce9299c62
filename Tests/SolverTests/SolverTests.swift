import Solver
import Testing

@Suite("Solver: what it chooses")
struct SolverTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var universe: String
        var request: String
        var recommends = false
        var forbidden = ""
        var solution: String?
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "an empty request needs nothing", universe: "a 1", request: "", solution: ""),
        Case(
            name: "a chain is followed", universe: "a 1 depends: b\nb 1 depends: c\nc 1\nd 1", request: "a",
            solution: "a, b, c"),
        Case(name: "cycles are fine", universe: "a 1 depends: b\nb 1 depends: a", request: "b", solution: "a, b"),
        Case(
            name: "the first alternative is preferred", universe: "a 1 depends: c | b\nb 1\nc 1", request: "a",
            solution: "a, c"),
        Case(
            name: "what is chosen already is preferred to the first alternative",
            universe: "a 1 depends: c | b\nb 1\nc 1", request: "b, a", solution: "a, b"),
        Case(
            name: "what something else forces is preferred to the first alternative, whatever the order",
            universe: "a 1 depends: c | b\nb 1\nc 1\nd 1 depends: b", request: "a, d", solution: "a, b, d"),
        Case(
            name: "an alternative that came too early goes again",
            universe: "a 1 depends: b | c\nb 1\nc 1\nd 1 depends: e | f\ne 1 depends: c\nf 1", request: "a, d",
            solution: "a, c, d, e"),
        Case(
            name: "an alternative that can't be had is skipped",
            universe: "a 1 depends: b | c\nb 1 depends: nothing\nc 1", request: "a", solution: "a, c"),
        Case(
            name: "an alternative that fails deeply is skipped",
            universe: "a 1 depends: b | c\nb 1 depends: d\nd 1 depends: e | f\ne 1 conflicts: a\nf 1 depends: g\nc 1",
            request: "a", solution: "a, c"),
        Case(
            name: "a choice is revised when something later conflicts with it",
            universe: "a 1 depends: b | c\nb 1\nc 1\nd 1 depends: e | f\ne 1 conflicts: b\nf 1 conflicts: b",
            request: "a, d", solution: "a, c, d, e"),
        Case(
            name: "nothing stays from a way that was given up",
            universe: "a 1 depends: b | c\nb 1 depends: x, y\nx 1 depends: z\nz 1\ny 1 conflicts: a\nc 1", request: "a",
            solution: "a, c"),
        Case(
            name: "a group that only needs itself goes again",
            universe:
                "a 1 depends: x | z\nx 1 depends: y\ny 1 depends: x\nz 1\nd 1 depends: e | f\ne 1 depends: z\nf 1",
            request: "a, d", solution: "a, z, d, e"),
        Case(
            name: "the first version is preferred", universe: "a 2\na 1\nb 1 depends: a", request: "b",
            solution: "a 2, b"),
        Case(
            name: "one version of a name is installed", universe: "a 2\na 1\nb 1 depends: a\nc 1 depends: a=1",
            request: "b, c",
            solution: "a 1, b, c"),
        Case(
            name: "conflicts work against the direction in which they are declared",
            universe: "a 1\nb 1 conflicts: a\nc 1 depends: b | d\nd 1", request: "a, c", solution: "a, c, d"),
        Case(
            name: "two that conflict are impossible", universe: "a 1\nb 1 conflicts: a", request: "a, b",
            solution: nil),
        Case(name: "a name nobody has is impossible", universe: "a 1", request: "b", solution: nil),
        Case(
            name: "a virtual name is met by a provider", universe: "p 1 provides: v\na 1 depends: v", request: "a",
            solution: "p, a"),
        Case(
            name: "what provides and conflicts with one name stands alone",
            universe: "x 1 provides: mta; conflicts: mta\ny 1 provides: mta; conflicts: mta\na 1 depends: y | mta",
            request: "mta, a", solution: "x, a"),
        Case(
            name: "what is forbidden is not taken", universe: "a 1 depends: b | c\nb 1\nc 1", request: "a",
            forbidden: "b",
            solution: "a, c"),
        Case(
            name: "what is forbidden may make it impossible", universe: "a 1 depends: b\nb 1", request: "a",
            forbidden: "b", solution: nil),
        Case(name: "Recommends are left out", universe: "a 1 recommends: b\nb 1", request: "a", solution: "a"),
        Case(
            name: "Recommends are taken with what they need",
            universe: "a 1 recommends: b\nb 1 depends: c\nc 1 recommends: d\nd 1",
            request: "a", recommends: true, solution: "a, b, c, d"),
        Case(
            name: "Recommends never displace what is required",
            universe: "a 1 recommends: b; depends: c | d\nb 1 conflicts: c\nc 1\nd 1", request: "a", recommends: true,
            solution: "a, c"),
        Case(
            name: "a recommended alternative that is possible is taken",
            universe: "a 1 recommends: b | e; depends: c\nb 1 conflicts: c\nc 1\ne 1", request: "a", recommends: true,
            solution: "a, c, e"),
        Case(
            name: "Recommends that fail deeply leave nothing behind",
            universe:
                "a 1 recommends: b; depends: c\nb 1 depends: x, y\nx 1\ny 1 depends: z | w\nz 1 conflicts: c\nw 1 conflicts: a\nc 1",
            request: "a", recommends: true, solution: "a, c"),
        Case(
            name: "the first of two Recommends that exclude each other wins",
            universe: "a 1 recommends: b, c\nb 1\nc 1 conflicts: b", request: "a", recommends: true, solution: "a, b"),
        Case(
            name: "optional items are taken where possible", universe: "a 1\nb 1 depends: x\nc 1", request: "a, ?b, ?c",
            solution: "a, c"),
        Case(
            name: "optional items wait for all others", universe: "a 1\nb 1 conflicts: a", request: "?b, a",
            solution: "a"),
        Case(
            name: "a condition that holds binds", universe: "a 1 depends: b if c\nb 1\nc 1", request: "a, c",
            solution: "a, b, c"),
        Case(
            name: "a condition that doesn't hold doesn't bind", universe: "a 1 depends: b if c\nb 1\nc 1", request: "a",
            solution: "a"),
        Case(
            name: "a condition that comes in late binds",
            universe: "a 1 depends: b | e if c\nb 1\ne 1\nd 1 depends: c | f\nc 1\nf 1", request: "a, d",
            solution: "a, b, d, c"),
        Case(
            name: "a condition that can't be met is avoided",
            universe: "a 1 depends: x if c\nd 1 depends: c | f\nc 1\nf 1", request: "a, d", solution: "a, d, f"),
        Case(
            name: "a package meets its own requirement", universe: "a 1 depends: a | b\nb 1", request: "a",
            solution: "a"),
    ]

    @Test("Policy", arguments: cases)
    func policy(_ test: Case) throws {
        let universe = TextUniverse(test.universe)
        let request = universe.request(test.request, recommends: test.recommends, forbidden: test.forbidden)
        let expected = test.solution.map { text in
            text.split(separator: ",").flatMap { universe.ids($0.split(separator: " ").joined(separator: "=")) }
                .sorted()
        }
        var solver = Solver(universe: universe)
        switch try solver.solve(request) {
        case .solved(let solution):
            #expect(solution.packages.map(universe.describe) == expected?.map(universe.describe))
        case .impossible: #expect(expected == nil)
        }
    }

    @Test func `Reasons lead to the request by a shortest chain`() throws {
        let universe = TextUniverse("a 1 depends: b\nb 1 depends: c\nc 1 depends: d\nd 1\ne 1 depends: c")
        var solver = Solver(universe: universe)
        guard case .solved(let solution) = try solver.solve(universe.request("a, e")) else {
            Issue.record("not solved")
            return
        }
        let chain = solution.chain(to: universe.ids("d")[0])
        #expect(chain.map { universe.name($0.package) } == ["e", "c", "d"])
        #expect(chain.first?.reason == .requested(label: 1))
        #expect(chain.last?.reason == .required(by: universe.ids("c")[0], label: 0, isOptional: false))
        #expect(solution.chain(to: PackageID(17)).isEmpty)
    }

    @Test func `What is optional and was dropped is told`() throws {
        let universe = TextUniverse("a 1 recommends: nothing, b; depends: c\nb 1 conflicts: c\nc 1\nd 1 conflicts: a")
        var solver = Solver(universe: universe)
        guard case .solved(let solution) = try solver.solve(universe.request("a, ?d", recommends: true)) else {
            Issue.record("not solved")
            return
        }
        let a = universe.ids("a")[0]
        #expect(
            solution.dropped == [
                .init(source: .requested(label: 1), hasCandidates: true),
                .init(source: .required(by: a, label: 0, isOptional: true), hasCandidates: false),
                .init(source: .required(by: a, label: 1, isOptional: true), hasCandidates: true),
            ])
    }

    @Test func `An answer doesn't depend on what was asked before`() throws {
        let universe = TextUniverse(
            "a 1 depends: b | c\nb 1 depends: x\nc 1 depends: d | e\nd 1\ne 1\nf 1 depends: e; conflicts: d")
        let requests = ["a", "f", "a, f", "b", "a"].map { universe.request($0) }
        var reused = Solver(universe: universe)
        for request in requests {
            var fresh = Solver(universe: universe)
            #expect(try reused.solve(request) == fresh.solve(request))
        }
    }

    @Test func `A limit is an error`() throws {
        let universe = TextUniverse("a 1 depends: b | c\nb 1 depends: x\nc 1")
        var solver = Solver(universe: universe)
        var request = universe.request("a")
        request.limits = SolverLimits(decisions: 0, conflicts: 10)
        #expect(throws: SolverLimitReached(kind: .decisions, limit: 0)) { try solver.solve(request) }
        request.limits = SolverLimits(decisions: 10, conflicts: 0)
        #expect(throws: SolverLimitReached(kind: .conflicts, limit: 0)) { try solver.solve(request) }
        request.limits = .standard
        #expect(try solver.solve(request) != .impossible(Explanation(facts: [])))
    }

    @Test func `Packages that no system can have are found among all`() throws {
        let universe = TextUniverse(
            """
            a 1 depends: b
            b 1 conflicts: c
            c 1 depends: d | e
            d 1 depends: nothing
            e 1
            f 1 depends: b, c
            g 1 depends: f
            h 2
            h 1 depends: f | g
            """)
        var solver = Solver(universe: universe)
        let all = (0..<universe.packageCount).map { PackageID($0) }
        #expect(try solver.uninstallable(among: all).map(universe.describe) == ["d 1", "f 1", "g 1", "h 1"])
        let withoutE = try solver.uninstallable(among: all, forbidden: universe.ids("e"))
        #expect(withoutE.map(universe.describe) == ["c 1", "d 1", "e 1", "f 1", "g 1", "h 1"])
    }
}

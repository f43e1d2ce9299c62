import Solver
import Testing

/// What APT's policy chooses where it and the smallest solution differ.
@Suite("Solver: APT's policy")
struct PolicyTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var universe: String
        var request: String
        var recommends = false
        var solution: String?
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "the first alternative, though the second comes in later",
            universe: "a 1 depends: b | c, d\nb 1\nc 1\nd 1 depends: c", request: "a", solution: "a, b, c, d"),
        Case(
            name: "what came in further down before counts",
            universe: "a 1 depends: d, b | c\nb 1\nc 1\nd 1 depends: e\ne 1 depends: c", request: "a",
            solution: "a, c, d, e"),
        Case(
            name: "what is asked for later counts from the start", universe: "a 1 depends: b | c\nb 1\nc 1",
            request: "a, c", solution: "a, c"),
        Case(
            name: "what the first item brings counts for the second",
            universe: "a 1 depends: c\nd 1 depends: b | c\nb 1\nc 1", request: "a, d", solution: "a, c, d"),
        Case(
            name: "what the second item brings comes too late for the first",
            universe: "a 1 depends: c\nd 1 depends: b | c\nb 1\nc 1", request: "d, a", solution: "a, b, c, d"),
        Case(
            name: "Recommends count for what is looked at after them",
            universe: "a 1 depends: d, b | c\nb 1\nc 1\nd 1 recommends: c", request: "a", recommends: true,
            solution: "a, c, d"),
        Case(
            name: "Recommends never make it impossible",
            universe: "a 1 recommends: b; depends: d\nb 1 conflicts: c\nc 1\nd 1 depends: c", request: "a",
            recommends: true, solution: "a, c, d"),
        Case(
            name: "an alternative that ends in a conflict leaves nothing behind",
            universe: "a 1 depends: b | c, e\nb 1 depends: x, y\nx 1\ny 1 conflicts: e\nc 1\ne 1", request: "a",
            solution: "a, c, e"),
        Case(
            name: "optional items come last and break nothing",
            universe: "a 1 depends: b | c\nb 1\nc 1\nd 1 conflicts: b\ne 1 depends: f | b\nf 1", request: "?d, ?e, a",
            solution: "a, b, e"),
        Case(
            name: "Recommends that were not asked for are passed over",
            universe: "a 1 recommends: b; depends: c\nb 1\nc 1", request: "a", solution: "a, c"),
        Case(
            name: "a choice that apt never takes back is taken back",
            universe: "a 1 depends: b | c\nb 1 conflicts: e\nc 1\nd 1 depends: e\ne 1", request: "a, d",
            solution: "a, c, d, e"),
        Case(
            name: "what can't be is found out", universe: "a 1 depends: b | c\nb 1 conflicts: d\nc 1 conflicts: d\nd 1",
            request: "a, d", solution: nil),
    ]

    @Test("Policy", arguments: cases)
    func policy(_ test: Case) throws {
        var universe = TextUniverse(test.universe)
        universe.policy = .apt
        var solver = Solver(universe: universe)
        let expected = test.solution.map { text in
            text.split(separator: ",").flatMap { universe.ids(String($0.drop { $0 == " " })) }.sorted()
        }
        switch try solver.solve(universe.request(test.request, recommends: test.recommends)) {
        case .solved(let solution):
            #expect(solution.packages.map(universe.describe) == expected?.map(universe.describe))
        case .impossible: #expect(expected == nil)
        }
    }

    @Test func `A universe that prefers some packages chooses as the one it is made of`() throws {
        var universe = TextUniverse("a 1 depends: b | c | e, d\nb 1\nc 1\nd 1 depends: c\ne 1")
        for policy in [ChoicePolicy.apt, .fewest] {
            universe.policy = policy
            let preferring = PreferringUniverse(universe, preferring: Set(universe.ids("e")))
            #expect(preferring.policy == policy)
            var solver = Solver(universe: preferring)
            guard case .solved(let solution) = try solver.solve(universe.request("a")) else {
                Issue.record("not solved")
                return
            }
            let names = solution.packages.map { String(universe.describe($0).prefix(1)) }
            #expect(names == (policy == .apt ? ["a", "c", "d", "e"] : ["a", "c", "d"]))
        }
    }
}

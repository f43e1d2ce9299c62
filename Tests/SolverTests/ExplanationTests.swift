import Solver
import Testing

@Suite("Solver: explanations")
struct ExplanationTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var universe: String
        var request: String
        var forbidden = ""
        /// Positions of the items that are to blame.
        var involved: [Int32]
        /// The facts in words, without the conclusion.
        var steps: [String]
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "an unknown name", universe: "a 1", request: "a, x", involved: [1],
            steps: ["“x” is requested, but nothing satisfies that."]),
        Case(
            name: "a missing dependency", universe: "a 1 depends: x", request: "a", involved: [0],
            steps: ["“a” is requested: only a 1 will do.", "a 1 depends on x, and nothing satisfies that."]),
        Case(
            name: "a chain to a missing dependency", universe: "a 1 depends: b\nb 1 depends: c\nc 1 depends: x\nd 1",
            request: "d, a", involved: [1],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on b: only b 1 will do.",
                "b 1 depends on c: only c 1 will do.", "c 1 depends on x, and nothing satisfies that.",
            ]),
        Case(
            name: "the short way where there is a long one too",
            universe: "a 1 depends: b, x\nb 1 depends: c\nc 1 depends: y", request: "a", involved: [0],
            steps: ["“a” is requested: only a 1 will do.", "a 1 depends on x, and nothing satisfies that."]),
        Case(
            name: "two items that conflict", universe: "a 1\nb 1 conflicts: a\nc 1", request: "c, a, b",
            involved: [1, 2],
            steps: [
                "“a” is requested: only a 1 will do.", "“b” is requested: only b 1 will do.",
                "b 1 conflicts with a: not together with a 1.",
            ]),
        Case(
            name: "what two items need conflicts",
            universe: "a 1 depends: p\nb 1 depends: q\np 1 conflicts: q\nq 1\nc 1", request: "a, c, b",
            involved: [0, 2],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on p: only p 1 will do.",
                "“b” is requested: only b 1 will do.", "b 1 depends on q: only q 1 will do.",
                "p 1 conflicts with q: not together with q 1.",
            ]),
        Case(
            name: "a conflict by a virtual name",
            universe: "x 1 provides: mta; conflicts: mta\ny 1 provides: mta; conflicts: mta", request: "x, y",
            involved: [0, 1],
            steps: [
                "“x” is requested: only x 1 will do.", "“y” is requested: only y 1 will do.",
                "x 1 conflicts with mta: not together with y 1.",
            ]),
        Case(
            name: "two versions of one name", universe: "a 2\na 1\nb 1 depends: a=1\nc 1 depends: a=2", request: "b, c",
            involved: [0, 1],
            steps: [
                "“b” is requested: only b 1 will do.", "b 1 depends on a=1: only a 1 will do.",
                "“c” is requested: only c 1 will do.", "c 1 depends on a=2: only a 2 will do.",
                "a 1 is another version: not together with a 2.",
            ]),
        Case(
            name: "a version that isn't there", universe: "a 1\nb 1 depends: a=2", request: "b", involved: [0],
            steps: ["“b” is requested: only b 1 will do.", "b 1 depends on a=2, and nothing satisfies that."]),
        Case(
            name: "all alternatives fail", universe: "a 1 depends: b | c\nb 1 depends: x\nc 1 depends: y", request: "a",
            involved: [0],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on b | c: b 1 or c 1.",
                "b 1 depends on x, and nothing satisfies that.", "c 1 depends on y, and nothing satisfies that.",
            ]),
        Case(
            name: "one alternative is missing, the other conflicts",
            universe: "a 1 depends: b | c\nb 1 depends: x\nc 1 conflicts: d\nd 1", request: "a, d", involved: [0, 1],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on b | c: b 1 or c 1.",
                "b 1 depends on x, and nothing satisfies that.", "“d” is requested: only d 1 will do.",
                "c 1 conflicts with d: not together with d 1.",
            ]),
        Case(
            name: "a package against itself", universe: "a 1 depends: b, c\nb 1 conflicts: c\nc 1", request: "a",
            involved: [0],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on b: only b 1 will do.",
                "a 1 depends on c: only c 1 will do.", "b 1 conflicts with c: not together with c 1.",
            ]),
        Case(
            name: "a package against what it needs", universe: "a 1 depends: b\nb 1 conflicts: a", request: "a",
            involved: [0],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on b: only b 1 will do.",
                "b 1 conflicts with a: not together with a 1.",
            ]),
        Case(
            name: "a forbidden package is asked for", universe: "a 1\nb 1", request: "b, a", forbidden: "a",
            involved: [1],
            steps: ["“a” is requested: only a 1 will do.", "a 1 is excluded."]),
        Case(
            name: "a forbidden package is needed", universe: "a 1 depends: b\nb 1\nc 1", request: "a, c",
            forbidden: "b",
            involved: [0],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on b: only b 1 will do.", "b 1 is excluded.",
            ]),
        Case(
            name: "all that would do are forbidden", universe: "p 1 provides: v\nq 1 provides: v\na 1 depends: v",
            request: "a", forbidden: "p, q", involved: [0],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on v: p 1 or q 1.", "p 1 is excluded.",
                "q 1 is excluded.",
            ]),
        Case(
            name: "an alternative in the request", universe: "a 1 depends: x\nb 1 depends: y", request: "a | b",
            involved: [0],
            steps: [
                "“a | b” is requested: a 1 or b 1.", "a 1 depends on x, and nothing satisfies that.",
                "b 1 depends on y, and nothing satisfies that.",
            ]),
        Case(
            name: "three items of which any two go together",
            universe:
                "a 1 depends: p | q\nb 1 depends: q | r\nc 1 depends: p | r\np 1 conflicts: q, r\nq 1 conflicts: r\nr 1",
            request: "a, b, c", involved: [0, 1, 2],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on p | q: p 1 or q 1.",
                "“b” is requested: only b 1 will do.", "b 1 depends on q | r: q 1 or r 1.",
                "p 1 conflicts with q: not together with q 1.", "“c” is requested: only c 1 will do.",
            ]),
        Case(
            name: "a line that is broken alone is blamed alone",
            universe: "a 1 conflicts: b\nb 1 depends: x\nc 1", request: "a, b, c", involved: [1],
            steps: ["“b” is requested: only b 1 will do.", "b 1 depends on x, and nothing satisfies that."]),
        Case(
            name: "a condition that binds", universe: "a 1 depends: x if c\nc 1", request: "a, c", involved: [0, 1],
            steps: [
                "“a” is requested: only a 1 will do.", "“c” is requested: only c 1 will do.",
                "a 1 depends on x if c beside c 1, and nothing satisfies that.",
            ]),
        Case(
            name: "Recommends and optional items are never to blame",
            universe: "a 1 recommends: x; depends: y\nb 1 conflicts: a", request: "?b, a", involved: [1],
            steps: ["“a” is requested: only a 1 will do.", "a 1 depends on y, and nothing satisfies that."]),
        Case(
            name: "many candidates are counted",
            universe:
                "p 1 provides: v\nq 1 provides: v\nr 1 provides: v\ns 1 provides: v\nt 1 provides: v\nu 1 provides: v\na 1 depends: v; conflicts: v",
            request: "a", involved: [0],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on v: p 1, q 1, r 1, s 1 and 2 more.",
            ] + "pqrstu".map { "a 1 conflicts with v: not together with \($0) 1." }),
        Case(
            name: "what ends for several in the same way is said once",
            universe: "a 1 depends: v\np 1 provides: v; depends: gone\nq 1 provides: v; depends: gone", request: "a",
            involved: [0],
            steps: [
                "“a” is requested: only a 1 will do.", "a 1 depends on v: p 1 or q 1.",
                "p 1 depends on gone, and nothing satisfies that. So it is with q 1.",
            ]),
    ]

    @Test("The right packages and lines are named", arguments: cases)
    func names(_ test: Case) throws {
        let universe = TextUniverse(test.universe)
        var solver = Solver(universe: universe)
        let request = universe.request(test.request, recommends: true, forbidden: test.forbidden)
        guard case .impossible(let explanation) = try solver.solve(request) else {
            Issue.record("solved")
            return
        }
        #expect(explanation.involvedRequestLabels == test.involved)
        let items = test.request.split(separator: ",").map { $0.drop { $0 == " " } }
        let steps = explanation.steps(in: universe) { "“\(items[Int($0)])”" }
        if test.involved.count < 3 {
            #expect(Array(steps.dropLast()) == test.steps)
        } else {
            #expect(Set(test.steps).isSubset(of: steps))
        }
    }

    @Test func `The text is numbered and ends with the conclusion`() throws {
        let universe = TextUniverse("a 1\nb 1 conflicts: a")
        var solver = Solver(universe: universe)
        guard case .impossible(let explanation) = try solver.solve(universe.request("a, b")) else {
            Issue.record("solved")
            return
        }
        #expect(
            explanation.rendered(in: universe) { "core.txt:\($0 + 1)" } == """
                1. core.txt:1 is requested: only a 1 will do.
                2. core.txt:2 is requested: only b 1 will do.
                3. b 1 conflicts with a: not together with a 1.
                4. So core.txt:1 and core.txt:2 can't be installed together.
                """)
    }

    @Test func `Labels are those of the caller, and one conflict is enough`() throws {
        let universe = TextUniverse("a 1\nb 1 conflicts: a\nc 1 conflicts: b")
        var solver = Solver(universe: universe)
        var request = universe.request("a, b, c")
        for index in request.items.indices { request.items[index].label = Int32(700 + index) }
        guard case .impossible(let explanation) = try solver.solve(request) else {
            Issue.record("solved")
            return
        }
        #expect(explanation.involvedRequestLabels.count == 2)
        #expect(explanation.involvedRequestLabels.contains(701))
        #expect(explanation.facts.count == 3)
    }
}

import MadeRepository
import Solver
import Testing

@testable import RPM

@Suite("Resolution of RPM packages")
struct RPMUniverseTests {
    @Test("takes the newest version, and an older one where the newest can't be had")
    func newest() throws {
        let universe = try MadeRepository.universe([
            "a-1-1.x86_64", "a-2-1.x86_64", "b-1-1.x86_64", "b-2-1.x86_64 requires: nothing",
            "c-1-1.x86_64 requires: b",
        ])
        #expect(try universe.answer("a") == ["a-2-1.x86_64"])
        #expect(try universe.answer("c") == ["b-1-1.x86_64", "c-1-1.x86_64"])
        #expect(try universe.answer("b") == ["b-1-1.x86_64"])
    }

    @Test("wants the best version or none where that is declared")
    func best() throws {
        let lines = ["b-1-1.x86_64", "b-2-1.x86_64 requires: nothing"]
        let universe = try MadeRepository.universe(lines, rules: RPMPolicy(architecture: "x86_64", takesBestOnly: true))
        #expect(try universe.answer("b") == nil)
    }

    @Test("finds what is asked for as dnf does: by name, version, architecture, what is provided, path and group")
    func requests() throws {
        let universe = try MadeRepository.universe([
            "a-1-1.x86_64 provides: web", "a-2-1.x86_64 files: /usr/bin/a", "a-2-1.i686",
            "new-1-1.noarch obsoletes: old < 5; provides: old = 9", "old-1-1.noarch",
            "other-3-1.noarch provides: perl(Carp) = 1.5",
        ])
        #expect(try universe.answer("a-1") == ["a-1-1.x86_64"])
        #expect(try universe.answer("a-1-1") == ["a-1-1.x86_64"])
        #expect(try universe.answer("a-2-1.x86_64") == ["a-2-1.x86_64"])
        #expect(try universe.answer("web") == ["a-1-1.x86_64"])
        #expect(try universe.answer("/usr/bin/a") == ["a-2-1.x86_64"])
        #expect(try universe.answer("perl(Carp)") == ["other-3-1.noarch"])
        #expect(try universe.answer("perl(Carp) >= 1.2") == ["other-3-1.noarch"])
        // What obsoletes a package answers for it, and is preferred.
        #expect(try universe.answer("old") == ["new-1-1.noarch"])
        let error = #expect(throws: RPMRequestError.self) { try universe.answer("othre") }
        #expect(error?.problem == .unknown(nearest: ["other"]))
        let asked = RPMRequest(name: "a", version: "3")
        let missing = #expect(throws: RPMRequestError.self) { try universe.requirements(for: asked, label: 0) }
        #expect(missing?.problem == .noSuchVersion(available: ["1-1", "2-1"]))
    }

    @Test(
        "understands rich relations",
        arguments: [
            ("requires: (b and c)", ["a", "b", "c"]), ("requires: (b or c)", ["a", "b"]),
            ("requires: (c or nothing)", ["a", "c"]),
            ("requires: (b if c)", ["a"]), ("requires: (b if c), c", ["a", "b", "c"]),
            ("requires: (b if c else d); conflicts: c", ["a", "d"]), ("requires: (nothing if c else d)", ["a", "d"]),
            ("requires: (b unless c)", ["a", "b"]),
            ("requires: (c unless b), b", nil), ("requires: (p >= 2 with p < 4)", ["a", "p3"]),
            ("requires: (p without p = 5)", ["a", "p3"]), ("conflicts: (b and c); requires: b", ["a", "b"]),
            ("conflicts: (b and c); requires: b, c", nil),
            ("requires: ((b and nothing) or (c and d))", ["a", "c", "d"]),
            ("requires: rpmlib(X) <= 1", ["a"]), ("requires: /usr/bin/tool", ["a", "d"]),
            ("conflicts: (b unless c); requires: b", ["a", "b", "c"]),
        ] as [(String, [String]?)])
    func rich(relations: String, expected: [String]?) throws {
        let universe = try MadeRepository.universe([
            "a-1-1.x86_64 \(relations)", "b-1-1.x86_64", "c-1-1.x86_64", "d-1-1.x86_64 files: /usr/bin/tool",
            "p1-1-1.x86_64 provides: p = 1", "p3-1-1.x86_64 provides: p = 3", "p5-1-1.x86_64 provides: p = 5",
        ])
        let found = try universe.answer("a")
        #expect(found == expected?.map { "\($0)-1-1.x86_64" })
    }

    @Test("follows weak relations both ways where they are asked for, and leaves out what can't be")
    func weak() throws {
        let universe = try MadeRepository.universe([
            "a-1-1.x86_64 recommends: r, missing, clash, (both if b)", "b-1-1.x86_64", "r-1-1.x86_64",
            "both-1-1.x86_64",
            "clash-1-1.x86_64 conflicts: a", "s-1-1.x86_64 supplements: (a and b)",
            "t-1-1.x86_64 supplements: a; requires: missing",
            "suggested-1-1.x86_64 enhances: a",
        ])
        #expect(try universe.answer("a") == ["a-1-1.x86_64"])
        #expect(try universe.answer("a", recommends: true) == ["a-1-1.x86_64", "r-1-1.x86_64"])
        let all = try universe.answer("a", "b", recommends: true)
        #expect(all == ["a", "b", "both", "r", "s"].map { "\($0)-1-1.x86_64" })
    }

    @Test("says why a supplemented package is in")
    func supplementReason() throws {
        let universe = try MadeRepository.universe(["a-1-1.x86_64", "s-1-1.x86_64 supplements: a"])
        var solver = Solver(universe: universe)
        let items = try universe.requirements(for: RPMRequest("a"), label: 0)
        guard
            case .solved(let solution) = try solver.solve(SolverRequest(items: items, takesOptionalRequirements: true))
        else { return #expect(Bool(false)) }
        let added = try #require(universe.table.packages(named: "s").first)
        guard case .required(let by, let label, isOptional: true)? = solution.reason(for: added) else {
            return #expect(Bool(false), "no reason")
        }
        #expect(universe.describe(by) == "a-1-1.x86_64")
        #expect(universe.describe(requirement: label, of: by) == "is supplemented by s")
    }

    @Test("keeps packages of another architecture in step, unless they are asked for, and takes none without need")
    func multilib() throws {
        let lines = [
            "lib-1-1.x86_64", "lib-1-1.i686 provides: lib(32)", "lib-2-1.x86_64", "lib-2-1.i686 provides: lib(32)",
            "lib-3-1.i686 provides: lib(32)", "app-1-1.x86_64 requires: lib", "wine-1-1.i686 requires: lib(32)",
            "docs-1-1.noarch", "foreign-1-1.aarch64",
        ]
        func answer(_ request: String) throws -> [String]? { try MadeRepository.universe(lines).answer(request) }
        #expect(try answer("app") == ["app-1-1.x86_64", "lib-2-1.x86_64"])
        #expect(try answer("wine") == ["lib-2-1.i686", "lib-2-1.x86_64", "wine-1-1.i686"])
        #expect(try answer("lib.i686") == ["lib-3-1.i686"])
        #expect(try answer("docs") == ["docs-1-1.noarch"])
        let error = #expect(throws: RPMRequestError.self) { try answer("foreign") }
        #expect(error?.problem == .notForArchitecture(["aarch64"]))
    }

    @Test("keeps one version of a kernel, and several where dnf would")
    func kernels() throws {
        let lines = ["kernel-1-1.x86_64", "kernel-2-1.x86_64", "module-1-1.x86_64 requires: kernel = 1-1"]
        #expect(
            try MadeRepository.universe(lines).answer("kernel", "module") == ["kernel-1-1.x86_64", "module-1-1.x86_64"])
        let loose = RPMPolicy(architecture: "x86_64", keepsOneKernel: false)
        let both = try MadeRepository.universe(lines, rules: loose).answer("kernel-2-1", "module")
        #expect(both == ["kernel-1-1.x86_64", "kernel-2-1.x86_64", "module-1-1.x86_64"])
        #expect(try MadeRepository.universe(lines).answer("kernel-2-1", "module") == nil)
    }

    @Test("lets a repository of higher priority win over newer versions, and the cheaper one between equals")
    func repositories() throws {
        let table = try MadeRepository.table([
            (name: "base", lines: ["a-1-1.x86_64", "b-1-1.x86_64"]),
            (name: "extra", lines: ["a-2-1.x86_64", "b-1-1.x86_64"]),
        ])
        let preferred = RPMPolicy(architecture: "x86_64", repositories: ["base": .init(priority: 10)])
        #expect(try RPMUniverse(table, rules: preferred).answer("a") == ["a-1-1.x86_64"])
        for (cheap, expected) in [("base", "base"), ("extra", "extra")] {
            let rules = RPMPolicy(architecture: "x86_64", repositories: [cheap: .init(cost: 10)])
            let universe = RPMUniverse(table, rules: rules)
            var solver = Solver(universe: universe)
            let items = try universe.requirements(for: RPMRequest("b"), label: 0)
            guard case .solved(let solution) = try solver.solve(SolverRequest(items: items)) else {
                return #expect(Bool(false))
            }
            #expect(solution.packages.map { table.repository(of: $0) } == [expected])
        }
        let excluding = RPMPolicy(architecture: "x86_64", excludes: ["a*"])
        let error = #expect(throws: RPMRequestError.self) { try RPMUniverse(table, rules: excluding).answer("a") }
        #expect(error?.problem == .excluded)
    }

    @Test("explains what is impossible")
    func explanations() throws {
        let universe = try MadeRepository.universe([
            "a-1-1.x86_64 requires: b >= 2", "b-1-1.x86_64", "c-1-1.x86_64 conflicts: d", "d-1-1.x86_64",
        ])
        #expect(
            try universe.reasons("a") == [
                "\"a\" is requested: only a-1-1.x86_64 will do.",
                "a-1-1.x86_64 requires b >= 2, and nothing satisfies that.",
                "So \"a\" can't be installed.",
            ])
        #expect(try universe.reasons("c", "d").contains { $0.contains("conflicts with d") })
    }

    @Test("finds what no system can have")
    func check() throws {
        let universe = try MadeRepository.universe([
            "a-1-1.x86_64 requires: b >= 2", "b-1-1.x86_64", "c-1-1.x86_64 requires: a",
            "d-1-1.x86_64 requires: (c or b)",
        ])
        var solver = Solver(universe: universe)
        let broken = try solver.uninstallable(among: universe.allCandidates)
        #expect(broken.map(universe.describe) == ["a-1-1.x86_64", "c-1-1.x86_64"])
    }

    @Test("keeps to what is preferred where it will do")
    func preferred() throws {
        let lines = ["a-1-1.x86_64", "a-2-1.x86_64", "app-1-1.x86_64 requires: a", "new-1-1.x86_64 requires: a >= 2"]
        let universe = try MadeRepository.universe(lines)
        universe.prefer(universe.table.packages(named: "a").prefix(1))
        #expect(try universe.answer("app") == ["a-1-1.x86_64", "app-1-1.x86_64"])
        #expect(try universe.answer("app", "new") == ["a-2-1.x86_64", "app-1-1.x86_64", "new-1-1.x86_64"])
    }

    @Test("says what comes near to what nothing satisfies")
    func nearMisses() throws {
        let universe = try MadeRepository.universe(
            [
                "a-1-1.x86_64 requires: b >= 2, nothing, foreign, (hidden or b > 3)", "b-1-1.x86_64",
                "foreign-1-1.aarch64", "hidden-1-1.noarch",
            ],
            rules: RPMPolicy(architecture: "x86_64", excludes: ["hid*"]))
        func package(_ name: String) throws -> PackageID { try #require(universe.table.packages(named: name).first) }
        let own = try package("a")
        let labels = Dictionary(
            uniqueKeysWithValues: universe.requirements(of: own).map {
                (universe.describe(requirement: $0.label, of: own), $0.label)
            })
        func misses(_ text: String) throws -> [RPMNearMiss] {
            universe.nearMisses(ofRequirement: try #require(labels["requires " + text]), of: own)
        }
        #expect(try misses("b >= 2") == [.otherVersion(try package("b"))])
        #expect(try misses("nothing") == [.unknown(name: "nothing")])
        #expect(try misses("foreign") == [.otherArchitecture(try package("foreign"))])
        #expect(try misses("(hidden or b > 3)") == [.excluded(try package("hidden")), .otherVersion(try package("b"))])
    }
}

import Solver
import SystemPackage
import Testing

@testable import APT

/// The universe and the solver together, against the real apt on the same indexes, with nothing installed.
@Suite("Resolutions", .serialized)
struct ResolutionTests {
    struct Case: CustomTestStringConvertible {
        var name: String
        var request: [String]
        var packages: [String]
        var foreign: [String] = []
        var backports: [String] = []
        /// What apt installs; nil where it can't.
        var solution: Set<String>?
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "the first alternative", request: ["app"],
            packages: ["app 1; Depends: one | two", "two 1", "one 1"], solution: ["app 1", "one 1"]),
        Case(
            name: "an alternative that is there anyway", request: ["two", "app"],
            packages: ["app 1; Depends: one | two", "two 1", "one 1"], solution: ["app 1", "two 1"]),
        Case(
            name: "the real package before its providers", request: ["app"],
            packages: ["app 1; Depends: v", "a 1; Provides: v; Priority: required", "v 1; Priority: extra"],
            solution: ["app 1", "v 1"]),
        Case(
            name: "the provider of higher priority", request: ["app"],
            packages: [
                "app 1; Depends: v", "a 1; Provides: v; Priority: optional", "b 1; Provides: v; Priority: important",
                "c 1; Provides: v; Priority: standard",
            ], solution: ["app 1", "b 1"]),
        Case(
            name: "the provider that apt met last", request: ["app"],
            packages: [
                "app 1; Depends: v", "a 1; Provides: v; Priority: optional", "c 1; Provides: v; Priority: optional",
                "b 1; Provides: v; Priority: optional",
            ], solution: ["app 1", "b 1"]),
        Case(
            name: "a protected provider", request: ["app"],
            packages: [
                "app 1; Depends: v", "a 1; Provides: v; Priority: required",
                "b 1; Provides: v; Priority: optional; Protected: yes",
            ], solution: ["app 1", "b 1"]),
        Case(
            name: "a versioned relation and unversioned provider", request: ["app"],
            packages: ["app 1; Depends: v (>= 1)", "a 1; Provides: v", "b 1; Provides: v (= 2)"],
            solution: ["app 1", "b 1"]),
        Case(
            name: "only a version that is no candidate", request: ["app"],
            packages: ["app 1; Depends: lib (= 1)", "lib 1", "lib 2"], solution: nil),
        Case(
            name: "a provider that conflicts with what it provides", request: ["app"],
            packages: ["app 1; Depends: v", "a 1; Provides: v; Conflicts: v"], solution: ["app 1", "a 1"]),
        Case(
            name: "a conflict through a provided name", request: ["a", "b"],
            packages: ["a 1; Provides: v; Conflicts: v", "b 1; Provides: v"], solution: nil),
        Case(
            name: "Breaks of an earlier version", request: ["a", "b"],
            packages: ["a 1; Breaks: b (<< 2)", "b 2"], solution: ["a 1", "b 2"]),
        Case(
            name: "any architecture of an allowed package", request: ["app:i386"],
            packages: ["py 1; Multi-Arch: allowed"],
            foreign: ["app 1 i386; Depends: py:any"], solution: ["app:i386 1", "py 1"]),
        Case(
            name: "any architecture of a package that does not allow it", request: ["app"],
            packages: ["app 1; Depends: py:any", "py 1"], solution: nil),
        Case(
            name: "any architecture of a foreign package", request: ["app"],
            packages: ["app 1; Depends: py:any", "py 1; Multi-Arch: foreign"], solution: nil),
        Case(
            name: "a foreign package for another architecture", request: ["app:i386"],
            packages: ["tool 1; Multi-Arch: foreign"], foreign: ["app 1 i386; Depends: tool"],
            solution: ["app:i386 1", "tool 1"]),
        Case(
            name: "a native package for another architecture", request: ["app:i386"], packages: ["lib 1"],
            foreign: ["app 1 i386; Depends: lib"], solution: nil),
        Case(
            name: "package of all architectures for a foreign one", request: ["app:i386"],
            packages: ["data 1 all"], foreign: ["app 1 i386; Depends: data"], solution: nil),
        Case(
            name: "one name for two architectures", request: ["lib", "lib:i386"], packages: ["lib 1; Multi-Arch: same"],
            foreign: ["lib 1 i386; Multi-Arch: same"], solution: ["lib 1", "lib:i386 1"]),
        Case(
            name: "two versions for two architectures", request: ["lib", "lib:i386"],
            packages: ["lib 1; Multi-Arch: same"],
            foreign: ["lib 2 i386; Multi-Arch: same"], solution: nil),
        Case(
            name: "two architectures that are not meant to be together", request: ["lib", "lib:i386"],
            packages: ["lib 1"],
            foreign: ["lib 1 i386"], solution: nil),
        Case(
            name: "the first alternative, though the second comes in later", request: ["app"],
            packages: ["app 1; Depends: one | two, next", "one 1", "two 1", "next 1; Depends: two"],
            solution: ["app 1", "one 1", "two 1", "next 1"]),
        Case(
            name: "an alternative that came in further down before", request: ["app"],
            packages: [
                "app 1; Depends: next, one | two", "one 1", "two 1", "next 1; Depends: deep", "deep 1; Depends: two",
            ],
            solution: ["app 1", "two 1", "next 1", "deep 1"]),
        Case(
            name: "what the first of the request brings", request: ["next", "app"],
            packages: ["app 1; Depends: one | two", "one 1", "two 1", "next 1; Depends: two"],
            solution: ["app 1", "two 1", "next 1"]),
        Case(
            name: "what the last of the request brings", request: ["app", "next"],
            packages: ["app 1; Depends: one | two", "one 1", "two 1", "next 1; Depends: two"],
            solution: ["app 1", "one 1", "two 1", "next 1"]),
        Case(
            name: "the provider that was mentioned last", request: ["app"],
            packages: [
                "aaa 1; Suggests: c", "app 1; Depends: v", "a 1; Provides: v; Priority: optional",
                "b 1; Provides: v; Priority: optional", "c 1; Provides: v; Priority: optional",
            ], solution: ["app 1", "b 1"]),
        Case(
            name: "an alternative that can't be had", request: ["app"],
            packages: ["app 1; Depends: one | two", "one 1; Depends: gone", "two 1"], solution: ["app 1", "two 1"]),
        Case(
            name: "a version that was asked for", request: ["lib=1"], packages: ["lib 1", "lib 2"], solution: ["lib 1"]),
        Case(
            name: "a suite that was asked for, with what it needs from there", request: ["zfs/trixie-backports"],
            packages: ["zfs 1; Depends: lib (= 1), other", "lib 1", "other 1"],
            backports: ["zfs 2; Depends: lib (= 2), other", "lib 2; Depends: deep (>= 2)", "deep 2", "other 2"],
            solution: ["zfs 2", "lib 2", "deep 2", "other 1"]),
    ]

    @Test("are apt's", .tags(.judge), .enabled(if: has("apt-get")), arguments: cases)
    func judged(item: Case) throws {
        let root = try AptRoot(architectures: ["amd64"] + (item.foreign.isEmpty ? [] : ["i386"]))
        try root.add(MadeIndexes.stable, item.packages)
        var foreign = MadeIndexes.stable
        foreign.suite = "stable-i386"
        if !item.foreign.isEmpty { try root.add(foreign, item.foreign, architecture: "i386") }
        if !item.backports.isEmpty { try root.add(MadeIndexes.backports, item.backports) }
        try root.update()
        #expect(try root.simulate(item.request) == item.solution, "apt")
    }

    @Test("of the solver are the same", arguments: cases)
    func solved(item: Case) throws {
        let table = try MadeIndexes.table(
            item.packages + item.foreign, backports: item.backports, foreign: item.foreign.isEmpty ? [] : ["i386"])
        let universe = DebianUniverse(table)
        #expect(try Self.solve(item.request, in: universe) == item.solution)
    }

    static func solve(_ words: [String], in universe: DebianUniverse) throws -> Set<String>? {
        let items = try words.enumerated().map { number, word in
            try universe.requirement(for: PackageRequest(unchecked: word), label: Int32(number))
        }
        var solver = Solver(universe: universe)
        guard case .solved(let solution) = try solver.solve(SolverRequest(items: items)) else { return nil }
        return Set(solution.packages.map(universe.short))
    }
}

extension PackageRequest {
    /// For made packages, whose names have a single letter.
    init(unchecked word: String) throws {
        if word.count == 1 { self.init(name: word) } else { try self.init(word) }
    }
}

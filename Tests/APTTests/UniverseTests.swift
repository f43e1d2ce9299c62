import Solver
import Testing

@testable import APT

@Suite("The universe of Debian packages")
struct UniverseTests {
    @Test("prefers alternatives in order, real packages, then providers as apt does")
    func preference() throws {
        let universe = DebianUniverse(
            try MadeIndexes.table([
                "app 1; Depends: mta | mail, none, awk (>= 2)",
                "mta 1", "a-mail 1; Provides: mail; Priority: optional",
                "b-mail 1; Provides: mail; Priority: important",
                "c-mail 1; Provides: mail; Priority: optional", "mail 1; Priority: extra",
                "d-mail 1; Provides: mail; Essential: yes; Priority: extra",
                "old-awk 9; Provides: awk", "two-awk 1; Provides: awk (= 2), awk (= 1)",
                "one-awk 5; Provides: awk (= 1)",
            ]))
        #expect(
            universe.requirementTexts(of: "app") == [
                ["mta 1", "mail 1", "d-mail 1", "b-mail 1", "c-mail 1", "a-mail 1"], [], ["two-awk 1"],
            ])
    }

    @Test(
        "compares versions of relations",
        arguments: [
            ("<< 2", []), ("<= 2", ["lib 2"]), ("= 2", ["lib 2"]), (">= 2", ["lib 2"]), (">> 2", []), ("= 1", []),
            (">= 1:0", []), (">> 2~rc1", ["lib 2"]),
        ] as [(String, [String])])
    func versions(relation: String, found: [String]) throws {
        let universe = DebianUniverse(try MadeIndexes.table(["app 1; Depends: lib (\(relation))", "lib 2", "lib 1"]))
        #expect(universe.requirementTexts(of: "app") == [found])
    }

    @Test("offers other versions only when told to")
    func otherVersions() throws {
        let table = try MadeIndexes.table(["app 1; Depends: lib (<< 2)", "lib 1", "lib 2"], backports: ["lib 1.5"])
        #expect(DebianUniverse(table).requirementTexts(of: "app") == [[]])
        #expect(DebianUniverse(table, offersOtherVersions: true).requirementTexts(of: "app") == [["lib 1.5", "lib 1"]])
    }

    @Test("takes Pre-Depends before Depends, and Recommends as wishes if told to")
    func fields() throws {
        let table = try MadeIndexes.table(["app 1; Recommends: r; Depends: d; Pre-Depends: p", "r 1", "d 1", "p 1"])
        #expect(DebianUniverse(table).requirementTexts(of: "app") == [["p 1"], ["d 1"]])
        let universe = DebianUniverse(table, includesRecommends: true)
        let app = try #require(universe.find("app"))
        #expect(universe.requirements(of: app).map(\.isOptional) == [false, false, true])
    }

    @Test("knows what conflicts and what does not")
    func conflicts() throws {
        let universe = DebianUniverse(
            try MadeIndexes.table([
                "app 1; Conflicts: mail; Provides: mail; Breaks: lib (<< 2), gone, tool (<= 1)",
                "other 1; Provides: mail", "app 0", "lib 1", "lib 2", "newer 1; Provides: tool (= 1), lib",
            ]))
        #expect(
            universe.conflictTexts(of: "app=1") == [["app 0"], ["other 1"], ["lib 1"], ["newer 1"]])
        #expect(universe.conflictTexts(of: "other") == [])
    }

    @Test("keeps architectures apart as Multi-Arch says")
    func multiArch() throws {
        let universe = DebianUniverse(
            try MadeIndexes.table(
                [
                    "app 1; Depends: lib, tool, py:any, lib:i386, lib:native, plain:any, lib:armhf",
                    "app 1 i386; Depends: lib, tool, data",
                    "lib 1; Multi-Arch: same", "lib 1 i386; Multi-Arch: same", "tool 1; Multi-Arch: foreign",
                    "py 1; Multi-Arch: allowed", "plain 1", "data 1 all", "lib 2 i386; Multi-Arch: same",
                    "tool 1 i386; Multi-Arch: foreign", "ware 1 i386; Depends: py, py:any, pdf; Conflicts: lib",
                    "viewer 1; Provides: pdf; Multi-Arch: foreign",
                ], foreign: ["i386"]))
        #expect(
            universe.requirementTexts(of: "app:amd64") == [
                ["lib 1"], ["tool 1", "tool:i386 1"], ["py 1"], ["lib:i386 2"], ["lib 1"], [], [],
            ])
        #expect(
            universe.requirementTexts(of: "app:i386") == [["lib:i386 2"], ["tool 1", "tool:i386 1"], []])
        #expect(universe.requirementTexts(of: "ware:i386") == [[], ["py 1"], ["viewer 1"]])
        #expect(universe.conflictTexts(of: "lib:amd64") == [["lib:i386 2"]])
        #expect(universe.conflictTexts(of: "lib:i386=1") == [["lib:i386 2"]])
        #expect(universe.conflictTexts(of: "ware:i386") == [["lib 1", "lib:i386 1", "lib:i386 2"]])
        #expect(universe.conflictTexts(of: "tool:amd64") == [["tool:i386 1"]])
    }

    @Test("says relations in words")
    func descriptions() throws {
        let universe = DebianUniverse(
            try MadeIndexes.table([
                "app 1; Depends: a (>= 1) | b,  c; Conflicts: d, e (<< 2); Pre-Depends: f", "d 1", "e 1", "app 2 all",
            ]))
        let app = try #require(universe.find("app=1"))
        #expect(universe.describe(app) == "app 1 amd64")
        let requirements = universe.requirements(of: app).map { universe.describe(requirement: $0.label, of: app) }
        #expect(requirements == ["pre-depends on f", "depends on a (>= 1) | b", "depends on c"])
        let conflicts = universe.conflicts(of: app).map { universe.describe(conflict: $0.label, of: app) }
        #expect(conflicts == ["can be installed in one version only", "conflicts with d", "conflicts with e (<< 2)"])
    }

    @Test("makes a package whose relations do not parse impossible, and says why")
    func badRelation() throws {
        let universe = DebianUniverse(try MadeIndexes.table(["app 1; Depends: a, b (>= ", "a 1"]))
        #expect(universe.requirementTexts(of: "app") == [["a 1"], []])
        #expect(
            universe.errors.map(\.what) == [
                "package app in made stable/main, field Depends: a version is missing after the operator"
            ])
    }

    @Test("finds the packages a system starts from")
    func base() throws {
        let universe = DebianUniverse(
            try MadeIndexes.table(
                [
                    "z 1; Priority: required", "e 1; Essential: yes; Priority: optional", "i 1; Priority: important",
                    "s 1; Priority: standard", "p 1; Protected: yes; Priority: optional", "e 2; Essential: yes",
                    "f 1 i386; Essential: yes",
                ], backports: ["z 2; Priority: required"], foreign: ["i386"]))
        #expect(universe.basePackages().map(universe.short) == ["e 2", "i 1", "z 1"])
        #expect(universe.basePackages(upTo: .required).map(universe.short) == ["e 2", "z 1"])
        #expect(universe.basePackages(upTo: .standard).map(universe.short) == ["e 2", "i 1", "s 1", "z 1"])
    }

    @Test("takes packages that a caller made beside an archive's")
    func synthetic() throws {
        let made = "Package: zfs-modules-6.12\nVersion: 2.3\nArchitecture: amd64\nProvides: zfs-modules\n"
        let local = IndexOrigin(repository: "local", suite: "local", component: "main")
        let table = try PackageTable(
            [
                (MadeIndexes.index(["zfs 1; Depends: zfs-modules | zfs-dkms"]), MadeIndexes.stable),
                (PackageIndex(parsing: Array(made.utf8), source: "local"), local),
            ], architecture: "amd64")
        #expect(DebianUniverse(table).requirementTexts(of: "zfs") == [["zfs-modules-6.12 2.3"]])
    }

    @Test("stays fast where a thousand packages provide one name")
    func manyProviders() throws {
        let lines = (0..<3000).map { "p\($0) 1; Provides: v; Depends: v" }
        let universe = DebianUniverse(try MadeIndexes.table(lines))
        #expect(universe.requirementTexts(of: "p0").first?.count == 3000)
    }
}

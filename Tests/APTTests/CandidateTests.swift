import Solver
import Testing

@testable import APT

@Suite("Candidates, pins and requests")
struct CandidateTests {
    static let stable = ["a 1", "b 1", "zfs 1; Source: zfs-linux (1)", "zfsutils 1; Depends: zfs (= 1)", "only 1"]
    static let backports = ["a 2", "zfs 2; Source: zfs-linux (2)", "zfsutils 2; Depends: zfs (= 2)", "new 1"]
    static let experimental = ["a 3", "wild 1"]

    private func table() throws -> PackageTable {
        try MadeIndexes.table(Self.stable, backports: Self.backports, experimental: Self.experimental)
    }

    struct Case: CustomTestStringConvertible {
        var pins: [(packages: String, pin: String, priority: Int)] = []
        var candidates: [String: String?]
        var testDescription: String { pins.map { "\($0.packages): \($0.pin) \($0.priority)" }.joined(separator: ", ") }
    }

    static let cases = [
        Case(candidates: ["a": "1", "b": "1", "new": "1", "wild": "1", "none": nil]),
        Case(pins: [("*", "release a=stable-backports", 600)], candidates: ["a": "2", "b": "1"]),
        Case(pins: [("*", "release n=trixie-backports", 500)], candidates: ["a": "2"]),
        Case(
            pins: [("zfs* x", "release n=trixie-backports", 500)], candidates: ["zfs": "2", "zfsutils": "2", "a": "1"]),
        Case(pins: [("zfs", "release trixie-backports", 500)], candidates: ["zfs": "2", "zfsutils": "1"]),
        Case(pins: [("src:zfs-linux", "release l=Made?Backports", 500)], candidates: ["zfs": "2", "zfsutils": "1"]),
        Case(pins: [("a", "version 3", 500)], candidates: ["a": "3"]),
        Case(pins: [("a", "version 2*", 400)], candidates: ["a": "1"]),
        Case(pins: [("a", "version 2*", 501)], candidates: ["a": "2"]),
        Case(pins: [("*", "origin other.example.org", 990)], candidates: ["a": "3", "b": "1"]),
        Case(pins: [("*", "origin \"*.example.org\"", 100)], candidates: ["a": "3", "b": "1"]),
        Case(pins: [("a", "release c=main", -1)], candidates: ["a": nil, "b": "1"]),
        Case(pins: [("only", "version *", -10), ("only", "version *", 900)], candidates: ["only": nil]),
        Case(pins: [("*", "release a=stable, c=main", -5)], candidates: ["a": "2", "b": nil]),
        Case(pins: [("*", "release v=13*", 50)], candidates: ["a": "2", "b": "1"]),
        Case(pins: [("*", "release o=Made", 10), ("*", "release a=stable", 700)], candidates: ["a": "2"]),
        Case(pins: [("A", "version 3", 900)], candidates: ["a": "1"]),
        Case(
            pins: [("/^zfs/", "release n=trixie-backports", 500)], candidates: ["zfs": "2", "zfsutils": "2", "a": "1"]),
        Case(pins: [("/FS$/", "release n=trixie-backports", 500)], candidates: ["zfs": "2", "zfsutils": "1"]),
        Case(
            pins: [("src:/^zfs-(linux|x)$/", "release n=trixie-backports", 500)],
            candidates: ["zfs": "2", "zfsutils": "1"]),
        Case(pins: [("b /^[a]$/", "version /^[23]$/", 600)], candidates: ["a": "3", "b": "1"]),
        Case(pins: [("/a/:i386", "version 3", 600), ("/^a$/:any", "version 2", 600)], candidates: ["a": "2"]),
        Case(pins: [("*", "release n=/backports$/", 600)], candidates: ["a": "2", "b": "1"]),
        Case(pins: [("*", "release b=amd64", 50)], candidates: ["a": "3", "b": "1"]),
        Case(pins: [("*", "release b=i386", 990)], candidates: ["a": "1"]),
        Case(pins: [("*", "release *", 400)], candidates: ["a": "3"]),
        Case(pins: [("a", "release o=\"Made\", a=experimental", 900)], candidates: ["a": "1"]),
        Case(pins: [("a", "release o=Made,a=experimental", 900)], candidates: ["a": "3"]),
        Case(pins: [("*", "origin /^other/", 990)], candidates: ["a": "3", "b": "1"]),
        Case(pins: [("a", "origin OTHER.example.org", 990)], candidates: ["a": "3", "b": "1"]),
        Case(pins: [("*", "origin \"\"", 990)], candidates: ["a": "1", "b": "1"]),
        Case(pins: [("a", "origin example.org", 990)], candidates: ["a": "1"]),
    ]

    @Test("are those of the highest priority, then the latest", arguments: cases)
    func candidates(item: Case) throws {
        let pins = try item.pins.map { try Pin(packages: $0.packages, pin: $0.pin, priority: $0.priority) }
        let universe = DebianUniverse(try table(), pins: pins)
        for (name, version) in item.candidates {
            #expect(
                universe.candidate(of: name).map { universe.table.version(of: $0).description } == version, "\(name)")
        }
    }

    /// The same question to apt, on the same indexes in a root of its own.
    @Test("are those of the real apt", .tags(.judge), .enabled(if: has("apt-cache")), arguments: cases)
    func judgedByApt(item: Case) throws {
        let root = try AptRoot()
        try root.add(MadeIndexes.stable, Self.stable)
        try root.add(MadeIndexes.backports, Self.backports)
        try root.add(MadeIndexes.experimental, Self.experimental)
        try root.pin(item.pins)
        if item.pins.contains(where: { $0.pin.hasPrefix("origin") }) {
            // Files have no host.
            try root.served([MadeIndexes.stable, MadeIndexes.backports, MadeIndexes.experimental]) { try root.update() }
        } else {
            try root.update()
        }
        let names = item.candidates.keys.sorted()
        let answers = try root.candidates(of: names)
        for name in names { #expect(answers[name] == item.candidates[name] ?? nil, "\(name)") }
    }

    @Test(
        "have pins that mean something",
        arguments: [
            ("", "release a=x", 1, .noPackages), ("a", "release a=x", 0, .badPriority(0)),
            ("a", "suite x", 1, .unknownKind),
            ("*", "version 1", 1, .versionNeedsName), ("a", "release x=1", 1, .unknownTerm("x=1")),
            ("a", "release", 1, .emptyRelease),
            ("a", "release a=x", 40000, .badPriority(40000)),
        ] as [(String, String, Int, PinError.Problem)])
    func badPins(packages: String, pin: String, priority: Int, problem: PinError.Problem) {
        let error = #expect(throws: PinError.self) { try Pin(packages: packages, pin: pin, priority: priority) }
        #expect(error?.problem == problem)
    }

    @Test(
        "have no pins by a regular expression that is none",
        arguments: [("/^a", "release a=x"), ("/(/", "release a=x"), ("a", "release n=/[/"), ("a", "version /*(/")])
    func badExpressions(packages: String, pin: String) {
        let error = #expect(throws: PinError.self) { try Pin(packages: packages, pin: pin, priority: 1) }
        #expect(error?.what.contains("is no regular expression") == true)
    }

    /// `Pin: origin ""` is about archives that have no host.
    @Test("of archives in folders are pinned by an empty origin", .tags(.judge), .enabled(if: has("apt-cache")))
    func localOrigin() throws {
        var local = MadeIndexes.experimental
        local.site = ""
        let table = try PackageTable(
            [
                (MadeIndexes.index(Self.stable), MadeIndexes.stable),
                (MadeIndexes.index(Self.experimental), local),
            ], architecture: "amd64")
        let pin = try Pin(packages: "*", pin: "origin \"\"", priority: 700)
        let universe = DebianUniverse(table, pins: [pin])
        #expect(universe.candidate(of: "a").map(universe.short) == "a 3")
        let root = try AptRoot()
        try root.add(local, Self.experimental)
        try root.pin([("*", "origin \"\"", 700)])
        try root.update()
        #expect(try root.run("apt-cache policy").contains(" 700 file:"))
    }

    /// An installer has nothing to be careful with: what a phase holds back from some machines is the candidate on new ones.
    @Test("are taken whatever their Phased-Update-Percentage", .tags(.judge), .enabled(if: has("apt-get")))
    func phasedUpdates() throws {
        var updates = MadeIndexes.stable
        updates.suite = "stable-updates"
        let newer = ["a 2; Phased-Update-Percentage: 0"]
        let table = try PackageTable(
            [(MadeIndexes.index(["a 1"]), MadeIndexes.stable), (MadeIndexes.index(newer), updates)],
            architecture: "amd64")
        let universe = DebianUniverse(table)
        #expect(universe.candidate(of: "a").map(universe.short) == "a 2")
        let root = try AptRoot()
        try root.add(MadeIndexes.stable, ["a 1"])
        try root.add(updates, newer)
        try root.update()
        #expect(try root.simulate(["a"]) == ["a 2"])
    }

    @Test(
        "are asked for by name, version, suite and architecture",
        arguments: [
            ("a", "a", nil, nil, nil), ("a=1:2~3", "a", nil, "1:2~3", nil),
            ("a/trixie-backports", "a", nil, nil, "trixie-backports"),
            ("a:i386", "a", "i386", nil, nil), ("a:i386=2", "a", "i386", "2", nil),
        ].map { ($0.0 + "", $0.1 + "b", $0.2, $0.3, $0.4) } as [(String, String, String?, String?, String?)])
    func requestSyntax(text: String, name: String, architecture: String?, version: String?, suite: String?) throws {
        let request = try PackageRequest("ab" + text.dropFirst())
        let expected = PackageRequest(name: name, architecture: architecture, version: version, suite: suite)
        #expect(request == expected)
        #expect(request.description == "ab" + text.dropFirst())
    }

    @Test(
        "are not asked for by anything else",
        arguments: ["", "a", "-ab", "Ab", "ab=", "ab/", "ab:", "a b", "ab=1 2", "äb", "ab_c"])
    func badRequests(text: String) {
        #expect(throws: PackageRequestError(request: text, problem: .syntax)) { try PackageRequest(text) }
    }

    @Test(
        "answer requests",
        arguments: [
            (["zfs"], [["zfs 1"]]), (["zfs=2"], [["zfs 2"]]), (["zfs/trixie-backports"], [["zfs 2"]]),
            (["zfs/stable"], [["zfs 1"]]),
            (["zfs/*-backports"], [["zfs 2"]]), (["smtp"], [["exim 1"]]),
            (["zfs=2", "zfsutils"], [["zfs 2"], ["zfsutils 1"]]),
        ] as [([String], [[String]])])
    func requests(texts: [String], found: [[String]]) throws {
        let table = try MadeIndexes.table(
            Self.stable + [
                "exim 1; Provides: mail, smtp; Priority: optional", "post 1; Provides: mail; Priority: important",
            ], backports: Self.backports)
        let universe = DebianUniverse(table)
        let answers = try texts.map {
            try universe.requirement(for: PackageRequest($0), label: 3).candidates.map(universe.short)
        }
        #expect(answers == found)
    }

    @Test(
        "are refused by name",
        arguments: [
            ("zfsutil", .unknownName(nearest: ["zfsutils"])), ("zfs=3", .noSuchVersion(available: ["2", "1"])),
            ("zfs/sid", .notInSuite(available: ["stable", "stable-backports"])),
            ("zfs:arm64", .unknownArchitecture(known: ["amd64", "i386"])),
            ("zfs:i386", .notForArchitecture("i386")), ("only", .forbiddenByPins),
        ] as [(String, PackageRequestError.Problem)])
    func refused(text: String, problem: PackageRequestError.Problem) throws {
        let table = try MadeIndexes.table(Self.stable, backports: Self.backports, foreign: ["i386"])
        let universe = DebianUniverse(table, pins: [try Pin(packages: "only", pin: "version *", priority: -1)])
        let error = #expect(throws: PackageRequestError.self) {
            try universe.requirement(for: PackageRequest(text), label: 0)
        }
        #expect(error?.problem == problem)
        #expect(error?.what.contains(text) == true)
    }

    @Test("from a suite bring along from it what the others can't satisfy")
    func followsSuite() throws {
        let universe = DebianUniverse(try table())
        _ = universe.requirementTexts(of: "zfsutils=2")
        _ = try universe.requirement(for: PackageRequest("zfsutils/trixie-backports"), label: 0)
        #expect(universe.requirementTexts(of: "zfsutils=2") == [["zfs 2"]])
        #expect(universe.conflictTexts(of: "zfs=2") == [["zfs 1"]])
        let other = DebianUniverse(try table())
        _ = try other.requirement(for: PackageRequest("zfsutils=2"), label: 0)
        #expect(other.requirementTexts(of: "zfsutils=2") == [[]])
    }
}

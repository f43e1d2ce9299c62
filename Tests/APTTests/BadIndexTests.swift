import Testing

@testable import APT

/// Indexes that are damaged or odd: what they are read as, or which package and field the error names; and what the real apt
/// does with the same bytes.
@Suite("Bad indexes")
struct BadIndexTests {
    enum Outcome: Equatable {
        /// "name version" of every package.
        case read([String])
        /// What the error says after the index's name.
        case refused(String)
    }

    struct Case: CustomTestStringConvertible {
        var name: String
        var text: String
        var ours: Outcome
        /// The candidates that apt sees; nil where it refuses the whole index.
        var apt: [String]?
        var testDescription: String { name }
    }

    private static func stanza(_ name: String, _ more: String = "", _ old: String = "", _ new: String = "") -> String {
        let text =
            "Package: \(name)\nVersion: 1\nArchitecture: amd64\nFilename: \(name).deb\nSize: 1\n"
            + "SHA256: \(String(repeating: "0", count: 64))\n\(more)"
        return old.isEmpty ? text : text.replacing(old, with: new)
    }

    private static let a = stanza("a")
    private static let b = stanza("b")
    private static let both = ["a 1", "b 1"]

    static let cases = [
        // As apt.
        Case(name: "whole", text: "\(a)\n\(b)", ours: .read(both), apt: both),
        Case(name: "no final newline", text: "\(a)\n\(b.dropLast())", ours: .read(both), apt: both),
        Case(
            name: "CRLF", text: "\(a)\n\(b)".replacing("\n", with: "\r\n"), ours: .read(both), apt: both),
        Case(name: "the same stanza twice", text: "\(a)\n\(a)\n\(b)", ours: .read(both), apt: both),
        Case(
            name: "a field twice: the last one counts",
            text: stanza("a", "", "Version: 1", "Version: 1\nVersion: 2") + "\n" + b, ours: .read(["a 2", "b 1"]),
            apt: ["a 2", "b 1"]),
        Case(
            name: "a line of a million bytes",
            text: stanza("a", "X: \(String(repeating: "x", count: 1_000_000))\n") + "\n" + b, ours: .read(both),
            apt: both),
        Case(
            name: "a field of a million bytes in many lines",
            text: stanza("a", "X:\n\(String(repeating: " x\n", count: 330_000))") + "\n" + b, ours: .read(both),
            apt: both),
        Case(
            name: "a priority that is none", text: stanza("a", "Priority: nonsense\n") + "\n" + b, ours: .read(both),
            apt: both),
        Case(
            name: "no name", text: a.replacing("Package: a\n", with: "") + "\n" + b,
            ours: .refused(", stanza at line 1 has no field Package"), apt: nil),
        Case(
            name: "a page of the web", text: "<html>\n\(a)\n\(b)",
            ours: .refused(": line 1 is not a field (\"Name: value\"): <html>"), apt: nil),
        Case(
            name: "Provides that do not parse", text: stanza("a", "Provides: x (= 1\n") + "\n" + b,
            ours: .refused("package a in made, field Provides: a parenthesis is not closed"), apt: nil),
        // Refused although apt takes it: no index has that.
        Case(
            name: "a NUL byte in a value", text: stanza("a", "X: \0\n") + "\n" + b,
            ours: .refused("package a in made: there is a NUL byte"), apt: both),
        Case(
            name: "no version", text: stanza("a", "", "Version: 1\n", "") + "\n" + b,
            ours: .read(["b 1"]), apt: ["b 1"]),
        Case(
            name: "no architecture", text: stanza("a", "", "Architecture: amd64\n", "") + "\n" + b,
            ours: .read(["b 1"]), apt: ["a:none 1", "b 1"]),
        Case(
            name: "a line that is no field", text: stanza("a", "rubbish\n") + "\n" + b,
            ours: .read(both), apt: ["a 1"]),
        Case(
            name: "a line that is no field, within", text: stanza("a", "rubbish\nX: y\n") + "\n" + b, ours: .read(both),
            apt: both),
        Case(
            name: "a comment within", text: stanza("a", "", "Version: 1", "# a: b\nVersion: 1\n#c: d") + "\n" + b,
            ours: .read(both), apt: both),
        Case(name: "a comment before all", text: "# made\n\(a)\n\(b)", ours: .read(both), apt: nil),
        Case(name: "nothing but a comment between stanzas", text: "\(a)\n# b\n\n\(b)", ours: .read(both), apt: nil),
        Case(
            name: "a line of blanks between stanzas", text: "\(a)  \n\(b)", ours: .read(["b 1"]), apt: ["b 1"]),
        Case(
            name: "a continuation of nothing", text: " x\n\(a)\n\(b)",
            ours: .read(both), apt: both),
        Case(
            name: "a blank before the colon", text: stanza("a", "", "Version: 1", "Version : 1") + "\n" + b,
            ours: .read(both), apt: both),
    ]

    @Test("are read or refused with package and field", arguments: cases)
    func ours(item: Case) throws {
        switch item.ours {
        case .read(let packages):
            #expect(try Self.candidates(item.text) == packages)
        case .refused(let message):
            let error = #expect(throws: PackageIndexError.self) { try Self.candidates(item.text) }
            #expect(error?.what == (message.hasPrefix("package") ? message : "made" + message))
            #expect(error?.hint != nil)
        }
    }

    @Test("are to apt what the table says", .tags(.judge), .enabled(if: has("apt-cache")), arguments: cases)
    func judged(item: Case) throws {
        let root = try AptRoot()
        try root.add(MadeIndexes.stable, text: item.text)
        guard let expected = item.apt else {
            #expect(throws: (any Error).self) { try root.tryUpdate() }
            return
        }
        try root.tryUpdate()
        let found = try root.candidates(of: ["a", "b"])
        #expect(found.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" } == expected)
    }

    private static func candidates(_ text: String) throws -> [String] {
        let index = try PackageIndex(parsing: Array(text.utf8), source: "made")
        let universe = DebianUniverse(try PackageTable([(index, MadeIndexes.stable)], architecture: "amd64"))
        return universe.allCandidates.map(universe.short)
    }

    struct RelationCase: CustomTestStringConvertible {
        var field: String
        var value: String
        var problem: String
        /// Whether apt takes it, and guesses what is meant.
        var isTakenByApt = false
        var testDescription: String { "\(field): \(value)" }
    }

    static let relations = [
        RelationCase(field: "Depends", value: "x (>= ", problem: "a version is missing after the operator"),
        RelationCase(field: "Pre-Depends", value: "x y", problem: "a comma or a bar is missing"),
        RelationCase(field: "Depends", value: ",x", problem: "a package name is missing"),
        RelationCase(field: "Depends", value: "x,,b", problem: "a package name is missing"),
        RelationCase(field: "Depends", value: "x (1)", problem: "the operator is none of <<, <=, =, >=, >>"),
        RelationCase(field: "Conflicts", value: "x (>= 1", problem: "a parenthesis is not closed"),
        RelationCase(field: "Breaks", value: "x [amd64", problem: "a bracket is not closed"),
        RelationCase(
            field: "Depends", value: "b (=> 1)", problem: "the operator is none of <<, <=, =, >=, >>",
            isTakenByApt: true),
        RelationCase(field: "Depends", value: "b |", problem: "a package name is missing", isTakenByApt: true),
    ]

    /// apt gives up on the whole index; here it is the one package that can't be installed, and says why.
    @Test("with relations that do not parse make their package impossible", arguments: relations)
    func badRelations(item: RelationCase) throws {
        let text = Self.stanza("a", "\(item.field): \(item.value)\n") + "\n" + Self.b
        let index = try PackageIndex(parsing: Array(text.utf8), source: "made")
        let universe = DebianUniverse(try PackageTable([(index, MadeIndexes.stable)], architecture: "amd64"))
        #expect(try ResolutionTests.solve(["a"], in: universe) == nil)
        #expect(universe.errors.map(\.what) == ["package a in made, field \(item.field): \(item.problem)"])
        #expect(try ResolutionTests.solve(["b"], in: universe) == ["b 1"])
    }

    @Test(
        "with relations that do not parse are refused by apt", .tags(.judge), .enabled(if: has("apt-cache")),
        arguments: relations)
    func badRelationsJudged(item: RelationCase) throws {
        let root = try AptRoot()
        try root.add(
            MadeIndexes.stable, text: Self.stanza("a", "\(item.field): \(item.value)\n") + "\n" + Self.b)
        if item.isTakenByApt {
            try root.tryUpdate()
        } else {
            #expect(throws: (any Error).self) { try root.tryUpdate() }
        }
    }

    @Test(
        "lack what a mirror needs, or lie about it, and say so",
        arguments: [
            ("Filename: a.deb\n", "", "package a in made has no field Filename"),
            ("Size: 1\n", "", "package a in made has no field Size"),
            ("Size: 1\n", "Size: -1\n", "package a in made, field Size: \"-1\" means nothing here"),
            (
                "Size: 1\n", "Size: 99999999999999999999\n",
                "package a in made, field Size: \"99999999999999999999\" means nothing here"
            ),
            ("Filename: a.deb\n", "Filename: ../a.deb\n", "field Filename: \"../a.deb\" means nothing here"),
            ("Filename: a.deb\n", "Filename: pool/\n", "field Filename: \"pool/\" means nothing here"),
            ("SHA256: 0", "SHA512: 0", "package a in made has a SHA512 and no SHA256"),
            ("SHA256: 0", "SHA256: ", "means nothing here"), ("SHA256: 0", "SHA256: g", "means nothing here"),
        ])
    func details(old: String, new: String, message: String) throws {
        let text = Self.a.replacing(old, with: new)
        let index = try PackageIndex(parsing: Array(text.utf8), source: "made")
        let table = try PackageTable([(index, MadeIndexes.stable)], architecture: "amd64")
        let package = try #require(table.packages(named: "a").first)
        let error = #expect(throws: PackageIndexError.self) { try table.details(of: package) }
        #expect(error?.what.contains(message) == true, "\(error?.what ?? "")")
        #expect(error?.what.contains("package a in made") == true)
    }

    @Test(
        "have paths as apt joins them to the archive's address",
        arguments: [
            ("./pool/a.deb", "pool/a.deb"), ("/pool/a.deb", "pool/a.deb"), ("pool//a.deb", "pool/a.deb"),
            ("pool/./a.deb", "pool/a.deb"), ("pool/../a.deb", "a.deb"), ("././/a.deb", "a.deb"),
        ])
    func paths(written: String, path: String) throws {
        let text = Self.a.replacing("a.deb", with: written)
        let index = try PackageIndex(parsing: Array(text.utf8), source: "made")
        let table = try PackageTable([(index, MadeIndexes.stable)], architecture: "amd64")
        #expect(try table.details(of: try #require(table.packages(named: "a").first)).filename == path)
    }
}

import Primitives
import Solver
import Testing

@testable import APT

@Suite("Package indexes")
struct PackageIndexTests {
    static let text = """
        Package: hello
        Source: hello-source (1.0-1)
        Version: 1.0-1+b1
        installed-size: 20
        Architecture: amd64
        Description: says hello
         at length
        Section: devel
        Priority: required
        Essential: yes
        X-Unknown: kept
        Filename: pool/main/h/hello/hello_1.0-1+b1_amd64.deb
        Size: 1234
        SHA256: 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff

        Package: plain
        Version: 2
        Architecture: all
        """

    private func table(_ text: String) throws -> PackageTable {
        try PackageTable(
            [(PackageIndex(parsing: Array(text.utf8), source: "made"), MadeIndexes.stable)], architecture: "amd64")
    }

    @Test("give everything a mirror needs")
    func details() throws {
        let table = try table(Self.text)
        let hello = try #require(table.packages(named: "hello").first)
        let details = try table.details(of: hello)
        #expect(details.name == "hello")
        #expect(details.version.description == "1.0-1+b1")
        #expect(details.architecture == "amd64")
        #expect(details.filename == "pool/main/h/hello/hello_1.0-1+b1_amd64.deb")
        #expect(details.size == ByteCount(1234))
        #expect(details.sha256.hex == "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
        #expect(details.installedSize == ByteCount(20480))
        #expect(details.source == "hello-source")
        #expect(details.sourceVersion.description == "1.0-1")
        #expect(details.section == "devel")
        #expect(details.priority == .required)
        #expect(details.summary == "says hello")
        #expect(table.isEssential(hello))
        #expect(table.origins(of: hello) == [MadeIndexes.stable])
        #expect(table.field("x-unknown", of: hello) == "kept")
    }

    @Test("keep stanzas byte for byte")
    func stanzas() throws {
        let table = try table(Self.text)
        let stanzas = try ["hello", "plain"].map {
            try table.stanzaBytes(of: #require(table.packages(named: $0).first))
        }
        #expect(String(decoding: stanzas[0] + [0x0A] + stanzas[1], as: UTF8.self) == Self.text)
    }

    @Test("say what a package lacks when it is asked for")
    func missing() throws {
        let table = try table(Self.text)
        let plain = try #require(table.packages(named: "plain").first)
        #expect(throws: PackageIndexError(source: "made", package: "plain", field: "Filename", problem: .missing)) {
            try table.details(of: plain)
        }
    }

    @Test("do not lead out of the archive", arguments: ["../x", "pool/../../x", "/../x", ".", "pool/"])
    func paths(path: String) throws {
        let text = "Package: a\nVersion: 1\nArchitecture: all\nFilename: \(path)\nSize: 1\n"
        let table = try table(text)
        #expect(throws: PackageIndexError(source: "made", package: "a", field: "Filename", problem: .badValue(path))) {
            try table.details(of: PackageID(0))
        }
    }

    @Test(
        "that are damaged are refused with package and field",
        arguments: [
            ("Version: 1\nArchitecture: all\n", "made, stanza at line 1 has no field Package"),
            (
                "Package: a\nVersion: 1\nArchitecture: all\n\n\nVersion: 1\n",
                "made, stanza at line 6 has no field Package"
            ),
            ("Package: a\nVersion: 1\0\nArchitecture: all\n", "package a in made: there is a NUL byte"),
            (
                "Package: a\nVersion: \(String(repeating: "1", count: 70_000))\nArchitecture: all\n",
                "package a in made: the value is too long"
            ),
            ("<html>404</html>\n", "made: line 1 is not a field (\"Name: value\"): <html>404</html>"),
        ])
    func damage(text: String, message: String) throws {
        let error = #expect(throws: PackageIndexError.self) {
            try PackageIndex(parsing: Array(text.utf8), source: "made")
        }
        #expect(error?.what == message)
    }

    @Test("with a Provides that does not parse are refused")
    func badProvides() throws {
        let error = #expect(throws: PackageIndexError.self) { try MadeIndexes.table(["a 1; Provides: b (= 1"]) }
        #expect(error?.what == "package a in made stable/main, field Provides: a parenthesis is not closed")
    }

    @Test("may be cut off anywhere without more harm than an error")
    func truncation() throws {
        let bytes = Array(Self.text.utf8)
        for count in 0..<bytes.count {
            let index = try? PackageIndex(parsing: Array(bytes[..<count]), source: "made")
            #expect((index?.count ?? 0) <= 2)
        }
    }

    @Test("may be empty, have a line of a million bytes, and fields in any order and case")
    func tolerance() throws {
        #expect(try PackageIndex(parsing: [], source: "made").count == 0)
        let long = String(repeating: "x", count: 1_000_000)
        let table = try table("X-Long: \(long)\r\narchitecture: all\r\nVERSION: 1\r\npackage: a\r\n\r\n")
        #expect(table.packageCount == 1)
        #expect(table.name(of: PackageID(0)) == "a")
        #expect(table.version(of: PackageID(0)).description == "1")
    }

    @Test("that repeat a package hold it once, with every origin in order")
    func duplicates() throws {
        let table = try MadeIndexes.table(
            ["a 1", "a 1", "a 2", "b 1 all"], backports: ["a 2", "a 3", "b 1 amd64"], experimental: ["a 2", "c 1 i386"])
        #expect(table.packageCount == 5)
        let versions = table.packages(named: "a").map { table.version(of: $0).description }
        #expect(versions == ["3", "2", "1"])
        let second = table.packages(named: "a")[1]
        #expect(table.origins(of: second).map(\.suite) == ["stable", "stable-backports", "experimental"])
        #expect(table.packages(named: "c").isEmpty)
    }

    @Test(
        "know which names are near another",
        arguments: [
            ("ngnix", ["nginx"]), ("opensh-server", ["openssh-server"]), ("bsah", ["bash"]),
            ("opensh-sevrer", ["openssh-server"]), ("zzzzzz", []),
            ("nginx", ["nginx", "nginx2"]),
        ] as [(String, [String])])
    func nearest(name: String, expected: [String]) throws {
        let names = ["nginx", "nginx2", "openssh-server", "dash", "bash", "libc6"]
        #expect(try MadeIndexes.table(names.map { $0 + " 1" }).nearestNames(to: name) == expected)
    }
}

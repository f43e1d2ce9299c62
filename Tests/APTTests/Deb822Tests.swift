import Primitives
import Testing

@testable import APT

@Suite("deb822 text")
struct Deb822Tests {
    private func read(_ text: String) throws -> [[String]] {
        try Deb822Stanza.all(in: text.utf8).map { $0.fields.map { "\($0.name)=\($0.value)" } }
    }

    @Test(
        "is read as apt reads it",
        arguments: [
            ("", []), ("\n\n", []),
            ("A: 1\n", [["A=1"]]),
            ("A: 1", [["A=1"]]),
            ("\n\nA: 1\n\n\n\nB:2\nC:\n", [["A=1"], ["B=2", "C="]]),
            ("A: 1\r\nB: 2\r\n\r\nC: 3\r\n", [["A=1", "B=2"], ["C=3"]]),
            ("A: 1\n 2\n\t3\nB:  x y \n", [["A=1\n 2\n\t3", "B=x y"]]),
            ("A:\n one\n .\n two", [["A=one\n .\n two"]]),
            ("A: b: c\n", [["A=b: c"]]),
        ] as [(String, [[String]])])
    func reading(text: String, stanzas: [[String]]) throws {
        #expect(try read(text) == stanzas)
    }

    @Test(
        "that is broken is refused with the line",
        arguments: [
            ("A: 1\nnothing here\n", .noField("nothing here"), 2), ("A: 1\n\n B\n", .continuationOfNothing, 3),
            ("# comment\n", .noField("# comment"), 1), ("#a: b\n", .noField("#a: b"), 1), (": x\n", .noField(": x"), 1),
            ("A: 1\nB: \0\n", .nulByte, 2), ("A b: c", .noField("A b: c"), 1),
        ] as [(String, Deb822Error.Problem, Int)])
    func errors(text: String, problem: Deb822Error.Problem, line: Int) {
        #expect(throws: Deb822Error(problem: problem, line: line)) { try Deb822Stanza.all(in: text.utf8) }
    }

    @Test("gives a field by name in any case, the last of two")
    func lookup() throws {
        let stanza = try #require(try Deb822Stanza.all(in: "SHA256: a\nsha256: b\n".utf8).first)
        #expect(stanza["Sha256"] == "b")
        #expect(stanza["missing"] == nil)
    }

    @Test("may hold a line of a million bytes")
    func longLine() throws {
        let long = String(repeating: "x", count: 1_000_000)
        #expect(try read("A: \(long)\nB: 1\n") == [["A=\(long)", "B=1"]])
    }

    @Test("of any bytes is read or refused, and never hangs")
    func randomBytes() {
        var random = SplitMix64(seed: 7)
        let alphabet = Array("ab:: \n\n\t\r-#\0é".utf8)
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...30, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            let count = (try? Deb822Stanza.all(in: bytes))?.count ?? 0
            #expect(count <= bytes.count)
        }
    }
}

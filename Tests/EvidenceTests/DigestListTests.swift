import Primitives
import Testing

@testable import Evidence

/// Lists are read as sha256sum writes them, and nothing is guessed.
@Suite struct DigestListTests {
    private let digest = Digest(of: [1])

    @Test func namesMayHaveBlanks() throws {
        let list = try DigestList(Array("\(digest.hex)  a b\n\(digest.hex) *c\n".utf8), called: "list")
        #expect(list.digests == ["a b": digest, "c": digest])
    }

    @Test(arguments: ["x  a\n", "DIGEST a\n", "DIGEST  \n", "DIGEST  a\nDIGEST  a\n"])
    func whatIsNoSuchLineIsRefused(text: String) {
        let text = text.replacing("DIGEST", with: digest.hex)
        #expect(throws: EvidenceError.self) { try DigestList(Array(text.utf8), called: "list") }
    }
}

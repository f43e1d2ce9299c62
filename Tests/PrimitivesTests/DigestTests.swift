import Primitives
import Testing

@Suite struct DigestTests {
    @Test func agreesWithTheStandardsExample() {
        // FIPS 180-4, appendix: "abc"
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        #expect(Digest(of: "abc".utf8).hex == expected)
        #expect(Digest(hex: expected) == Digest(of: "abc".utf8))
    }

    @Test(arguments: ["", "ba78", String(repeating: "g", count: 64)])
    func refusesWhatIsNoDigest(text: String) { #expect(Digest(hex: text) == nil) }

    @Test func ordersAsItsHexDoes() {
        let digests = (0..<50).map { Digest(of: [UInt8($0)]) }
        #expect(digests.sorted().map(\.hex) == digests.map(\.hex).sorted())
    }
}

@Suite struct ByteCountTests {
    @Test(arguments: [
        (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (8_240_000, "8.2 MB"), (362_000_000, "362 MB"),
        (999_700_000, "1 GB"),
        (1_300_000_000, "1.3 GB"),
    ])
    func isShownInDecimalUnits(bytes: Int, text: String) { #expect(ByteCount(bytes).description == text) }
}

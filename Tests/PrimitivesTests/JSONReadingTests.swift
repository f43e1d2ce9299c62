import Testing

@testable import Primitives

@Suite("JSON that is read")
struct JSONReadingTests {
    @Test(
        "What is read is written the same",
        arguments: [
            "{}", "[]", "\"\"", "{\"a\":[1,2.5,-3e20],\"b\":{\"c\":true,\"d\":false}}", #""\"\\\n""#, "\"é😀\"", "0",
        ])
    func same(text: String) throws {
        let value = try #require(JSON(parsing: Array(text.utf8)))
        #expect(JSON(parsing: Array(value.text.utf8))?.text == value.text)
        if !text.contains("e20") { #expect(value.text == text) }
    }

    @Test("Escapes are what they stand for") func escapes() {
        #expect(JSON(parsing: Array(#" "\u00e9\ud83d\ude00\/\t" "#.utf8))?.string == "é😀/\t")
    }

    @Test("Fields are found by name") func fields() {
        let value = JSON(parsing: Array(#"{"error": {"desc": "no"}, "id" : 1}"#.utf8))
        #expect(value?["error"]?["desc"]?.string == "no")
        #expect(value?["return"] == nil)
    }

    @Test(
        "What is no JSON is nothing",
        arguments: [
            "", "{", "[1,]", "{\"a\"}", "{\"a\":1,}", "\"", "\"\u{1}\"", "tru", "01x", "[1] 2", "+1", "1.",
            #""\ud83d""#, #""\x""#,
            "nul", "{1:2}",
        ])
    func broken(text: String) { #expect(JSON(parsing: Array(text.utf8)) == nil) }

    @Test("Deep nesting is refused, not a crash") func deep() {
        #expect(JSON(parsing: [UInt8](repeating: UInt8(ascii: "["), count: 100_000)) == nil)
    }
}

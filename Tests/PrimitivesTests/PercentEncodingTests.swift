import Primitives
import Testing

@Suite struct PercentEncodingTests {
    /// As apt 2.6 and librepo 1.14 ask for these, but for the case of digits, and for what both leave open: apt encodes `~` and
    /// leaves `#` and `?`, which cuts its address.
    @Test(arguments: [
        (
            "pool/main/g/gcc/libstdc++6_1.0+dfsg~1-1_amd64.deb",
            "pool/main/g/gcc/libstdc%2B%2B6_1.0%2Bdfsg~1-1_amd64.deb"
        ),
        ("a b%3ac#d?e@f,g=h(i)", "a%20b%253ac%23d%3Fe%40f%2Cg%3Dh%28i%29"), ("x_1:2_all.deb", "x_1:2_all.deb"),
        ("ö", "%C3%B6"), ("", ""),
    ])
    func namesAreEncodedAndComeBack(name: String, encoded: String) {
        #expect(PercentEncoding.path(name) == encoded)
        #expect(PercentEncoding.decode(encoded) == name)
    }

    @Test(arguments: ["%", "%2", "%2g", "a%00b", "%ff"])
    func whatIsNoEncodingIsNone(text: String) { #expect(PercentEncoding.decode(text) == nil) }

    @Test func spacesThatAreNoneAreNamed() {
        #expect(UnusualSpace(in: "ab\u{A0}c").map { [$0.shown, "\($0.offset)"] } == ["U+00A0, a no-break space", "2"])
        #expect(UnusualSpace(in: "a b\tc-ü") == nil)
        #expect("\u{FEFF}a".withoutByteOrderMark == "a" && "a\u{FEFF}".withoutByteOrderMark.unicodeScalars.count == 2)
    }
}

import Primitives
import Testing

@testable import RPM

/// What can be copied from one document into another, and what can't.
@Suite struct MarkupTests {
    private static let good = """
        <package type="rpm"><name>a&amp;b</name><arch>noarch</arch><version epoch="0" ver="1" rel="2"/>\
        <checksum type="md5" pkgid='YES'>x</checksum><size package="5" installed="1" archive="1"/>\
        <location xml:base="http://x/" href="a.rpm"></location><format><rpm:license>x</rpm:license></format></package>
        """

    private func package(_ text: String) throws -> RepodataPackage {
        try Array(text.utf8).withUnsafeBytes {
            try RepodataPackage(
                primary: $0, fileList: nil, path: "p/a+b~1^2.rpm", size: ByteCount(5), digest: Digest(of: [1]))
        }
    }

    @Test func locationAndDigestAreReplacedAndAllElseStays() throws {
        let package = try package(Self.good)
        #expect(package.name == "a&b" && package.version == "0:1-2")
        #expect(
            package.primary.utf8Text == """
                <package type="rpm"><name>a&amp;b</name><arch>noarch</arch><version epoch="0" ver="1" rel="2"/>\
                <checksum type="sha256" pkgid="YES">\(Digest(of: [1]).hex)</checksum>\
                <size package="5" installed="1" archive="1"/>\
                <location href="p/a+b~1^2.rpm"/><format><rpm:license>x</rpm:license></format></package>
                """)
    }

    @Test(arguments: [
        ("<rpm:license>x", "<rpm:license><![CDATA[x]]>", "CDATA"), ("<format>", "<format><!DOCTYPE x>", "declaration"),
        ("<format>", "<format><?x?>", "a processing instruction"), ("x</rpm", "&own;</rpm", "an entity of its own"),
        ("x</rpm", "&#0;</rpm", "a character that XML does not have"),
        ("x</rpm", "&#xD800;</rpm", "a character that XML"),
        ("x</rpm", "\u{1}</rpm", "a control character"),
        ("</rpm:license>", "</rpm:licence>", "an end tag without its start"),
        ("</format>", "", "an end tag without its start"), ("</package>", "", "it ends too early"),
        ("</package>", "</package><package/>", "something after its end"),
        ("href=\"a.rpm\"", "href=\"a<rpm\"", "\"<\" in an attribute"),
        ("<location", "<location href=\"b\"/><location", "a second location"),
        ("<name>a&amp;b</name>", "", "has no name"),
        ("<size package=\"5\"", "<size", "has no size"),
        ("package=\"5\"", "package=\"6\"", "its size is 6, and it is 5"),
        ("<package type", "<patch type", "an element that is no package"),
        ("<format>", "<format><o:x/>", "another vocabulary"),
        ("<checksum type=\"md5\" pkgid='YES'>x</checksum>", "", "has no checksum"),
    ])
    func whatCannotBeCopiedIsRefused(part: String, replacement: String, problem: String) throws {
        let range = try #require(Self.good.firstRange(of: part))
        let text = Self.good[..<range.lowerBound] + replacement + Self.good[range.upperBound...]
        let error = #expect(throws: RepodataError.self) { try package(String(text)) }
        #expect(error?.what.contains(problem) == true, "\(error?.what ?? "")")
    }

    @Test func bytesThatAreNoTextAreRefused() {
        let bytes = Array(Self.good.utf8).map { $0 == UInt8(ascii: "b") ? 0xFF : $0 }
        #expect(throws: RepodataError.self) {
            try bytes.withUnsafeBytes {
                try RepodataPackage(primary: $0, fileList: nil, path: "a", size: ByteCount(5), digest: Digest(of: [1]))
            }
        }
    }

    @Test(arguments: [
        "", "<html/>", "<!DOCTYPE metadata [<!ENTITY a \"b\">]><metadata/>",
        "<?xml version=\"1.0\" encoding=\"latin1\"?><metadata/>",
        "<metadata xmlns=\"http://linux.duke.edu/metadata/common\"/>",
        "<m:metadata xmlns:m=\"http://linux.duke.edu/metadata/common\"/>",
    ])
    func documentsWhoseNamesMeanSomethingElseAreRefused(text: String) {
        Array(text.utf8).withUnsafeBytes { bytes in
            _ = #expect(throws: RepodataError.self) { try RepodataElements(bytes, source: "primary.xml") }
        }
    }
}

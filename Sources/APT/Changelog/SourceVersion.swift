/// What a package file tells of the source package that it was built from.
package struct SourceVersion: Hashable, Sendable {
    /// "openssl", of libssl3t64.
    package let name: String
    /// That of the source package, which a binary package may be numbered apart from.
    package let version: DebianVersion

    /// By the field Source of a control paragraph, deb-src-control(5); without one, the source is called as the package is. Nil
    /// where the paragraph has no name or no version.
    package init?(controlParagraph bytes: [UInt8]) {
        guard let stanza = try? Deb822Stanza.all(in: bytes).first, let package = stanza["Package"],
            let own = stanza["Version"]
        else { return nil }
        let source = Self.parts(of: stanza["Source"] ?? package)
        name = source.name
        version = DebianVersion(unchecked: Self.withoutRebuild(source.version ?? own).utf8)
    }

    /// What the field Source says: "openssl", or "openssl (3.5.4-1)" where the package itself has another version.
    package static func parts(of field: String) -> (name: String, version: String?) {
        let words = field.split { " ()".contains($0) }.map(String.init)
        return (words.first ?? field, words.count > 1 ? words[1] : nil)
    }

    /// "3.5.4-1" of "3.5.4-1+b2": a package that was built once more, of the same source.
    package static func withoutRebuild(_ version: String) -> String {
        guard let plus = version.lastIndex(of: "+"), version[plus...].hasPrefix("+b") else { return version }
        let number = version[version.index(plus, offsetBy: 2)...]
        let isNumber = !number.isEmpty && number.utf8.allSatisfy(\.isDigit)
        return isNumber ? String(version[..<plus]) : version
    }
}

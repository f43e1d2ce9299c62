import Testing

@testable import Evidence

/// What packages say of their licences becomes expressions of SPDX, and where there is no identifier, a reference to their words.
@Suite struct LicenceTests {
    private static let format = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"

    private func licence(_ names: String...) -> Licence? {
        Licence(copyright: Array((Self.format + names.map { "\nFiles: *\nLicense: \($0)\n text\n" }.joined()).utf8))
    }

    @Test(arguments: [
        ("GPL-2+", "GPL-2.0-or-later"), ("Expat", "MIT"), ("gpl-3", "GPL-3.0-only"),
        ("GPL-1+ or Artistic", "GPL-1.0-or-later OR Artistic-1.0"),
        ("GPL-2+ and BSD-3-clause", "BSD-3-Clause AND GPL-2.0-or-later"),
        ("GPL-2 or GPL-3, and Expat", "(GPL-2.0-only OR GPL-3.0-only) AND MIT"),
        ("GPL-2+ with OpenSSL exception", "LicenseRef-GPL-2-or-later-with-OpenSSL-exception"),
        ("public-domain", "LicenseRef-public-domain"),
    ])
    func namesOfDebian(name: String, expression: String) {
        #expect(licence(name)?.expression == expression)
    }

    @Test func allThatIsNamedCountsOnceAndInOneOrder() {
        #expect(licence("ISC", "GPL-2+", "Expat", "GPL-2+")?.expression == "GPL-2.0-or-later AND ISC AND MIT")
        #expect(
            licence("Expat", "GPL-1+ or Artistic")?.expression == "(GPL-1.0-or-later OR Artistic-1.0) AND MIT")
        #expect(licence("GPL-2+ and ISC", "ISC")?.expression == "GPL-2.0-or-later AND ISC")
        #expect(licence("my own")?.references == ["LicenseRef-my-own": "my own"])
    }

    @Test func whatIsNotMachineReadableSaysNothing() {
        #expect(Licence(copyright: Array("This package is free.\nLicense: GPL-2\n".utf8)) == nil)
        #expect(Licence(copyright: Array(Self.format.utf8)) == nil)
        #expect(Licence(copyright: []) == nil)
    }

    @Test(arguments: [
        ("GPL-2.0-or-later AND (MIT OR Apache-2.0)", "GPL-2.0-or-later AND (MIT OR Apache-2.0)"),
        ("GPLv2+ and BSD", "LicenseRef-GPLv2-or-later-and-BSD"), ("ASL 2.0", "LicenseRef-ASL-2.0"),
    ])
    func tagsOfRPM(tag: String, expression: String) {
        #expect(Licence(rpm: tag)?.expression == expression)
    }

    /// Different words never share a reference.
    @Test func referencesAreToldApart() {
        let licence = licence("a b", "a_b")
        #expect(licence?.references.count == 2)
        #expect(Set((licence?.references ?? [:]).values) == ["a b", "a_b"])
    }
}

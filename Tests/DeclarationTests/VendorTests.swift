import MadeDeclaration
import Primitives
import SystemPackage
import Testing

@testable import Declaration

/// Whom a distribution is like, and where what is installed of it gets updates from.
@Suite struct VendorTests {
    private func parse(_ changes: [(String, String)]) throws -> Declaration {
        var text = MadeDeclaration.text
        for (old, new) in changes {
            #expect(text.contains(old), "\(old)")
            text = text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
        }
        return try MadeDeclaration.parse(text)
    }

    private func source(_ changes: [(String, String)]) throws -> Declaration.APTSource {
        try #require(try parse(changes).distributions[0].apt)
    }

    @Test func aDistributionIsLikeTheOneOfItsNameUnlessItSaysWhom() throws {
        #expect(try source([]).vendor == .debian)
        for name in ["ubuntu", "ubuntu-jammy"] {
            #expect(
                try source([("debian:", "\(name):"), ("distribution: debian", "distribution: \(name)")]).vendor
                    == .ubuntu)
        }
        #expect(Vendor(distribution: "ubuntustudio") == .debian)
        #expect(Vendor(distribution: "devuan") == .debian)
        #expect(try source([("    codename: trixie", "    codename: trixie\n    like: ubuntu")]).vendor == .ubuntu)
        #expect(
            MadeDeclaration.errors("codename: trixie", "codename: trixie\n    like: mint") == [
                "6:11 distributions.debian.like cannot be \"mint\" | debian or ubuntu"
            ])
    }

    @Test(arguments: [
        ("[host]", "[trixie, trixie-updates]", "http://ftp.debian.org/debian"),
        ("[host]", "[trixie-security]", "http://security.debian.org/debian-security"),
        ("[\"http://mirror.example/debian/\", host]", "[trixie]", "http://mirror.example/debian"),
        ("[\"http://me:secret@mirror.example/debian\"]", "[trixie]", nil),
        ("[/srv/debian]", "[trixie]", nil),
    ])
    func updatesComeFromWhereTheRepositoryIsDeclaredToBe(mirrors: String, suites: String, expected: String?) throws {
        let changes = [
            ("[host, \"http://mirror.example/debian/\", \"file:///srv/debian\", mirror]", mirrors),
            ("[trixie, trixie-updates]", suites),
        ]
        #expect(try source(changes).repositories[0].updates == expected)
    }

    @Test(arguments: [
        ("/usr/share/keyrings/debian-archive-keyring.gpg", "apt-get install debian-archive-keyring"),
        ("/usr/share/keyrings/ubuntu-archive-keyring.gpg", "apt-get install ubuntu-keyring (Debian has it from 13 on"),
        ("/usr/share/distribution-gpg-keys/x/KEY", "apt-get install distribution-gpg-keys (Debian has it from 13 on"),
        ("/keys/debian-archive-keyring.gpg", "get it from whoever signs the repository"),
    ])
    func aMissingKeyringIsInThePackageOfItsPlace(path: String, hint: String) throws {
        #expect(try #require(Mistake.missingKeyring(FilePath(path), at: nil).hint).hasPrefix(hint))
    }

    @Test func orFromWhereTheKeySays() throws {
        func changed(_ value: String) -> (String, String) {
            ("components: [main]\n        keyring", "components: [main]\n        updates: \(value)\n        keyring")
        }
        #expect(try source([changed("http://x.example/debian/")]).repositories[0].updates == "http://x.example/debian")
        #expect(try source([changed("none")]).repositories[0].updates == nil)
        for value in ["/srv/debian", "ftp://x.example", "http://me:secret@x.example"] {
            let (part, replacement) = changed(value)
            let errors = MadeDeclaration.errors(part, replacement)
            #expect(errors.count == 1 && errors[0].hasSuffix("and without a password, or none"), "\(errors)")
        }
    }
}

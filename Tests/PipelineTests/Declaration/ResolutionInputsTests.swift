import Darksites
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

@Suite struct ResolutionInputsTests {
    private func entries(_ text: String) throws -> PackageSetUnion {
        let set = try PackageSet(parsing: text, name: "a", file: "a.txt")
        return try PackageSetUnion(of: set.entries, files: ["a.txt"], architecture: "amd64")
    }

    private func digest(_ part: String = "", _ replacement: String = "", sets: String = "htop\nnginx\n") throws
        -> Digest
    {
        let text = part.isEmpty ? DeclarationTests.text : DeclarationTests.text.replacing(part, with: replacement)
        #expect(part.isEmpty || text != DeclarationTests.text)
        let declaration = try DeclarationTests.parse(text)
        return Digest(
            of: Declaration.resolutionInputs(of: declaration.distributions[0], profiles: ["core": try entries(sets)]))
    }

    /// A change of this digest makes every lock stale: it must be meant.
    @Test func theBytesStayWhatTheyAre() throws {
        let hex = try digest().hex
        #expect(hex == "cb64cb745da24a3dc1e224a102fd0b22804379c6dc663b86009623cbc97db1dd")
    }

    @Test(arguments: [
        ("[host, \"http", "[\"http"), ("[../own]", "[../other]"), ("keep: 5", "keep: 4"), ("/keys/", "/other/"),
        ("version: 1\n", "# comment\nversion: 1\n"),
    ])
    func whatDecidesNothingChangesNothing(part: String, replacement: String) throws {
        #expect(try digest(part, replacement) == digest())
    }

    @Test func orderAndCommentsOfSetsChangeNothing() throws {
        #expect(try digest(sets: "# web\nnginx # fast\n\nhtop\nhtop\n-x [arm64]\n") == digest())
    }

    @Test(arguments: [
        ("\"13\"", "\"14\""), ("codename: trixie", "codename: sid"), ("amd64", "arm64"),
        ("[trixie, trixie-updates]", "[trixie]"),
        ("components: [main]", "components: [main, contrib]"), ("name: own", "name: ours"),
        ("priority: -10", "priority: 10"),
        ("linux-*", "linux*"), ("c=main", "c=contrib"), (", unsigned: true", ", keyring: /k"),
        ("\"release n=trixie-backports, c=main\"", "version main"),
        ("\"release n=trixie-backports, c=main\"", "origin main"),
    ])
    func whatDecidesChangesTheDigest(part: String, replacement: String) throws {
        #expect(try digest(part, replacement) != digest())
    }

    @Test(arguments: [
        "htop\n", "htop\nnginx?\n", "htop\nnginx\n-x\n", "htop\nnginx/sid\n", "htop\nnginx=1\n", "htop\nnginx:i386\n",
    ])
    func entriesOfSetsChangeTheDigest(sets: String) throws {
        #expect(try digest(sets: sets) != digest())
    }
}

import Declaration
import MadeDeclaration
import Packages
import Primitives
import SystemPackage
import Testing

@testable import Locking

@Suite struct LockedRequestTests {
    private func entries(_ text: String) throws -> PackageSetUnion {
        let set = try PackageSet(parsing: text, name: "a", file: "a.txt")
        return try PackageSetUnion(
            of: set.entries, files: ["a.txt"], family: .apt, architecture: "amd64",
            followsRecommends: set.followsRecommends)
    }

    private func asked(_ part: String = "", _ replacement: String = "", sets: String = "htop\nnginx\n") throws
        -> LockedRequest
    {
        let text = part.isEmpty ? MadeDeclaration.text : MadeDeclaration.text.replacing(part, with: replacement)
        #expect(part.isEmpty || text != MadeDeclaration.text)
        let declaration = try MadeDeclaration.parse(text)
        let distribution = declaration.distributions[0]
        let signed = try #require(distribution.apt).repositories.filter { $0.trust != .unsigned }.map {
            ($0.name, Digest(of: [UInt8]()))
        }
        return LockedRequest(
            of: distribution, profiles: ["core": try entries(sets)], keyrings: Dictionary(uniqueKeysWithValues: signed))
    }

    @Test(arguments: [
        ("[host, \"http", "[\"http"), ("[../own]", "[../other]"), ("keep: 5", "keep: 4"), ("/keys/", "/other/"),
        ("version: 1\n", "# comment\nversion: 1\n"),
        ("components: [main]\n", "components: [main]\n        snapshot: \"http://s.example/{date}\"\n"),
    ])
    func whatDecidesNothingChangesNothing(part: String, replacement: String) throws {
        #expect(try asked(part, replacement) == asked())
    }

    @Test func orderAndCommentsOfSetsChangeNothing() throws {
        #expect(try asked(sets: "# web\nnginx # fast\n\nhtop\nhtop\n-x [arm64]\n") == asked())
    }

    @Test(arguments: [
        ("\"13\"", "\"14\""), ("codename: trixie", "codename: sid"),
        ("[trixie, trixie-updates]", "[trixie]"),
        ("components: [main]", "components: [main, contrib]"), ("name: own", "name: ours"),
        ("priority: -10", "priority: 10"),
        ("linux-*", "linux*"), ("c=main", "c=contrib"), (", unsigned: true", ", keyring: /k"),
        ("\"release n=trixie-backports, c=main\"", "version main"),
        ("\"release n=trixie-backports, c=main\"", "origin main"),
    ])
    func whatDecidesChangesTheRequest(part: String, replacement: String) throws {
        #expect(try asked(part, replacement) != asked())
    }

    @Test(arguments: [
        "htop\n", "htop\nnginx?\n", "htop\nnginx\n-x\n", "htop\nnginx/sid\n", "htop\nnginx=1\n", "htop\nnginx:i386\n",
        "htop\nnginx\n@recommends\n",
    ])
    func entriesOfSetsChangeTheRequest(sets: String) throws {
        #expect(try asked(sets: sets) != asked())
    }
}

import Declaration
import MadeDeclaration
import Primitives
import SystemPackage
import Testing

@testable import Locking

/// What of an RPM distribution's declaration decides a resolution.
@Suite struct RPMRequestTests {
    private func centos(_ part: String = "", _ replacement: String = "") throws -> Declaration.Distribution {
        let declared = MadeDeclaration.rpmText
        let text = part.isEmpty ? declared : declared.replacing(part, with: replacement)
        #expect(part.isEmpty || text != declared)
        let declaration = try MadeDeclaration.parse(text)
        return try #require(declaration.distributions.first { $0.name == "centos" })
    }

    private func asked(_ part: String = "", _ replacement: String = "", keys: [UInt8] = []) throws -> LockedRequest {
        LockedRequest(
            of: try centos(part, replacement), profiles: [:], keyrings: ["centos-baseos": Digest(of: keys)],
            packageKeys: ["centos-baseos": Digest(of: keys)])
    }

    @Test(arguments: [
        ("http://zfs.example.org/$basearch/", "http://other.example.org/$basearch/"),
        ("https://mirrors.example.org/metalink?repo=epel-9", "https://mirrors.example.org/metalink?repo=epel-10"),
        ("file:///srv/list", "file:///srv/other"), ("[\"kernel*\", curl]", "[curl, \"kernel*\"]"),
        ("zfs: kmod", "zfs: dkms"),
    ])
    func whatDecidesNothingChangesNothing(part: String, replacement: String) throws {
        #expect(try asked(part, replacement) == asked())
    }

    @Test(arguments: [
        ("platform: el9", "platform: el10"), ("priority: 90", "priority: 91"), ("cost: 2000", "cost: 2001"),
        ("\"kernel*\", curl", "curl"), ("[\"*-debuginfo\"]", "[]"), ("nodejs:20", "nodejs:22"),
        (", module-hotfixes: true", ""), ("        vouched-by: metalink\n", ""),
        ("name: centos-hotfix", "name: x"),
    ])
    func whatDecidesChangesTheRequest(part: String, replacement: String) throws {
        #expect(try asked(part, replacement) != asked())
    }

    @Test func keysDecide() throws { #expect(try asked(keys: [1]) != asked()) }
}

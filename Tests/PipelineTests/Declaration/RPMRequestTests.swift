import Darksites
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// What of an RPM distribution's declaration decides a resolution, and where its repositories are found.
@Suite struct RPMRequestTests {
    private func centos(_ part: String = "", _ replacement: String = "") throws -> Declaration.Distribution {
        let declared = RPMDeclarationTests.text
        let text = part.isEmpty ? declared : declared.replacing(part, with: replacement)
        #expect(part.isEmpty || text != declared)
        let declaration = try DeclarationTests.parse(text)
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

    @Test func keysDecideWhateverTheirOrderAndNames() throws {
        #expect(try asked(keys: [1]) != asked())
        let repository = try MadeRPMRepository()
        let names = ["a", "b", "c"].map { repository.folder.appending($0) }
        for (name, text) in zip(names, ["one", "two", "one"]) { try Files.write(text.utf8, to: name) }
        #expect(try KeyFiles([names[0]]).digest() == Digest(of: "one".utf8))
        #expect(try KeyFiles([names[0], names[2]]).digest() == Digest(of: "one".utf8))
        #expect(try KeyFiles([names[0], names[1]]).digest() == KeyFiles([names[1], names[2]]).digest())
        #expect(try KeyFiles([names[0], names[1]]).digest() != KeyFiles([names[0]]).digest())
        #expect(throws: FileError.self) { try KeyFiles([repository.folder.appending("none")]).digest() }
    }

    @Test func theEnvironmentWinsOverListsOfMirrors() throws {
        let repositories = try #require(try centos().rpm).repositories
        func addresses(_ environment: [String: String], _ number: Int) throws -> [String] {
            try MirrorSelection(host: HostAPT(sources: []), environment: environment, workingFolder: "/w")
                .addresses(of: repositories[number]).map(\.url)
        }
        #expect(try addresses([:], 0) == [])
        #expect(try addresses([:], 2) == ["http://zfs.example.org/x86_64", "file:///zfs"])
        #expect(
            try addresses(["DEPLOY_MIRROR_CENTOS_BASEOS": "http://x.example/os/ my"], 0) == [
                "http://x.example/os", "file:///w/my",
            ])
        #expect(try addresses(["DEPLOY_MIRROR_CENTOS_ZFS": "/m"], 2) == ["file:///m"])
        #expect(throws: Mistake.self) { try addresses(["DEPLOY_MIRROR_CENTOS_ZFS": "ftp://x"], 2) }
        #expect(
            repositories.map { $0.list?.kind } == [.metalink, .metalink, nil, .list])
        #expect(repositories[0].list?.url == "https://mirrors.example.org/metalink?repo=baseos-9&arch=x86_64")
    }
}

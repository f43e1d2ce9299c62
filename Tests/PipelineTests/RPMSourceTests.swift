import Declaration
import MadeDeclaration
import Packages
import Primitives
import SystemPackage
import Testing

@testable import Darksites
@testable import Pipeline

/// Where repositories of RPM packages are found, and with whose keys.
@Suite struct RPMSourceTests {
    @Test func whatKeysAreIsWhateverTheirOrderAndNames() throws {
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
        let repositories = try #require(
            try MadeDeclaration.parse(MadeDeclaration.rpmText)[distribution: "centos"]?.rpm
        ).repositories
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

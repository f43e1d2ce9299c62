import APT
import BuildGraph
import ContentStore
import Darksites
import Declaration
import Locking
import MadeDeclaration
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// Packages for other architectures than the distribution's own: asked for by name, locked, and in the mirror.
@Suite struct ForeignArchitectureTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
        try checkout.edit(
            "deploy.yaml", "architecture: amd64\n", "architecture: amd64\n    foreign-architectures: [i386]\n")
    }

    @Test func areLockedWithTheirIndexes() async throws {
        try checkout.set("core", "curl", "game:i386")
        let locked = try #require(try await LockKeeper(project: checkout.project()).current()["debian"])
        #expect(locked.indexes.map(\.architecture) == ["amd64", "i386"])
        #expect(locked.architectures == ["amd64", "i386"])
        let foreign = locked.packages.filter { $0.architecture == "i386" }
        #expect(foreign.map { "\($0.name) \($0.version)" } == ["game 1.0", "libc6 2.41-1"])
        #expect(foreign.allSatisfy { $0.profiles == ["core", "server"] })
        #expect(locked.packages(of: "core").contains { $0.name == "game-data" && $0.architecture == "all" })
        #expect(locked.packages(of: "core").contains { $0.name == "libc6" && $0.architecture == "amd64" })
    }

    @Test func areNotThereWhereTheyAreNotDeclared() async throws {
        try checkout.edit("deploy.yaml", "    foreign-architectures: [i386]\n", "")
        try checkout.set("core", "game:i386")
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("package-sets/debian/core.txt:1:1: "), "\(error)")
        #expect(!Files.exists(checkout.lockFile))
    }

    @Test(
        arguments: [
            ("[amd64]", ["amd64 is no architecture beside the others"]), ("[armhf, i386, i386]", ["\"i386\" twice"]),
            ("[all]", ["packages of all are there for every architecture"]),
        ] as [(String, [String])])
    func areDeclaredOnceEach(list: String, problems: [String]) {
        let errors = MadeDeclaration.errors(
            "    architecture: amd64\n", "    architecture: amd64\n    foreign-architectures: \(list)\n")
        #expect(errors.count == problems.count)
        for (error, problem) in zip(errors, problems) { #expect(error.contains(problem)) }
    }

    @Test(
        arguments: [
            ("http://a.example.org/debian", "a.example.org"), ("https://me@b.example.org:8080/x", "b.example.org"),
            ("http://[::1]:80/x", "::1"), ("file:///srv/debian", nil), ("/srv/debian", nil),
        ] as [(String, String?)])
    func mirrorsHaveAHostForPinsByOrigin(address: String, host: String?) {
        #expect(MirrorAddress(address, relativeTo: "/")?.host == host)
    }

    @Test func areInTheMirrorAndTheRealAptInstallsThem() async throws {
        try checkout.set("core", "curl", "game:i386")
        let project = try checkout.project()
        let report = try await checkout.build("debian/signed", project: project)
        let locked = try #require(try LockKeeper(project: project).existing()?["debian"])
        let artifact = try #require(report.records["debian/signed"]?.outputs["mirror"])
        #expect(
            try await checkout.judge(artifact, of: locked, project: project).contains("apt installs core"))

        // The same judge without the foreign package on the list finds one too many.
        let failure = await #expect(throws: Tool.Failed.self) {
            try await checkout.judge(artifact, of: locked, project: project) {
                $0.name != "libc6" || $0.architecture != "i386"
            }
        }
        #expect(failure?.output.contains("libc6 2.41-1 i386") == true, "\(failure?.output ?? "")")
    }

    @Test func maybeMissingInSomeRepositoriesAndAreSaidToBe() async throws {
        let other = try UnsignedRepository(at: checkout.folder.appending("other"))
        try other.add("acme", in: "main/binary-amd64")
        try other.release("Date: Sun, 01 Jun 2025 00:00:00 UTC\n")
        try checkout.edit(
            "deploy.yaml", "keyring: \(archive.keyring)\n",
            "keyring: \(archive.keyring)\n      - {name: other, mirrors: [./other], suites: [stable], components: [main], unsigned: true}\n"
        )
        try checkout.set("core", "game:i386", "acme")
        let locked = try #require(try await LockKeeper(project: checkout.project()).current()["debian"])
        #expect(locked.packages.contains { $0.name == "acme" } && locked.packages.contains { $0.name == "game" })
        #expect(checkout.notices.contains("other stable has no packages for i386"))
        try checkout.edit("deploy.yaml", "foreign-architectures: [i386]", "foreign-architectures: [i386, armhf]")
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("no repository has packages for armhf"), "\(error)")
    }
}

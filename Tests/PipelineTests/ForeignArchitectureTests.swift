import APT
import BuildGraph
import ContentStore
import Darksites
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
            ("[all]", ["all is no architecture beside the others"]),
        ] as [(String, [String])])
    func areDeclaredOnceEach(list: String, problems: [String]) {
        let errors = DeclarationTests.errors(
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
        let report = try await checkout.build("debian/mirror", project: project)
        let locked = try #require(try LockKeeper(project: project).existing()?["debian"])
        let artifact = try #require(report.records["debian/mirror"]?.outputs["mirror"])
        let folder = checkout.folder.appending("judged")
        try project.store.materialize(project.store.tree(artifact.digest), at: folder.pushing("in/mirror"))
        try Files.write(try await SigningKey(home: project.workspace.key).publicKey, to: folder.pushing("in/key.gpg"))
        let list = locked.packages(of: "core").map { "\($0.name) \($0.version) \($0.architecture)\n" }.sorted()
        try Files.createDirectory(folder.pushing("in/profiles"))
        try Files.createDirectory(folder.appending("out"))
        try Files.write(list.joined().utf8, to: folder.pushing("in/profiles/core"))
        try Files.write(GateScript.apt, to: folder.appending("judge"))
        try Files.createDirectory(folder.pushing("in/rules"))
        try Files.write("".utf8, to: folder.pushing("in/rules/core"))
        let judge = [
            "env", "GATE_IN=\(folder)/in", "GATE_OUT=\(folder)/out", "bash", folder.appending("judge").string, "trixie",
            MirrorRecipe.component, "amd64,i386",
        ]
        #expect(
            try Tool.run(judge).contains("summary: apt installs core (\(list.count) packages) from the mirror alone"))

        // The same judge without the foreign package on the list finds one too many.
        try Files.write(
            list.filter { !$0.hasPrefix("libc6 ") || !$0.contains("i386") }.joined().utf8,
            to: folder.pushing("in/profiles/core"))
        let failure = #expect(throws: Tool.Failed.self) { try Tool.run(judge) }
        #expect(failure?.output.contains("libc6 2.41-1 i386") == true, "\(failure?.output ?? "")")
    }
}

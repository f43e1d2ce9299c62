import BuildGraph
import ContentStore
import Darksites
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// A declared distribution costs nothing until something is made of it: its archive, keyring and sets are not asked for.
@Suite struct DistributionsInUseTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout
    /// Where a second distribution's mirror is said to be, and is.
    private let inReach: [String: String]

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
        inReach = ["DEPLOY_MIRROR_OTHER": archive.url]
        try declareUbuntu(keyring: archive.keyring.string)
    }

    /// Declares Ubuntu, with the made archive as its own.
    private func declareUbuntu(keyring: String) throws {
        try checkout.edit(
            "deploy.yaml", "live:\n",
            """
              ubuntu:
                release: "24.04"
                codename: trixie
                architecture: amd64
                repositories:
                  - name: other
                    mirrors: ["http://127.0.0.1:9/other"]
                    suites: [trixie]
                    components: [main]
                    keyring: \(keyring)
                profiles:
                  core: [core]
                  server: [core]
            live:

            """)
        try Files.createDirectory(checkout.folder.pushing("package-sets/ubuntu"))
        try set("linux-image-amd64", "zsh")
    }

    private func set(_ lines: String...) throws {
        try Files.write(
            lines.map { $0 + "\n" }.joined().utf8, to: checkout.folder.pushing("package-sets/ubuntu/core.txt"))
    }

    private func lock() throws -> Lock { try #require(try LockKeeper(project: checkout.project()).existing()) }

    @Test func whatIsNotInUseNeedsNoArchiveNoKeyringAndNoSets() async throws {
        try checkout.edit(
            "deploy.yaml", "keyring: \(archive.keyring)\n    profiles:\n      core: [core]",
            "keyring: /none\n    profiles:\n      core: [core]")
        try Files.remove(checkout.folder.pushing("package-sets/ubuntu"))
        let report = try await checkout.build("debian/mirror")
        #expect(report.ran.count == 3)
        #expect(try lock().distributions.map(\.name) == ["debian"])
        let checks = await (try checkout.project()).examine().map(\.subject)
        #expect(!checks.contains { $0.contains("other") } && checks.contains("repository made"))
    }

    @Test func whereItIsNamedItsKeyringIsAskedFor() async throws {
        try checkout.edit(
            "deploy.yaml", "keyring: \(archive.keyring)\n    profiles:\n      core: [core]",
            "keyring: /none/ubuntu-archive-keyring.gpg\n    profiles:\n      core: [core]")
        for environment in [["KLDLOAD_DISTRO": "ubuntu"], [:]] {
            let project = try checkout.project(environment: inReach.merging(environment) { $1 })
            let targets = environment.isEmpty ? ["3"] : []
            do {
                _ = try await project.currentPlan(writesLock: true, request: BuildRequest(targets: targets))
                Issue.record("nothing was thrown")
            } catch let error as any UserError {
                #expect(error.description.contains("there is no keyring /none/ubuntu-archive-keyring.gpg"))
                #expect(error.description.contains("apt-get install ubuntu-keyring"))
            }
        }
    }

    @Test func aTargetThatNamesItBuildsItBesideTheImage() async throws {
        let project = try checkout.project(environment: inReach)
        let report = try await checkout.build("ubuntu/mirror", project: project)
        #expect(Set(report.ran.map(\.text)) == ["ubuntu/packages", "ubuntu/indexes", "ubuntu/mirror"])
        #expect(try lock().distributions.map(\.name) == ["debian", "ubuntu"])
        #expect(
            checkout.notices.contains { $0.hasPrefix("ubuntu: packages: core ") && $0.contains("kernel 6.12.1-amd64") })
        let mirror = try #require(report.records["ubuntu/mirror"]?.outputs["mirror"])
        let pool = try project.store.tree(mirror.digest).paths.filter { $0.hasPrefix("pool/") }
        let ubuntu = try #require(try lock()["ubuntu"])
        #expect(Set(pool) == Set(ubuntu.packages(of: "core").map(\.path)))

        // The stage by its number, with its gate; nothing of the image.
        let stage = try await checkout.build("3", project: project)
        #expect(stage.ran.map(\.text).contains("ubuntu/gate") && !stage.records.keys.contains("iso/image"))
        #expect(stage.records.keys.contains("ubuntu/darksite"))
    }

    @Test func aSectionThatIsNotInUseStaysAsItIs() async throws {
        let before = try await checkout.build("iso", project: checkout.project(environment: inReach))
        _ = try await checkout.build("ubuntu/mirror", project: checkout.project(environment: inReach))
        let section = try #require(try lock()["ubuntu"])
        // Its set changes, its archive is out of reach, and the other distribution moves.
        try set("curl")
        let after = try await checkout.build("iso")
        #expect(after.ran.isEmpty, "nothing of the image follows from a distribution that is not on it")
        #expect(after.records["iso/image"]?.outputs == before.records["iso/image"]?.outputs)
        try archive.moveOn()
        try await checkout.project().update([])
        #expect(try lock()["ubuntu"] == section)
        #expect(checkout.notices.contains { $0.hasPrefix("debian: ") && $0.contains("1.28-1") })
        // A stale section counts for nothing in a build that must not change the lock, either.
        _ = try await checkout.project().currentPlan(writesLock: true, request: BuildRequest(isLocked: true))

        // Named, it follows its set, against its own snapshot.
        _ = try await checkout.build("ubuntu/mirror", project: checkout.project(environment: inReach))
        let renewed = try #require(try lock()["ubuntu"])
        #expect(renewed.snapshots == section.snapshots)
        #expect(renewed.packages.contains { $0.name == "curl" && $0.version == "8.1-1" })
    }

    @Test func updateMovesWhatIsNamedAndWithoutANameWhatIsInUse() async throws {
        _ = try await checkout.build("ubuntu/mirror", project: checkout.project(environment: inReach))
        let before = try lock()
        try archive.moveOn()
        try await checkout.project(environment: inReach).update(["ubuntu"])
        #expect(try lock()["debian"] == before["debian"])
        #expect(try lock()["ubuntu"] != before["ubuntu"])
        try await checkout.project().update([])
        #expect(try lock()["debian"] != before["debian"])
    }

    @Test func aQuestionThatNamesItIsAnswered() async throws {
        let project = try checkout.project(environment: inReach)
        #expect(try await project.open(distribution: "ubuntu").declaration.name == "ubuntu")
        await #expect(throws: UnknownDistribution.self) { try await project.open(distribution: "fedora") }
    }

    @Test func aFlagPutsItOnTheImageAndLeavesTheOthersMirrorAlone() async throws {
        try await checkout.build("debian/mirror")
        let project = try checkout.project(environment: inReach.merging(["KLDLOAD_DISTRO": "ubuntu"]) { $1 })
        let plan = try await project.currentPlan(writesLock: true)
        #expect(plan.imageName.hasPrefix("kldload-free-ubuntu-core-amd64-"))
        let image = try #require(plan.graph.steps["iso/image"])
        #expect(
            image.inputs.keys.filter { $0.hasPrefix("darksite-") }.sorted() == ["darksite-debian", "darksite-ubuntu"])
        #expect(image.inputs["extra/darksite/ubuntu/profiles/core"] != nil)
        #expect(plan.graph.stages.map(\.name) == ["builder", "debian", "ubuntu", "iso"])
        let report = try await checkout.build("iso", project: project)
        #expect(!report.ran.contains("debian/mirror") && report.ran.contains("ubuntu/mirror"))
    }

    @Test func aSectionOfWhatIsNoLongerDeclaredGoes() async throws {
        _ = try await checkout.build("ubuntu/mirror", project: checkout.project(environment: inReach))
        let text = try Files.readText(checkout.folder.appending("deploy.yaml"))
        let start = try #require(text.firstRange(of: "  ubuntu:\n")).lowerBound
        let end = try #require(text.firstRange(of: "live:\n")).lowerBound
        try Files.write((text[..<start] + text[end...]).utf8, to: checkout.folder.appending("deploy.yaml"))
        _ = try await checkout.build("debian/mirror")
        #expect(try lock().distributions.map(\.name) == ["debian"])
    }
}

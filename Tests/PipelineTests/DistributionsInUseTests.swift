import APT
import BuildGraph
import ContentStore
import Darksites
import Declaration
import Locking
import Packages
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
            image.inputs.keys.filter { $0.hasSuffix("/apt") }.sorted() == [
                "root/darksite/debian/apt", "root/darksite/ubuntu/apt",
            ])
        #expect(image.inputs["root/darksite/ubuntu/profiles/core"] != nil)
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

    // RPM: the image that its packages are judged in is another one than that of all other steps.

    private func declareCentOS() throws {
        try checkout.edit(
            "deploy.yaml", "live:\n",
            """
              centos:
                family: rpm
                release: "9"
                platform: el9
                architecture: x86_64
                repositories:
                  - {name: base, baseurl: ["http://127.0.0.1:9/base"], keys: [/none/KEY]}
                profiles: {core: [core]}
            live:

            """)
        try checkout.edit("deploy.yaml", "sets: [builder]", "sets: [builder]\n  rpm-sets: [builder-rpm]")
        try checkout.set("builder-rpm", "zsh")
    }

    private func profiles(_ keeper: LockKeeper, naming named: Set<String> = [], beside lock: Lock? = nil) throws
        -> [String]
    {
        let declaration = try checkout.project().declaration
        let uses = declaration.usesRPM(naming: named, locked: lock)
        return declaration.profiles(of: try #require(declaration[distribution: "debian"]), usingRPM: uses).map(\.name)
    }

    @Test func theImageThatJudgesRPMPackagesIsLockedOnceThereIsAUseForItAndStays() async throws {
        try declareCentOS()
        let keeper = LockKeeper(project: try checkout.project())
        #expect(try !profiles(keeper).contains("rpm-builder"))
        #expect(try profiles(keeper, naming: ["centos"]).contains("rpm-builder"))
        // A build of Debian alone fetches nothing of it; its set and keys are not read.
        try Files.remove(checkout.folder.pushing("package-sets/debian/builder-rpm.txt"))
        _ = try await checkout.build("debian/mirror")
        let before = try lock()
        #expect(try #require(before["debian"]).packages(of: "rpm-builder").isEmpty)
        // What is locked of it is asked for from then on: the lock does not go back and forth.
        let packages = try #require(before["debian"]).packages(of: "builder").map {
            LockedPackage(
                name: $0.name, version: $0.version, architecture: $0.architecture, profiles: ["rpm-builder"],
                isEssential: $0.isEssential, size: $0.size, repository: $0.repository, path: $0.path, digest: $0.digest)
        }
        let after = Lock([
            LockedDistribution(
                name: "debian", family: .apt, architecture: "amd64", asked: nil, snapshots: [], indexes: [],
                packages: packages)
        ])
        #expect(try profiles(keeper, beside: after).contains("rpm-builder"))
        #expect(try !profiles(keeper, beside: before).contains("rpm-builder"))
        // With no distribution of RPM packages declared any more, it goes.
        try checkout.edit("deploy.yaml", "family: rpm\n    release", "family: rpm\n    online: true\n    release")
        try checkout.edit(
            "deploy.yaml",
            "    repositories:\n      - {name: base, baseurl: [\"http://127.0.0.1:9/base\"], keys: [/none/KEY]}\n",
            "")
        #expect(try !profiles(keeper, beside: after).contains("rpm-builder"))
    }

    @Test func theStepsOfRPMDistributionsAloneRunInThatImage() async throws {
        try declareCentOS()
        _ = try await checkout.build("debian/mirror")
        let project = try checkout.project()
        let nothing = Digest(of: [UInt8]())
        let centos = LockedDistribution(
            name: "centos", family: .rpm, architecture: "x86_64", asked: nil, snapshots: [], indexes: [],
            packages: [
                LockedPackage(
                    name: "bash", version: "5-1", architecture: "x86_64", profiles: ["core"], isEssential: false,
                    size: .zero,
                    repository: "base", path: "Packages/b/bash-5-1.x86_64.rpm", digest: nothing)
            ])
        func plan(beside: [LockedDistribution]) async throws -> BuildPlan {
            try BuildPlanner(
                declaration: project.declaration, lock: try lock(), beside: beside,
                fetch: project.packageFetch(), signer: try await SigningKey(home: project.workspace.key),
                includes: .literal([]), postinstall: nil, packageKeys: [:], forbidden: [:], isDraft: false
            ).plan()
        }
        func image(_ plan: BuildPlan, _ step: StepName) -> StepName? {
            guard case .output(let step, _) = plan.graph.steps[step]?.inputs["image"] else { return nil }
            return step
        }
        let with = try await plan(beside: [centos])
        #expect(image(with, "centos/signatures") == "builder/rpm-image")
        #expect(image(with, "centos/gate") == "builder/rpm-image")
        // What is not about packages does not need it.
        #expect(image(with, "centos/system-core") == "builder/image")
        #expect(image(with, "debian/gate") == "builder/image")
        #expect(image(with, "iso/image") == "builder/image")
        func names(_ plan: BuildPlan) -> [StepName] { plan.graph.steps.keys.sorted() }
        func named(_ distributions: Set<String>) -> [StepName] {
            project.declaration.targetNames(naming: distributions).steps.map(\.name).sorted()
        }
        #expect(names(with) == named(["centos"]))
        let steps = try with.resolve(targets: ["centos"])
        #expect(steps.contains("centos/darksite") && steps.allSatisfy { $0.text.hasPrefix("centos/") })
        let without = try await plan(beside: [])
        #expect(names(without) == named([]))
        #expect(!without.graph.steps.keys.contains("builder/rpm-image"))
        // The mirror and what the installer reads, each at its place on the image.
        try checkout.edit("deploy.yaml", "/none/KEY", archive.keyring.string)
        try checkout.edit("deploy.yaml", "debian: [core", "centos: [core]\n    debian: [core")
        let carrying = try checkout.project()
        let carried = try BuildPlanner(
            declaration: carrying.declaration, lock: Lock(try lock().distributions + [centos]), beside: [],
            fetch: carrying.packageFetch(), signer: try await SigningKey(home: carrying.workspace.key),
            includes: .literal([]), postinstall: nil, packageKeys: [:], forbidden: [:], isDraft: false
        ).plan()
        let inputs = try #require(carried.graph.steps["iso/image"]?.inputs)
        #expect(inputs["root/darksite/debian/apt"] != nil && inputs["root/darksite/rpm/centos"] != nil)
        guard case .literal(let list) = inputs["root/darksite/centos/profiles/core"],
            case .literal(let facts) = inputs["root/darksite/centos/distribution"]
        else {
            Issue.record("the installer would find no profile")
            return
        }
        #expect(String(decoding: list, as: UTF8.self) == "bash 0:5-1 x86_64\n")
        #expect(String(decoding: facts, as: UTF8.self).contains("\nPLATFORM=el9\n"))
        // Without a set of its own, there is one image for all.
        try checkout.edit("deploy.yaml", "\n  rpm-sets: [builder-rpm]", "")
        let shared = try checkout.project()
        let one = try BuildPlanner(
            declaration: shared.declaration, lock: Lock(try lock().distributions + [centos]), beside: [],
            fetch: shared.packageFetch(),
            signer: try await SigningKey(home: shared.workspace.key), includes: .literal([]), postinstall: nil,
            packageKeys: [:], forbidden: [:], isDraft: false
        ).plan()
        #expect(image(one, "centos/gate") == "builder/image")
    }
}

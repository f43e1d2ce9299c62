import APT
import BuildGraph
import ContentStore
import Darksites
import Locking
import Packages
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// Whole builds from a made archive: the steps that run inside deploy are real, the containers are made up.
@Suite struct BuildTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
    }

    private func mirror(_ report: BuildReport, _ checkout: MadeCheckout? = nil) throws -> FileTree {
        let artifact = try #require(report.records["debian/mirror"]?.outputs["mirror"])
        return try (checkout ?? self.checkout).project().store.tree(artifact.digest)
    }

    private func pool(_ tree: FileTree) -> Set<String> { Set(tree.paths.filter { $0.hasPrefix("pool/") }) }

    @Test func theMirrorIsTheClosureAndNothingElse() async throws {
        let report = try await checkout.build("debian/mirror")
        let locked = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        let tree = try mirror(report)
        #expect(pool(tree) == Set(locked.packages(of: "core").map(\.path)))
        #expect(
            tree.paths.filter { !$0.hasPrefix("pool/") && !$0.contains("/by-hash/") }
                == [
                    "dists/trixie/Release",
                    "dists/trixie/main/binary-amd64/Packages", "dists/trixie/main/binary-amd64/Packages.gz",
                    "dists/trixie/main/binary-amd64/Packages.xz", "dists/trixie/main/binary-amd64/Release",
                ].filter { tree.nodes[$0] != nil || !$0.hasSuffix("amd64/Release") })
        for package in locked.packages(of: "core") {
            #expect(tree.nodes[package.path] == .file(package.blob))
        }
    }

    @Test func fieldsThatNobodyKnowsAreKept() async throws {
        let project = try checkout.project(profile: "server")
        let tree = try mirror(try await checkout.build("debian/mirror", project: project))
        guard case .file(let blob, _) = tree.nodes["dists/trixie/main/binary-amd64/Packages"] else {
            Issue.record("there is no index")
            return
        }
        let index = String(decoding: try await project.store.bytes(of: blob), as: UTF8.self)
        #expect(index.contains("X-Unknown-Field: is kept\n"))
        #expect(index.contains("\n a line with a colon: and more\n"))
    }

    @Test func theRealAptInstallsFromTheMirrorAlone() async throws {
        let project = try checkout.project(profile: "server")
        let report = try await checkout.build("debian/signed", project: project)
        let folder = checkout.folder.appending("judged")
        let signed = try #require(report.records["debian/signed"]?.outputs["mirror"])
        try await project.store.materialize(try project.store.tree(signed.digest), at: folder.appending("mirror"))
        try Files.write(try await SigningKeyBytes.of(project), to: folder.appending("key.gpg"))
        let script = """
            set -e; cd "$1"; mkdir -p root/state/lists/partial root/cache/archives/partial root/etc; : >root/status
            echo "deb [arch=amd64 signed-by=$PWD/key.gpg] file:$PWD/mirror trixie main" >root/etc/sources.list
            {
                echo "Dir \\"$PWD/root\\"; Dir::State \\"$PWD/root/state\\"; Dir::State::status \\"$PWD/root/status\\";"
                echo "Dir::Cache \\"$PWD/root/cache\\"; Dir::Etc \\"$PWD/root/etc\\"; Dir::Etc::SourceParts \\"-\\";"
                echo 'APT::Architecture "amd64"; APT::Architectures { "amd64"; }; APT::Sandbox::User "root";'
                echo 'Acquire::Languages "none"; Debug::NoLocking "true";'
            } >apt.conf
            export APT_CONFIG=$PWD/apt.conf
            apt-get update --error-on=any >&2
            apt-get install --simulate --yes nginx mailer curl linux-image-amd64 | sed -n 's/^Inst \\([^ ]*\\) (\\([^ ]*\\).*/\\1 \\2/p' | sort
            """
        let installed = try Tool.run(["bash", "-c", script, "-", folder.string])
        for package in [
            "nginx 1.26-1", "nginx-common 1.26-1", "libcurl 8.1-1", "exim4 4.98-1", "linux-image-6.12.1-amd64 6.12.1-1",
        ] {
            #expect(installed.contains(package + "\n"), "\(installed)")
        }
    }

    @Test func aSecondBuildHasNothingToDo() async throws {
        let first = try await checkout.build()
        #expect(first.ran.count == first.records.count)
        _ = try archive.requests()
        _ = checkout.containers.take()
        let second = try await checkout.build()
        #expect(second.ran.isEmpty)
        #expect(checkout.containers.take() == [])
        #expect(try archive.requests() == [])
    }

    @Test func anAddedPackageRunsWhatItMustAndFetchesItsClosureAlone() async throws {
        let before = try await checkout.build()
        _ = try archive.requests()
        try checkout.set("core", "curl", "zsh")
        let after = try await checkout.build()
        #expect(
            try Set(archive.requests()) == [
                "pool/main/z/zsh/zsh_5.9-1_amd64.deb", "pool/main/z/zsh-common/zsh-common_5.9-1_all.deb",
            ])
        #expect(
            after.ran == [
                "debian/packages", "debian/mirror", "debian/signed", "debian/gate", "debian/slice-core",
                "debian/install-core",
                "debian/system-core-files", "debian/darksite", "debian/system-core", "iso/bills", "iso/digests",
                "iso/provenance", "iso/signatures", "iso/image",
            ])
        #expect(try pool(mirror(after)).subtracting(pool(mirror(before))).count == 2)
    }

    @Test func aChangeOfServerDoesNotInstallCoreAgain() async throws {
        let both = ["core", "server"].map { StepName("debian/install-\($0)") }
        try checkout.edit("deploy.yaml", "debian: [core]", "debian: [core, server]")
        let before = try await checkout.build()
        #expect(both.allSatisfy(before.ran.contains))
        try checkout.set("server", "nginx", "mailer", "zsh")
        let after = try await checkout.build()
        #expect(after.ran.contains("debian/slice-core"))
        #expect(!after.ran.contains(both[0]) && after.ran.contains(both[1]))
        #expect(!after.ran.contains("debian/system-core-files") && after.ran.contains("debian/system-server"))
    }

    @Test func aStepThatADraftLeavesOutIsSaidToBeThat() async throws {
        let project = try checkout.project()
        for step in ["debian/install-core", "debian/system-core"] {
            await #expect {
                try await project.standing(BuildRequest(targets: [step], isDraft: true))
            } throws: { error in
                (error as? PlanError)?.what.hasPrefix("a draft has no step \"\(step)\"") == true
            }
        }
        await #expect(throws: GraphError.self) {
            try await project.standing(BuildRequest(targets: ["debian/nothing"], isDraft: true))
        }
    }

    @Test func aDraftInstallsNothingAndSaysSoInItsNameAndItsCertificate() async throws {
        let project = try checkout.project()
        let plan = try await project.currentPlan(writesLock: true, request: BuildRequest(isDraft: true))
        #expect(plan.imageName == "kldload-free-debian-core-amd64-20250601-draft")
        #expect(plan.omitted == ["debian": ["core"]])
        let report = try await checkout.engine(project).build(try plan.graph.resolve(targets: []), in: plan.graph)
        #expect(!report.ran.contains { $0.text.contains("install-") || $0.text.contains("slice-") })
        let draft = try certificate(report)
        #expect(draft.contains("NOT proven: that core can be unpacked and configured."))
        #expect(draft.contains(", simulated by apt 3.0.3"))
        let proven = try await checkout.build()
        #expect(
            proven.ran == [
                "debian/slice-core", "debian/install-core", "debian/system-core-files", "debian/darksite",
                "debian/system-core", "iso/bills", "iso/digests", "iso/provenance", "iso/signatures", "iso/image",
            ])
        #expect(try !certificate(proven).contains("NOT proven"))
        #expect(
            proven.records["debian/darksite"]?.summary
                == "core install from this image alone (apt 3.0.3, unpacked and configured, no network)")
    }

    @Test func theCertificateIsSignedByTheMirrorsKeyAndNamesItsRelease() async throws {
        let report = try await checkout.build("debian/darksite")
        let project = try checkout.project()
        let artifact = try #require(report.records["debian/darksite"]?.outputs["darksite"])
        let folder = checkout.folder.appending("certified")
        let tree = try project.store.tree(artifact.digest)
        try await project.store.materialize(tree, at: folder)
        try Files.write(try await SigningKeyBytes.of(project), to: checkout.folder.appending("key.gpg"))
        try Tool.run([
            "gpgv", "--keyring", "\(checkout.folder)/key.gpg", "\(folder)/certificate.txt.asc",
            "\(folder)/certificate.txt",
        ])
        let text = try certificate(report)
        guard case .file(let release, _) = tree.nodes["dists/trixie/Release"] else {
            Issue.record("there is no Release")
            return
        }
        #expect(text.contains("dists/trixie/Release, sha256 \(release.digest.hex)"))
        #expect(text.contains("core: linux 6.12.1-amd64, no prebuilt ZFS module"))
        // Beside it the darksite is the mirror, and its signature.
        #expect(
            Set(tree.paths).subtracting(try mirror(report).paths) == [
                "certificate.txt", "certificate.txt.asc", "dists/trixie/Release.gpg",
            ])
    }

    private func certificate(_ report: BuildReport) throws -> String {
        let store = try checkout.project().store
        let artifact = try #require(report.records["debian/darksite"]?.outputs["darksite"])
        guard case .file(let blob, _) = try store.tree(artifact.digest).nodes["certificate.txt"] else {
            Issue.record("there is no certificate")
            return ""
        }
        return String(decoding: try store.bytes(of: blob.digest), as: UTF8.self)
    }

    @Test func aSliceHoldsWhatItsProfileInstallsAndNothingElse() async throws {
        let project = try checkout.project(profile: "server")
        let report = try await checkout.build("debian/install-core", project: project)
        let artifact = try #require(report.records["debian/slice-core"]?.outputs["packages"])
        let tree = try project.store.tree(artifact.digest)
        let locked = try #require(try LockKeeper(project: project).existing()?["debian"])
        let files = locked.packages(of: "core").compactMap { $0.path.split(separator: "/").last.map(String.init) }
        #expect(Set(tree.paths) == Set(files + ["Packages"]))
    }

    @Test func anEditedIncludeSquashesNoLiveRoot() async throws {
        _ = try await checkout.build()
        try Files.write("other\n".utf8, to: checkout.folder.pushing("includes/etc/made/motd"))
        let after = try await checkout.build()
        #expect(
            after.ran == [
                "live/includes", "live/overlay", "live/gate", "iso/digests", "iso/provenance", "iso/signatures",
                "iso/image",
            ])
        let explanation = try #require(try await checkout.project().explain("live/includes").first)
        #expect(explanation.causes.map(\.subject) == ["includes/etc/made/motd"])
        #expect(
            try await checkout.project().explain("iso/image").first?.rootCauses == ["includes/etc/made/motd"])
    }

    @Test func theLiveSystemSaysWhenItsImageWasMade() async throws {
        let report = try await checkout.build()
        // No clock of a live system is earlier than the time of this file, which is that of the layer: of the newest archive.
        let layer = try #require(report.records["live/build"])
        #expect(layer.inputs.keys.contains("tree/usr/lib/clock-epoch"))
        let epoch = try #require(try LockKeeper(project: checkout.project()).existing()?.epoch)
        #expect(layer.code.contains("SOURCE_DATE_EPOCH=\(epoch.secondsSince1970)"))
    }

    @Test func anImageWithTheDesktopHasALiveSystemOfItsOwn() async throws {
        func packages(_ report: BuildReport) throws -> Set<String> {
            let artifact = try #require(report.records["live/packages"]?.outputs["packages"])
            return Set(try checkout.project().store.tree(artifact.digest).paths)
        }
        let before = try packages(try await checkout.build("live/squashfs"))
        try checkout.edit("deploy.yaml", "[base, core, server]", "[base, core, server]\n      desktop: [base, core]")
        try checkout.edit("deploy.yaml", "sets: [live]", "sets: [live]\n  desktop-sets: [live-desktop]")
        try checkout.set("live-desktop", "nginx")
        // Other images boot what they booted before.
        #expect(try await checkout.build("live/squashfs").ran == [])
        let locked = try Files.read(checkout.lockFile)
        let desktop = try packages(
            try await checkout.build("live/squashfs", project: checkout.project(profile: "desktop")))
        #expect(desktop.isStrictSuperset(of: before) && desktop.subtracting(before).contains("nginx_1.26-1_amd64.deb"))
        #expect(try Files.read(checkout.lockFile) == locked, "another choice of profiles leaves the lock as it is")
    }

    @Test func postinstallersLieOnTheImageAndMakeNoLayerAnew() async throws {
        _ = try await checkout.build()
        try checkout.edit("deploy.yaml", "includes: includes", "includes: includes\n  postinstall: postinstall")
        let script = checkout.folder.pushing("postinstall/10-web.sh")
        try Tool.run(["mkdir", script.removingLastComponent().string])
        try Files.write("#!/bin/sh\necho web\n".utf8, to: script)
        try Tool.run(["chmod", "755", script.string])
        let report = try await checkout.build()
        #expect(report.ran == ["iso/bills", "iso/digests", "iso/provenance", "iso/signatures", "iso/image"])
        let project = try checkout.project()
        // What is written about the image names the declaration.
        let causes = try await project.explain("iso/image").first?.rootCauses ?? []
        #expect(Set(causes) == ["postinstall", "deploy.yaml"])
        let list = try #require(report.records["iso/digests"]?.outputs["sha256sums"])
        #expect(
            String(decoding: try project.store.bytes(of: list.digest), as: UTF8.self)
                .contains("\(Digest(of: Array("#!/bin/sh\necho web\n".utf8)).hex)  postinstall.d/10-web.sh\n"))
    }

    @Test func anotherProfileChangesWhatTheMirrorHolds() async throws {
        let core = try mirror(try await checkout.build("debian/mirror"))
        let server = try mirror(try await checkout.build("debian/mirror", project: checkout.project(profile: "server")))
        let both = try mirror(
            try await checkout.build("debian/mirror", project: checkout.project(environment: ["PROFILE": "server"])))
        #expect(pool(core).isStrictSubset(of: pool(server)))
        #expect(pool(server).contains("pool/main/n/nginx/nginx_1.26-1_amd64.deb"))
        #expect(server == both)
    }

    @Test func twoCheckoutsWithOneLockGiveTheSameBytes() async throws {
        let first = try await checkout.build()
        // The archive moves on: the lock is what counts, with the signed files that it is of.
        try archive.moveOn()
        let other = try MadeCheckout(archive)
        try Tool.run(["cp", checkout.lockFile.string, other.lockFile.string])
        let (from, to) = (try checkout.project().store, try other.project().store)
        let locked = try #require(try LockKeeper(project: checkout.project()).existing())
        for snapshot in locked.distributions.flatMap(\.snapshots) {
            try await to.insert(try from.bytes(of: snapshot.digest))
        }
        let second = try await other.build()
        for (name, record) in first.records {
            #expect(second.records[name]?.outputs == record.outputs, "\(name)")
            #expect(second.records[name]?.key == record.key, "\(name)")
        }
    }

    @Test func thePlanFollowsFromDeclarationAndLock() async throws {
        let project = try checkout.project()
        let first = try await project.currentPlan(writesLock: true)
        let second = try await project.currentPlan(writesLock: true)
        #expect(first.graph.order == second.graph.order)
        #expect(first.imageName == "kldload-free-debian-core-amd64-20250601")
        #expect(first.imageName == second.imageName)
        #expect(first.graph.stages.map(\.name) == ["builder", "debian", "iso"])
        #expect(
            try await checkout.project(profile: "server", environment: ["EDITION": "pro"]).currentPlan(
                writesLock: false
            ).imageName
                == "kldload-pro-debian-server-amd64-20250601")
    }

    /// What depends on the key is this and nothing else: neither the list of digests nor anything on it.
    @Test func anotherSigningKeySignsAnewAndChangesNothingElse() async throws {
        let first = try await checkout.build()
        let project = try checkout.project(environment: ["DEPLOY_KEY": checkout.folder.appending("key").string])
        let second = try await checkout.build(project: project)
        #expect(
            second.ran == [
                "debian/signed", "debian/gate", "debian/darksite", "live/key", "live/gate", "iso/digests",
                "iso/provenance", "iso/signatures", "iso/image",
            ])
        func lines(_ report: BuildReport, _ step: StepName, _ output: String) throws -> [Substring] {
            let list = try #require(report.records[step]?.outputs[output])
            return String(decoding: try project.store.bytes(of: list.digest), as: UTF8.self).split(separator: "\n")
        }
        // The verdict of a made container is one on what it was given.
        func digests(_ report: BuildReport) throws -> [Substring] {
            try lines(report, "iso/digests", "sha256sums").filter { !$0.hasSuffix("  kldload/live-verdict") }
        }
        #expect(try digests(first) == digests(second))
        func list(_ report: BuildReport) throws -> [String] {
            try lines(report, "iso/signatures", "signatures.sha256").map { String($0.dropFirst(66)) }
        }
        let keyed = [
            "darksite/debian/apt/certificate.txt.asc", "darksite/debian/apt/dists/trixie/Release.gpg",
            "kldload/key.asc", "kldload/provenance.intoto.jsonl", "kldload/sha256sums.asc", "live/40-key.squashfs",
        ]
        #expect(try list(first) == keyed)
        #expect(try list(second) == keyed)
        // Of the darksite, too, just these.
        func darksite(_ report: BuildReport) throws -> FileTree {
            try project.store.tree(try #require(report.records["debian/darksite"]?.outputs["darksite"]).digest)
        }
        let (old, new) = (try darksite(first), try darksite(second))
        #expect(
            Set(old.paths).union(new.paths).filter { old.nodes[$0] != new.nodes[$0] }.sorted()
                == ["certificate.txt.asc", "dists/trixie/Release.gpg"])
    }

    @Test func aFailedFetchKeepsWhatArrived() async throws {
        _ = try await LockKeeper(project: checkout.project()).current()
        try archive.misbehave(("404", "*/curl_*"))
        await #expect(throws: StepFailure.self) { try await checkout.build("debian/mirror") }
        #expect(try checkout.project().store.audit().damaged == [])
        try archive.isWell()
        _ = try archive.requests()
        try await checkout.build("debian/mirror")
        #expect(try archive.requests().filter { $0.hasPrefix("pool/") } == ["pool/main/c/curl/curl_8.1-1_amd64.deb"])
    }
}

/// The public half of the key that a project signs with.
private enum SigningKeyBytes {
    static func of(_ project: Project) async throws -> [UInt8] {
        let armoured = project.workspace.root.appending("key.asc")
        try Files.write(try await project.signingKey().armored.utf8, to: armoured)
        let binary = project.workspace.root.appending("key.bin")
        try Tool.run([
            "gpg", "--batch", "--yes", "--homedir", project.workspace.root.string, "--output", binary.string,
            "--dearmor", armoured.string,
        ])
        return try Files.read(binary)
    }
}

import APT
import BuildGraph
import Darksites
import Locking
import Packages
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Pipeline

/// Media of updates, of the made archive before and after a month.
@Suite struct DeltaTests {
    private let checkout: MadeCheckout

    init() throws {
        checkout = try MadeCheckout(try MadeArchive())
        try checkout.edit("deploy.yaml", "debian: [core]", "debian: [core, server]")
    }

    /// The locks before and after a month, with a set of server changed in between.
    private func locks() async throws -> (from: LockSide, to: LockSide) {
        try checkout.set("server", "nginx", "mailer")
        _ = try await checkout.project().update([])
        let from = try checkout.project().workingSide()
        try checkout.archive.moveOn()
        try checkout.set("server", "nginx", "zsh")
        _ = try await checkout.project().update([])
        return (from, try checkout.project().workingSide())
    }

    private func build(
        _ from: LockSide, _ to: LockSide, nextKey: FilePath? = nil, isDraft: Bool = true
    ) async throws -> (plan: Project.DeltaPlan, report: BuildReport) {
        let project = try checkout.project()
        var request = DeltaRequest(from: "", to: "", nextKey: nextKey)
        request.isDraft = isDraft
        let plan = try await project.deltaPlan(request, from: from, to: to)
        return (plan, try await checkout.engine(project).build([DeltaPlanner.medium], in: plan.graph))
    }

    private func tree(_ report: BuildReport) throws -> FileTree {
        let artifact = try #require(report.records[DeltaPlanner.medium]?.outputs["medium"])
        return try checkout.project().store.tree(artifact.digest)
    }

    private func text(_ tree: FileTree, _ path: String) throws -> String {
        guard case .file(let blob, _) = tree.nodes[path] else {
            Issue.record("there is no \(path)")
            return ""
        }
        return String(decoding: try checkout.project().store.bytes(of: blob.digest), as: UTF8.self)
    }

    @Test func itHasWhatIsNewAndNothingElse() async throws {
        let (from, to) = try await locks()
        let (plan, report) = try await build(from, to)
        let tree = try tree(report)
        let packages = tree.paths.filter { $0.hasSuffix(".deb") }.map { $0.split(separator: "/").last.map(String.init) }
        #expect(
            packages == [
                "curl_8.2-1_amd64.deb", "libcurl_8.2-1_amd64.deb", "nginx-common_1.28-1_all.deb",
                "nginx_1.28-1_amd64.deb", "zsh-common_6.0-1_all.deb", "zsh_6.0-1_amd64.deb",
            ])
        let server = try #require(plan.deltas[0].profiles.first { $0.name == "server" })
        #expect(
            server.removals.map(\.name) == ["exim4", "mailer"] && server.installs.map(\.name) == ["zsh", "zsh-common"])
        #expect(
            try text(tree, "darksite/debian/from/server").split(separator: "\n").contains("nginx 1.26-1 amd64"))
        #expect(
            try text(tree, "darksite/debian/profiles/server").split(separator: "\n").contains("nginx 1.28-1 amd64"))
        // Every file is in the list, and the list is signed.
        let listed = try text(tree, "kldload/sha256sums").split(separator: "\n").map { String($0.dropFirst(66)) }
        #expect(Set(listed).union(["kldload/sha256sums", "kldload/sha256sums.asc"]) == Set(tree.paths))
        let key = try await SigningKey(home: try checkout.project().workspace.key)
        let ring = checkout.folder.appending("ring.gpg")
        try Files.write(key.publicKey, to: ring)
        for (file, signature) in [
            ("kldload/sha256sums", "kldload/sha256sums.asc"),
            ("darksite/debian/apt/dists/trixie/Release", "darksite/debian/apt/dists/trixie/Release.gpg"),
        ] {
            _ = try await SignatureVerifier(keyrings: [ring]).verify(
                release: Array(try text(tree, file).utf8), signature: Array(try text(tree, signature).utf8),
                source: file)
        }
        let manifest = try #require(JSON(parsing: Array(try text(tree, "kldload/delta.json").utf8)))
        #expect(manifest["key"]?.string == key.fingerprint && manifest["next_key"] == nil)
        #expect(manifest["from"]?["lock"]?.string == (try DeltaManifest.digest(of: from.lock)).hex)
        // A lock that nobody edited has just the bytes that its digest is of.
        #expect(try DeltaManifest.digest(of: to.lock) == Files.digest(checkout.lockFile).digest)
    }

    @Test func theSameSidesGiveTheSameBytes() async throws {
        let (from, to) = try await locks()
        let first = try await build(from, to).report.records[DeltaPlanner.medium]?.outputs["medium"]?.digest
        // In an empty store.
        for name in ["blobs", "records"] {
            try Files.remove(checkout.folder.pushing("live-build/cache").appending(name))
        }
        let second = try await build(from, to).report
        #expect(first != nil && second.records[DeltaPlanner.medium]?.outputs["medium"]?.digest == first)
        #expect(second.ran.contains("delta-debian/mirror"))
    }

    @Test func theNextKeyIsSignedByThePresentOne() async throws {
        let (from, to) = try await locks()
        let project = try checkout.project()
        let present = try await SigningKey(home: project.workspace.key)
        let next = try await SigningKey(home: checkout.folder.appending("next"))
        let file = checkout.folder.appending("next.asc")
        try Files.write(next.armoredPublicKey, to: file)
        let tree = try tree(try await build(from, to, nextKey: file).report)
        let ring = checkout.folder.appending("ring.gpg")
        try Files.write(present.publicKey, to: ring)
        guard case .file(let blob, _) = tree.nodes["kldload/next-key.gpg"] else {
            Issue.record("it has no next key")
            return
        }
        let key = try project.store.bytes(of: blob.digest)
        #expect(key == next.publicKey)
        _ = try await SignatureVerifier(keyrings: [ring]).verify(
            release: key, signature: Array(try text(tree, "kldload/next-key.gpg.asc").utf8), source: "next key")
        let manifest = JSON(parsing: Array(try text(tree, "kldload/delta.json").utf8))
        #expect(manifest?["next_key"]?.string == next.fingerprint)
        // The present one would follow on itself; a list of packages is no key; nor is a secret one.
        try Files.write(present.armoredPublicKey, to: file)
        await #expect(throws: Mistake.self) { try await build(from, to, nextKey: file) }
        try Files.write("x".utf8, to: file)
        await #expect(throws: PublicKeyError.self) { try await build(from, to, nextKey: file) }
    }

    @Test func theRealAptUpdatesMachinesWithIt() async throws {
        let (from, to) = try await locks()
        let (plan, report) = try await build(from, to, isDraft: false)
        #expect(plan.manifest.proven == ["solver", "apt"])
        let folder = try await gateInput(plan, report)
        let said = try judge(folder)
        #expect(said.contains("summary: apt updates core (2 packages come, 0 go), server (6 packages come, 2 go)"))
        let verdict = try Files.readText(folder.pushing("out/verdict"))
        #expect(verdict.contains("profile core 2 0\nprofile server 6 2\n"))
        // What breaks is found: another machine, a package that does not come, one that goes and is needed.
        try expectRefusal(folder, "the machine is not that of the list") {
            try replace("in/status/core", "Version: 8.1-1", "Version: 8.0-1", in: folder)
        }
        try expectRefusal(folder, "apt can't update a machine of profile core") {
            try replace("in/arriving/core", "libcurl 8.2-1 amd64", "libcurl 8.3-1 amd64", in: folder)
        }
        try expectRefusal(folder, "would have other packages") {
            try Files.write("mawk 1.3-1 amd64\n".utf8, to: folder.pushing("in/leaving/core"))
        }
        try expectRefusal(folder, "a file is not what the index says") {
            try Files.write(
                "x".utf8, to: folder.pushing("in/mirror/pool/main/c/curl/curl_8.2-1_amd64.deb"))
        }
        try expectRefusal(folder, "there, and not listed: pool/more.deb") {
            try Files.write("x".utf8, to: folder.pushing("in/mirror/pool/more.deb"))
        }
        try expectRefusal(folder, "apt does not take it") {
            try Files.remove(folder.pushing("in/mirror/dists/trixie/Release.gpg"))
        }
    }

    /// The inputs of the gate, as its container finds them.
    private func gateInput(_ plan: Project.DeltaPlan, _ report: BuildReport) async throws -> FilePath {
        let folder = checkout.folder.appending("judged")
        let gate = try #require(plan.graph.steps["delta-debian/gate"])
        let store = try checkout.project().store
        for (name, input) in gate.inputs where name != "image" {
            let place = folder.appending("in").pushing(FilePath(name))
            switch input {
            case .literal(let bytes):
                try Files.createDirectory(place.removingLastComponent())
                try Files.write(bytes, to: place)
            case .output(let step, let output):
                let artifact = try #require(report.records[step]?.outputs[output])
                try await store.materialize(artifact, at: place)
            default: Issue.record("\(name) is neither")
            }
        }
        try Files.createDirectory(folder.appending("out"))
        try Files.write(GateScript.updateAPT, to: folder.appending("judge"))
        return folder
    }

    private func judge(_ folder: FilePath) throws -> String {
        try Tool.run([
            "env", "GATE_IN=\(folder)/in", "GATE_OUT=\(folder)/out", "bash", folder.appending("judge").string, "trixie",
            APTMirrorRecipe.component, "amd64",
        ])
    }

    private func replace(_ file: String, _ part: String, _ other: String, in folder: FilePath) throws {
        let path = folder.pushing(FilePath(file))
        let text = try Files.readText(path)
        try #require(text.contains(part), "\(text)")
        try Files.write(text.replacing(part, with: other).utf8, to: path)
    }

    /// In a copy of `folder` where `breaking` went on, the gate says no, in these words.
    private func expectRefusal(
        _ folder: FilePath, _ words: String, _ breaking: () throws -> Void,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) throws {
        let good = FilePath(folder.string + ".good")
        try Files.remove(good)
        try Tool.run(["cp", "-a", folder.string, good.string])
        // Its files are the store's.
        try Tool.run(["bash", "-c", "find \(folder) -type f -exec sh -c 'cp $1 $1.new && mv -f $1.new $1' - {} \\;"])
        try breaking()
        do {
            let said = try judge(folder)
            Issue.record("it was taken: \(said)", sourceLocation: sourceLocation)
        } catch let failed as Tool.Failed {
            #expect(failed.output.contains(words), sourceLocation: sourceLocation)
        }
        try Files.remove(folder)
        try Files.rename(good, to: folder)
    }

    @Test func whatIsMissingIsFoundByTheSolver() async throws {
        let (from, to) = try await locks()
        func without(_ name: String) -> LockSide {
            let old = to.lock.distributions[0]
            let locked = LockedDistribution(
                name: old.name, family: .apt, architecture: old.architecture, asked: old.asked,
                snapshots: old.snapshots, indexes: old.indexes, packages: old.packages.filter { $0.name != name })
            return LockSide(kind: .file, name: "forged", lock: Lock([locked]), commit: nil)
        }
        do {
            _ = try await build(from, without("libcurl"))
            Issue.record("it was made")
        } catch let error as any UserError {
            #expect(error.description.contains("profile core could not be updated"), "\(error.description)")
            #expect(error.description.contains("libcurl"), "\(error.description)")
        }
    }

    @Test func nothingIsMadeWhereNothingMoved() async throws {
        let (from, to) = try await locks()
        await #expect(throws: DeltaError.self) { try await build(to, to) }
        await #expect(throws: DeltaError.self) { try await build(to, from) }
        let empty = LockSide(kind: .file, name: "empty.lock", lock: Lock([]), commit: nil)
        await #expect(throws: DeltaError.self) { try await build(empty, to) }
    }

    @Test func theIndexesThatSayWhatMachinesHaveMustBeThere() async throws {
        let (from, to) = try await locks()
        for index in from.lock.distributions.flatMap(\.indexes)
        where !to.lock.distributions.flatMap(\.indexes).contains(index) {
            try checkout.project().store.remove(index.digest)
        }
        // The archive has them by their digests for a while.
        _ = try await build(from, to)
        for index in from.lock.distributions.flatMap(\.indexes) { try checkout.project().store.remove(index.digest) }
        try checkout.archive.sweep("dists/trixie/main/binary-*/by-hash/SHA256/*")
        await #expect(throws: EarlierIndexGone.self) { try await build(from, to) }
    }

    @Test func anotherFileIsNotWrittenOver() throws {
        func output(_ name: String) -> DeltaOutput { DeltaOutput(path: checkout.folder.appending(name), shown: name) }
        #expect(output("stick.img").isImage && output("a.iso").isImage && !output("folder").isImage)
        try output("stick.img").check()
        try Files.write("precious".utf8, to: checkout.folder.appending("stick.img"))
        #expect(throws: Mistake.self) { try output("stick.img").check() }
        #expect(throws: Mistake.self) { try output("package-sets").check() }
        #expect(throws: Mistake.self) { try output("deploy.yaml").check() }
        let device = DeltaOutput(path: "/dev/null", shown: "/dev/null")
        #expect(throws: Mistake.self) { try device.check() }
        try Files.createDirectory(checkout.folder.appending("empty"))
        try output("empty").check()
    }
}

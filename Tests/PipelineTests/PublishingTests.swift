import APT
import BuildGraph
import ContentStore
import Darksites
import Evidence
import Locking
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// What stands before and after a build: is there room for it, and where does the image go.
@Suite struct PublishingTests {
    private let checkout: MadeCheckout

    init() throws { checkout = try MadeCheckout(MadeArchive()) }

    private func image(_ text: String, in project: Project) async throws -> Artifact {
        Artifact(file: try await project.store.insert(Array(text.utf8)))
    }

    private func publish(_ artifact: Artifact, named name: String, in project: Project) async throws -> PublishedImage {
        try await ImagePublisher(project: project).publish(
            artifact, named: name, signer: try await SigningKey(home: project.workspace.key), epoch: 1_748_736_000)
    }

    @Test func anImageLiesBesideItsChecksum() async throws {
        let project = try checkout.project()
        let artifact = try await image("one", in: project)
        let published = try await publish(artifact, named: "kldload-free", in: project)
        let file = "kldload-free-\(artifact.digest.short).iso"
        #expect(published.isNew && published.shown == "out/\(file)")
        #expect(try Files.list(checkout.folder.appending("out")) == [file, "\(file).sha256", "\(file).sha256.asc"])
        // The judge is the program that people will use.
        try Tool.run(["bash", "-c", "cd \(checkout.folder)/out && sha256sum --strict --check *.sha256"])
        try Tool.run([
            "bash", "-c",
            "cd \(checkout.folder)/out && gpgv --quiet --keyring \(try project.workspace.key)/public.gpg *.asc *.sha256",
        ])
        #expect(try await !publish(artifact, named: "kldload-free", in: project).isNew)
    }

    @Test func thePageAboutAnImageGoesWithIt() async throws {
        let project = try checkout.project()
        let folder = checkout.folder.appending("out")
        for number in 1...4 {
            let artifact = try await image("image \(number)", in: project)
            _ = try await publish(artifact, named: "kldload", in: project)
            try Files.write([], to: folder.appending("kldload-\(artifact.digest.short).html"))
        }
        let names = try Files.list(folder)
        #expect(names.filter { $0.hasSuffix(".html") }.count == 2 && names.count == 8)
        #expect(try PublishedFiles(folder: folder).removeAll().left == [])
    }

    /// Its bills and the statement about it lie beside an image, speak of it and of what no list on it has, and go with it.
    @Test func evidenceLiesBesideAnImageAndGoesWithIt() async throws {
        let project = try checkout.project()
        let place = checkout.folder.appending("made")
        try Tool.run([
            "bash", "-c",
            """
            mkdir -p \(place)/tree/kldload \(place)/tree/live && cd \(place)/tree && echo kernel >live/vmlinuz && echo menu >kldload/medium &&
            sha256sum live/vmlinuz >kldload/sha256sums && xorriso -as mkisofs -quiet -R -o ../kldload.iso .
            """,
        ])
        let store = project.store
        let artifact = Artifact(file: try await store.insert(file: place.appending("kldload.iso"), knownAs: nil))
        let evidence = ImageEvidence(
            spdx: try await image("spdx", in: project), cycloneDX: try await image("cycloneDX", in: project),
            provenance: Provenance(
                parameters: [], sources: [], lock: Lock([]), lockDigest: Digest(of: [1]), toolVersion: "1",
                fingerprint: "0123"))
        func publish() async throws {
            _ = try await ImagePublisher(project: project).publish(
                artifact, named: "kldload", evidence: evidence,
                signer: try await SigningKey(home: project.workspace.key), epoch: 1_748_736_000)
        }
        try await publish()
        let folder = checkout.folder.appending("out")
        let stem = "kldload-\(artifact.digest.short)"
        #expect(try Files.readText(folder.appending("\(stem).spdx.json")) == "spdx")
        #expect(try Files.readText(folder.appending("\(stem).cdx.json")) == "cycloneDX")
        let statements = folder.appending("\(stem).intoto.jsonl")
        let envelope = try #require(try Envelope.all(in: Files.read(statements), called: "x").first)
        let subjects = try Statement(reading: envelope.payload, from: "x").subjects
        #expect(subjects.first == Resource("\(stem).iso", artifact.digest))
        #expect(Set(subjects.dropFirst().map(\.name)) == ["kldload/medium", "kldload/sha256sums"])
        // What was added to the statements stays; what is missing comes back.
        try Files.write(Files.read(statements) + envelope.line, to: statements)
        try Files.remove(folder.appending("\(stem).spdx.json"))
        try await publish()
        #expect(try Envelope.all(in: Files.read(statements), called: "x").count == 2)
        #expect(Files.exists(folder.appending("\(stem).spdx.json")))
        _ = try PublishedFiles(folder: folder).removeAll()
        #expect(try Files.list(folder) == [])
    }

    @Test func theLastImagesStay() async throws {
        let project = try checkout.project()
        let folder = checkout.folder.appending("out")
        try Files.createDirectory(folder)
        try Files.write([], to: folder.appending("notes.iso"))
        var last = ""
        for number in 1...4 {
            let artifact = try await image("image \(number)", in: project)
            last = "kldload-\(artifact.digest.short).iso"
            _ = try await publish(artifact, named: "kldload", in: project)
        }
        let names = try Files.list(folder)
        #expect(names.filter { $0.hasPrefix("kldload-") && $0.hasSuffix(".iso") }.count == 2)
        #expect(names.contains(last) && names.contains("\(last).sha256") && names.contains("notes.iso"))
        #expect(names.filter { $0.hasSuffix(".asc") }.count == 2 && names.count == 7)
    }

    @Test func draftsDoNotTakeThePlaceOfProvenImages() async throws {
        let project = try checkout.project()
        for number in 1...3 {
            for name in ["kldload", "kldload-draft"] {
                _ = try await publish(
                    try await image("\(name) \(number)", in: project), named: name, in: project)
            }
        }
        let names = try Files.list(checkout.folder.appending("out")).filter { $0.hasSuffix(".iso") }
        #expect(names.filter { $0.contains("-draft-") }.count == 2 && names.count == 4)
    }

    @Test func anImageThatWasRemovedOrCutComesBack() async throws {
        let project = try checkout.project()
        let artifact = try await image("one", in: project)
        let path = try await publish(artifact, named: "kldload", in: project).path
        try Files.remove(path)
        #expect(try await publish(artifact, named: "kldload", in: project).isNew)
        try Files.remove(path)
        try Files.write("o".utf8, to: path)
        #expect(try await publish(artifact, named: "kldload", in: project).isNew)
        #expect(try Files.digest(path).digest == artifact.digest)
    }

    @Test func whatIsMissingIsCountedBeforeItIsFetched() async throws {
        let project = try checkout.project()
        let plan = try await project.currentPlan(writesLock: true)
        let fetch = try plan.graph.resolve(targets: ["live/packages"])
        func check(_ standing: [(step: Step, standing: StepStanding)]) async throws {
            let needed = try await DiskEstimate(
                standing: standing, rebuildsAll: false, parallel: 2, store: project.store
            ).bytes()
            try await project.holdingStore {
                _ = try await project.makeRoom(for: needed, beside: standing, collectingGarbage: false, holding: $0)
            }
        }
        try await check(try await checkout.engine(project).standing(of: fetch, in: plan.graph))
        // A package in the lock, a thousand terabytes.
        try checkout.lockPackage("big", size: ByteCount(999_999_999_999_999))
        let lock = try #require(try LockKeeper(project: project).existing())
        let greedy = try await project.plan(lock)
        let standing = try await checkout.engine(project).standing(of: fetch, in: greedy.graph)
        let error = await #expect(throws: DiskTooSmall.self) { try await check(standing) }
        #expect(error?.what.contains("live-build/cache has ") == true)
        #expect(error?.hint?.contains("DEPLOY_CACHE=") == true)
    }

    @Test func aBuildThatIsDoneNeedsNoRoom() async throws {
        _ = try await checkout.build()
        let project = try checkout.project()
        let plan = try await project.currentPlan(writesLock: false)
        let standing = try await checkout.engine(project).standing(of: Set(plan.graph.order), in: plan.graph)
        let needed = try await DiskEstimate(
            standing: standing, rebuildsAll: false, parallel: 2, store: project.store
        ).bytes()
        #expect(needed == .zero)
    }

    @Test func whatStepsUseWhileTheyRunIsCountedForThoseThatRunAtOnce() async throws {
        let project = try checkout.project()
        let stage = Stage(number: 2, name: "made", title: "made")
        let action = StepAction.native(identifier: "nothing", version: 1) { _ in StepResult(outputs: [:]) }
        func step(_ name: StepName, _ inputs: [String: StepInput], _ disk: DiskUse) -> Step {
            Step(
                name, stage: stage, title: "", inputs: inputs, action: action, outputs: ["packages": .tree], disk: disk)
        }
        let fetched = Blob(Digest(of: [1]), size: ByteCount(1_000_000))
        let steps =
            [step("made/packages", [:], DiskUse(fetched: [fetched]))]
            + ["made/one", "made/two", "made/three"].map {
                step($0, ["packages": .output("made/packages", "packages")], DiskUse(scratch: 1000))
            }
        func needed(parallel: Int) async throws -> ByteCount {
            try await DiskEstimate(
                standing: steps.map { ($0, .waits(for: [])) }, rebuildsAll: false, parallel: parallel,
                store: project.store
            ).bytes()
        }
        #expect(try await needed(parallel: 1) == ByteCount(1_001_000_000))
        #expect(try await needed(parallel: 2) == ByteCount(2_001_000_000))
        #expect(try await needed(parallel: 9) == ByteCount(3_001_000_000))
    }
}

import BuildGraph
import ContentStore
import LiveImage
import Machines
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// What golden images are made of, and called.
@Suite struct GoldenTests {
    private func planner(
        iso: String = "iso", answers: String = "KLDLOAD_PROFILE='core'\n", secret: String = "secret",
        size: ByteCount = ByteCount(40 << 30), formats: [GoldenFormat] = [.qcow2, .ova]
    ) -> GoldenPlanner {
        GoldenPlanner(
            iso: Digest(of: iso.utf8), answers: answers, secrets: Digest(of: secret.utf8), size: size,
            formats: formats, prefix: "golden-debian-core-v20261128",
            recipe: ImageRecipe(builder: .made(.literal([1])), epoch: 7, identity: ""),
            install: { _ in StepResult(outputs: [:]) }, start: { _ in StepResult(outputs: [:]) })
    }

    /// The keys of the steps, where what each makes is what its name says.
    private func keys(_ planner: GoldenPlanner) -> [String: StepKey] {
        var keys: [String: StepKey] = [:]
        for step in planner.steps() {
            let inputs = step.inputs.mapValues { input -> Digest in
                switch input {
                case .literal(let bytes): Digest(of: bytes)
                case .output(let producer, let output): Digest(of: "\(producer) \(output)".utf8)
                case .file(_, let blob, _): blob.digest
                case .folder: Digest(of: [])
                }
            }
            keys[step.name.text] = StepKey(of: step, inputs: inputs, architecture: "amd64")
        }
        return keys
    }

    @Test func whatDecidesAboutTheDiskIsInItsKey() {
        let known = keys(planner())
        #expect(Set(known.keys) == ["golden/disk", "golden/qcow2", "golden/ova", "golden/clone"])
        #expect(keys(planner()) == known)
        for other in [
            planner(iso: "other"), planner(answers: "KLDLOAD_PROFILE='server'\n"), planner(secret: "other"),
            planner(size: ByteCount(41 << 30)),
        ] {
            #expect(keys(other)["golden/disk"] != known["golden/disk"])
            // The same disk gives the same image.
            #expect(keys(other)["golden/qcow2"] == known["golden/qcow2"])
        }
        #expect(keys(planner(formats: [.qcow2]))["golden/disk"] == known["golden/disk"])
    }

    @Test func aCloneIsStartedOfTheFirstFormat() {
        for formats in [[GoldenFormat.raw, .gce], [.vmdk]] {
            let clone = planner(formats: formats).steps().first { $0.name == GoldenPlanner.clone }
            #expect(clone?.dependencies.contains(GoldenPlanner.image(formats[0])) == true)
        }
    }

    /// What is in a disk is nobody's but the build host's.
    @Test func noOtherMachineMakesAnImage() {
        #expect(planner().steps().allSatisfy { $0.stays != nil })
    }

    @Test func formatsComeInOneOrderAndOnce() {
        #expect(GoldenFormat.named("all") == GoldenFormat.allCases)
        #expect(GoldenFormat.named("ova, qcow2,ova") == [.qcow2, .ova])
        for wrong in ["", "qcow3", "qcow2,", "QCOW2", "all,raw"] { #expect(GoldenFormat.named(wrong) == nil) }
    }

    /// Every format takes whole GiB as they are.
    @Test(arguments: [(40_000_000_000, 38), (40 << 30, 40), ((40 << 30) + 1, 41)])
    func sizesAreWholeGibibytes(bytes: Int, gibibytes: Int64) {
        #expect(GoldenRequest.wholeSize(ByteCount(bytes)) == ByteCount(gibibytes << 30))
    }

    @Test func theInstallersStepsAreCounted() {
        #expect(
            GoldenMachine.progress("install: step 6/10 system: 325 packages")
                == StepProgress(activity: "system: 325 packages", completed: 5, total: 10))
        for line in ["live system up", "install: 73 %, 47 s left", "install: step six of ten"] {
            #expect(GoldenMachine.progress(line) == StepProgress(activity: line))
        }
    }

    @Test func archivesSayWhereTheDiskIsInThem() {
        #expect(GoldenFormat.ova.member(of: "golden-x") == "golden-x.vmdk")
        #expect(GoldenFormat.gce.member(of: "golden-x") == "disk.raw" && GoldenFormat.gce.ending == "tar.gz")
        #expect(GoldenFormat.vhd.member(of: "golden-x") == nil && GoldenFormat.vhd.drive == .vpc)
    }
}

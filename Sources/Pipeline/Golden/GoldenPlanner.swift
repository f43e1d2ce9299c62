import BuildGraph
import Installation
import LiveImage
import Primitives

/// The steps that make golden images: a system that is installed and sealed in a virtual machine, its disk in each format, and a clone that
/// is started.
struct GoldenPlanner {
    /// Of the ISO.
    let iso: Digest
    /// What the installation is told, without secrets.
    let answers: String
    /// What tells one set of secrets from another, and nothing of what they are.
    let secrets: Digest
    let size: ByteCount
    let formats: [GoldenFormat]
    /// What the images are called, but for the digits at the end: "golden-debian-server-v20261128".
    let prefix: String
    let recipe: ImageRecipe
    /// Installs, and leaves the disk as `disk.qcow2`.
    let install: @Sendable (StepContext) async throws -> StepResult
    /// Starts a clone of the input `image`, and leaves `report`.
    let start: @Sendable (StepContext) async throws -> StepResult

    /// The step whose output `disk.qcow2` is the sealed disk, and the one that has started a clone.
    static let disk: StepName = "golden/disk"
    static let clone: StepName = "golden/clone"
    /// The step whose output `image` is the image of that format.
    static func image(_ format: GoldenFormat) -> StepName { StepName("golden/\(format.rawValue)") }

    /// Those that must have been done.
    var wanted: Set<StepName> { Set(formats.map(Self.image) + [Self.clone]) }

    /// Beside those that make the builder image.
    func steps() -> [Step] {
        let stage = BuildStage.iso
        // How the machine is run decides about the time that it takes, not about the disk: neither its accelerator nor its memory is here.
        let machine = "virtio disk of \(size.bytes) bytes, UEFI"
        var steps = [
            Step(
                Self.disk, stage: stage, title: "installed and sealed in a virtual machine",
                inputs: [
                    "iso": .literal(Array(iso.hex.utf8)), "answers": .literal(Array(answers.utf8)),
                    "secrets": .literal(Array(secrets.hex.utf8)), "machine": .literal(Array(machine.utf8)),
                ],
                action: .native(identifier: "golden disk", version: 1, run: install),
                outputs: ["disk.qcow2": .file], cores: 2)
        ]
        for format in formats {
            steps.append(
                recipe.golden(
                    Self.image(format), stage: stage, format: format.rawValue, prefix: prefix,
                    disk: .output(Self.disk, "disk.qcow2")))
        }
        if let first = formats.first {
            steps.append(
                Step(
                    Self.clone, stage: stage, title: "a clone, started from the \(first.rawValue)",
                    inputs: [
                        "image": .output(Self.image(first), "image"), "disk": .output(Self.disk, "disk.qcow2"),
                        "machine": .literal(Array(machine.utf8)), "tests": .literal(CloneTest.script),
                    ],
                    action: .native(identifier: "golden clone", version: 1, run: start),
                    outputs: ["report": .file], cores: 2))
        }
        return steps
    }
}

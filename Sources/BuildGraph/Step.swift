package import ContentStore
package import Primitives
package import SystemPackage

/// Whether an artifact is a single file or a folder.
package enum ArtifactKind: String, Sendable { case file, tree }

/// Something a step made or reads: a blob, or a tree of blobs, in the content store.
package struct Artifact: Hashable, Sendable {
    /// Whether `digest` names a file or a tree.
    package let kind: ArtifactKind
    /// The file; of a tree the list of its files (`FileTree.serialized`).
    package let blob: Blob
    /// The size of the file, or of all the tree's files together.
    package let size: ByteCount

    /// That of `blob`: what keys of the steps that read it are made of.
    package var digest: Digest { blob.digest }

    /// The file with these bytes.
    package init(file blob: Blob) {
        kind = .file
        self.blob = blob
        size = blob.size
    }

    /// A tree whose list is `blob`, and whose files have this size together.
    package init(tree blob: Blob, size: ByteCount) {
        kind = .tree
        self.blob = blob
        self.size = size
    }
}

/// Where an input of a step comes from.
package enum StepInput: Sendable {
    /// A value that the declaration and the lock give, as bytes; the step sees a file.
    case literal([UInt8])
    /// A file of the user's, hashed; `shownAs` is its path as people know it.
    case file(FilePath, Blob, shownAs: String)
    /// A folder of the user's, hashed file by file.
    case folder(FilePath, FileTree, shownAs: String)
    /// What another step makes.
    case output(StepName, String)
}

/// What a step does.
package enum StepAction: Sendable {
    /// What root file system the script runs in.
    package enum Image: Hashable, Sendable {
        /// The root file system archive that this input is.
        case input(String)
        /// An image in a registry, by digest.
        case registry(String)
    }

    /// A bash script in a container, see `ContainerCommand`; its inputs are mounted under their names, except the image.
    case container(image: Image, script: [UInt8], arguments: [String], environment: [String: String])
    /// A function of this program. `identifier` and `version` stand for its code in the key: whoever changes what it makes
    /// changes the version.
    case native(identifier: String, version: Int, run: @Sendable (StepContext) async throws -> StepResult)
}

/// What a native step hands back.
package struct StepResult: Sendable {
    /// What it made, by name: just the names and kinds that the step declares, and all of it in the store.
    package var outputs: [String: Artifact]
    /// What it says of its result in a few words.
    package var summary: String?

    package init(outputs: [String: Artifact], summary: String? = nil) {
        self.outputs = outputs
        self.summary = summary
    }
}

/// Roughly what a step does to the disk, as far as that is known before it runs.
package struct DiskUse: Sendable {
    /// By output: its bytes for each byte that the step reads. A file that is not here is small; a tree has what the step reads.
    package let kept: [String: Double]
    /// Bytes that are in use while it runs, for each byte that it reads.
    package let scratch: Double
    /// What it brings into the store, as far as that does not have it.
    package let fetched: [Blob]

    /// Nothing worth speaking of, but for what is said.
    package init(kept: [String: Double] = [:], scratch: Double = 0, fetched: [Blob] = []) {
        self.kept = kept
        self.scratch = scratch
        self.fetched = fetched
    }
}

/// One step of a build, as a value: all it reads, what it does, all it makes.
package struct Step: Sendable {
    /// "debian/fetch"; no other step of a graph has it.
    package let name: StepName
    /// The stage that it is built and shown with.
    package let stage: Stage
    /// What it does, for people.
    package let title: String
    /// All it reads, by name. A container finds each at `/in/<name>`; a name with a slash, "live/vmlinuz", is a file (or
    /// a tree) in the folder `/in/live`, beside whatever else is put there.
    package var inputs: [String: StepInput]
    /// The script or function that makes the outputs of the inputs.
    package var action: StepAction
    /// Everything it makes, by name; a container step writes each to `/out/<name>`.
    package var outputs: [String: ArtifactKind]
    /// How many cores it keeps busy; 0 for one that waits for the network.
    package var cores: Int
    /// Steps that name the same thing here never run at once: the network, for example.
    package var exclusive: String?
    /// What it does to the disk.
    package var disk: DiskUse
    /// Why no other machine can run it, in a few words; nil where one may.
    package var bound: String?
    /// Of one that unpacks packages into a root: the sandboxes of workers have one user, and may give no file to another.
    package static let givesFilesAway = "it gives files to several users"

    package init(
        _ name: StepName, stage: Stage, title: String, inputs: [String: StepInput], action: StepAction,
        outputs: [String: ArtifactKind], cores: Int = 1, exclusive: String? = nil,
        disk: DiskUse = DiskUse(), bound: String? = nil
    ) {
        self.name = name
        self.stage = stage
        self.title = title
        self.inputs = inputs
        self.action = action
        self.outputs = outputs
        self.cores = cores
        self.exclusive = exclusive
        self.disk = disk
        self.bound = bound
    }

    /// Why it runs on this host also where steps are sent to workers, in a few words; nil where one may run it.
    package var stays: String? {
        guard case .container(let image, _, _, _) = action else { return "it runs inside deploy" }
        if case .registry = image { return "its image comes from a registry" }
        return bound
    }

    /// The steps whose outputs it reads.
    package var dependencies: Set<StepName> {
        Set(
            inputs.values.compactMap { input in
                if case .output(let step, _) = input { step } else { nil }
            })
    }
}

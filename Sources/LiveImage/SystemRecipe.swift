import Archives
package import BuildGraph
import ContentStore
package import Primitives
import SystemPackage

/// How the root file system that a profile's installation came to is laid on the image, so that installers only have to unpack it: as
/// a squashfs with the files that are on the image nowhere else, and a list of where all others are.
package struct SystemRecipe: Sendable {
    /// A squashfs on the image that some files of a system may come from.
    package struct Base: Sendable {
        /// Its path on the image.
        package let place: String
        /// The archive that was packed there.
        package let root: StepInput

        package init(place: String, root: StepInput) {
            self.place = place
            self.root = root
        }
    }

    /// A package on the image, which may be unpacked whole.
    package struct Package: Sendable {
        /// What its file is, by the word that the list of sources has for it.
        package enum Format: String, Sendable { case deb, rpm }

        /// Its path on the image.
        package let place: String
        /// What is there.
        package let format: Format
        /// Of its file.
        package let digest: Digest

        package init(place: String, format: Format, digest: Digest) {
            self.place = place
            self.format = format
            self.digest = digest
        }
    }

    /// The root file system that the installation came to: a tar archive.
    package let system: StepInput
    /// A tree that has the packages.
    package let tree: StepInput
    /// The folder of the system on the image: "darksite/debian/systems/server".
    package let folder: String
    /// Where files may come from, the first one first.
    package let bases: [Base]
    /// And after these. What is compressed in packages takes long to unpack and little room.
    package let packages: [Package]
    /// The latest time in the system; seconds since 1970.
    package let epoch: Int64

    package init(
        system: StepInput, tree: StepInput, folder: String, bases: [Base], packages: [Package], epoch: Int64
    ) {
        self.system = system
        self.tree = tree
        self.folder = folder
        self.bases = bases
        self.packages = packages
        self.epoch = epoch
    }

    /// What the step is to make that installs a profile: its root file system, packed.
    package static let installed = "system.tar"
    /// In the system's folder: what is nowhere else.
    package static let archive = "system.squashfs"
    /// In the system's folder of lists: what to unpack, in this order, a line each: path on the image; the file beside this one that lists
    /// what to take of it, - for everything, or the format of a package; bytes.
    package static let sources = "sources"

    /// Smaller files are packed again: together they take less room than their names.
    private static let leastShared: Int64 = 8192
    /// A package of which less is needed is not worth unpacking.
    private static let leastOfPackage: Int64 = 8 << 20

    /// The step that takes from the system what is on the image elsewhere. Outputs: `rest.tar`, what is not; and the tree `lists`, for
    /// the folder of that name beside the archive.
    package func split(_ name: StepName, stage: Stage, title: String) -> Step {
        let places = bases.map(\.place) + packages.map { "\($0.digest.hex) \($0.place)" } + [folder, "\(epoch)"]
        var inputs = [
            "system.tar": system, "packages": tree, "places": .literal(Array(places.joined(separator: "\n").utf8)),
        ]
        for (index, base) in bases.enumerated() { inputs["base-\(index).tar"] = base.root }
        return Step(
            name, stage: stage, title: title, inputs: inputs,
            action: .native(identifier: "system split", version: 3) { try await split($0) },
            outputs: ["rest.tar": .file, "lists": .tree], disk: DiskUse(kept: ["rest.tar": 0.3, "lists": 0.001]))
    }

    private func split(_ context: StepContext) async throws -> StepResult {
        let system = try await context.path("system.tar")
        let rest = context.workFolder.appending("rest.tar")
        var found: [TarSplit.Base] = []
        for index in bases.indices { found.append(.archive(try await context.path("base-\(index).tar"))) }
        let blobs = Dictionary(try await context.tree("packages").blobs.map { ($0.digest, $0) }) { first, _ in first }
        var known: [Package] = []
        for package in packages {
            guard let blob = blobs[package.digest] else { continue }
            let path = context.workFolder.appending("\(package.digest.hex).\(package.format.rawValue)")
            try await context.store.materialize(Artifact(file: blob), at: path)
            switch package.format {
            case .deb: found.append(.deb(path, ofAtLeast: Self.leastOfPackage))
            case .rpm: found.append(.rpm(path, ofAtLeast: Self.leastOfPackage))
            }
            known.append(package)
        }
        let (all, epoch) = (found, epoch)
        let result = try await BlockingWork.run {
            try TarSplit.write(system, without: all, ofAtLeast: Self.leastShared, epoch: epoch, to: rest)
        }
        var tree = FileTree()
        var lines = ""
        for (index, (base, share)) in zip(bases, result.shares).enumerated() where !share.paths.isEmpty {
            let list = Array(share.paths.joined(separator: [UInt8(ascii: "\n")])) + [UInt8(ascii: "\n")]
            try tree.set(.file(try await context.store.insert(list)), at: "\(index).list")
            lines += "\(base.place) \(index).list \(share.size)\n"
        }
        // The largest ones first: they are unpacked several at once, and none of the cores is to wait for a last large one.
        let ofPackages = zip(known, result.shares.dropFirst(bases.count)).sorted { $0.1.size > $1.1.size }
        for (package, share) in ofPackages where !share.paths.isEmpty {
            lines += "\(package.place) \(package.format.rawValue) \(share.size)\n"
        }
        lines += "\(folder)/\(Self.archive) - \(result.rest)\n"
        try tree.set(.file(try await context.store.insert(Array(lines.utf8))), at: Self.sources)
        let shared = result.shares.reduce(0) { $0 + $1.size }
        return StepResult(
            outputs: [
                "rest.tar": try await context.output(file: rest), "lists": try await context.output(tree: tree),
            ], summary: "\(ByteCount(shared)) of it are on the image already, \(ByteCount(result.rest)) are not")
    }
}

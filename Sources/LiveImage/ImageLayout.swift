package import BuildGraph
import ContentStore
package import Primitives

/// What lies on the image: each input, a file or a tree, by its path there: "live/vmlinuz", "darksite/debian/apt".
package struct ImageLayout: Sendable {
    private var placed: [String: StepInput] = [:]
    /// The files whose bytes depend on the key of the build host: signatures, and what the public key is in. Paths on the image.
    private var keyed: Set<String> = []

    /// An image with nothing on it.
    package init() {}

    /// What lies at a path, without a slash before it. Folders above it need not be named.
    package subscript(path: String) -> StepInput? {
        get { placed[path] }
        set { placed[path] = newValue }
    }

    /// Puts all that `others` have at their places, in the stead of what was there. Of the files in them, `keyed` depend on the key.
    package mutating func add(_ others: [String: StepInput], keyed: Set<String> = []) {
        placed.merge(others) { $1 }
        self.keyed.formUnion(keyed)
    }

    /// The root of the image as inputs of a step: a container finds it whole at `/in/root`.
    package var inputs: [String: StepInput] {
        Dictionary(uniqueKeysWithValues: placed.map { (Self.prefix + $0.key, $0.value) })
    }

    private static let prefix = "root/"

    /// Where on the image an input lies that `inputs` named so; nil for those of others.
    package static func place(ofInput name: String) -> String? {
        name.hasPrefix(prefix) ? String(name.dropFirst(prefix.count)) : nil
    }

    /// The folder where the live system looks for answers: somebody may put them into a copy of the finished image.
    package static let answers = "kldload/answers"

    // MARK: Lists of digests

    /// Where the list of digests lies: of every file that does not depend on the key.
    package static let digests = "kldload/sha256sums"
    /// Where that of the files lies that do.
    package static let signatures = "kldload/signatures.sha256"
    /// What the path of a list's signature ends in.
    package static let signed = ".asc"

    /// A list of digests in the format of sha256sum(1).
    package static func list(_ digests: [(path: String, digest: Digest)]) -> [UInt8] {
        let lines = digests.sorted { $0.path < $1.path }.map { "\($0.digest.hex)  \($0.path)\n" }
        return Array(lines.joined().utf8)
    }

    /// The step that lists the digest of every file on the image that does not depend on the key: `sha256sums`.
    package func digestList(_ name: StepName, stage: Stage) -> Step {
        let keyed = keyed
        return Step(
            name, stage: stage, title: "list of digests", inputs: inputs(where: { !keyed.contains($0) }),
            action: .native(identifier: "digest list", version: 3) { context in
                let files = try await Self.files(in: context).filter { !keyed.contains($0.path) }
                return StepResult(
                    outputs: ["sha256sums": try await context.output(bytes: Self.list(files))],
                    summary: "\(files.count) files")
            },
            outputs: ["sha256sums": .file], cores: 0)
    }

    /// The step that signs the list of digests, which the step `list` made, and lists and signs what else depends on the key:
    /// `sha256sums.asc`, `signatures.sha256`, `signatures.sha256.asc`. `sign` makes a detached signature; `key` is all that it depends on.
    package func signatures(
        _ name: StepName, stage: Stage, digests list: StepName, key: [UInt8],
        sign: @escaping @Sendable ([UInt8]) async throws -> [UInt8]
    ) -> Step {
        let keyed = keyed
        var inputs = inputs(where: { place in keyed.contains { $0 == place || $0.hasPrefix("\(place)/") } })
        inputs["sha256sums"] = .output(list, "sha256sums")
        inputs["key"] = .literal(key)
        return Step(
            name, stage: stage, title: "signatures", inputs: inputs,
            action: .native(identifier: "signatures of the image", version: 1) { context in
                let signature = try await sign(try await context.bytes("sha256sums"))
                var files = try await Self.files(in: context).filter { keyed.contains($0.path) }
                files.append((Self.digests + Self.signed, Digest(of: signature)))
                let list = Self.list(files)
                return StepResult(
                    outputs: [
                        "sha256sums.asc": try await context.output(bytes: signature),
                        "signatures.sha256": try await context.output(bytes: list),
                        "signatures.sha256.asc": try await context.output(bytes: try await sign(list)),
                    ], summary: "\(files.count) files depend on the key")
            },
            outputs: ["sha256sums.asc": .file, "signatures.sha256": .file, "signatures.sha256.asc": .file], cores: 0)
    }

    /// Puts both lists and their signatures onto the image, which the steps `digests` and `signatures` made.
    package mutating func addLists(digests: StepName, signatures: StepName) {
        placed[Self.digests] = .output(digests, "sha256sums")
        placed[Self.digests + Self.signed] = .output(signatures, "sha256sums.asc")
        placed[Self.signatures] = .output(signatures, "signatures.sha256")
        placed[Self.signatures + Self.signed] = .output(signatures, "signatures.sha256.asc")
    }

    private func inputs(where isWanted: (String) -> Bool) -> [String: StepInput] {
        inputs.filter { isWanted(String($0.key.dropFirst(Self.prefix.count))) }
    }

    /// Every file among what a step has of the image, by its path there.
    private static func files(in context: StepContext) async throws -> [(path: String, digest: Digest)] {
        var files: [(path: String, digest: Digest)] = []
        for (input, artifact) in context.inputs where input.hasPrefix(prefix) {
            let place = String(input.dropFirst(prefix.count))
            switch artifact.kind {
            case .file: files.append((place, artifact.digest))
            case .tree:
                for case (let path, .file(let blob, _)) in try await context.tree(input).nodes {
                    files.append(("\(place)/\(path)", blob.digest))
                }
            }
        }
        return files
    }
}

package import BuildGraph
import ContentStore
import Primitives

/// What lies on the image: each input, a file or a tree, by its path there: "live/vmlinuz", "darksite/debian/apt".
package struct ImageLayout: Sendable {
    private var placed: [String: StepInput] = [:]

    /// An image with nothing on it.
    package init() {}

    /// What lies at a path, without a slash before it. Folders above it need not be named.
    package subscript(path: String) -> StepInput? {
        get { placed[path] }
        set { placed[path] = newValue }
    }

    /// Puts all that `others` have at their places, in the stead of what was there.
    package mutating func add(_ others: [String: StepInput]) { placed.merge(others) { $1 } }

    /// The root of the image as inputs of a step: a container finds it whole at `/in/root`.
    package var inputs: [String: StepInput] {
        Dictionary(uniqueKeysWithValues: placed.map { (Self.prefix + $0.key, $0.value) })
    }

    private static let prefix = "root/"

    /// The step that lists the digest of every file on the image, in the format of sha256sum(1): `sha256sums`.
    package func digestList(_ name: StepName, stage: Stage) -> Step {
        Step(
            name, stage: stage, title: "list of digests", inputs: inputs,
            action: .native(identifier: "digest list", version: 2) { context in
                var lines: [(path: String, digest: Digest)] = []
                for (input, artifact) in context.inputs {
                    let place = String(input.dropFirst(Self.prefix.count))
                    switch artifact.kind {
                    case .file: lines.append((place, artifact.digest))
                    case .tree:
                        for case (let path, .file(let blob, _)) in try await context.tree(input).nodes {
                            lines.append(("\(place)/\(path)", blob.digest))
                        }
                    }
                }
                lines.sort { $0.path < $1.path }
                let bytes = Array(lines.map { "\($0.digest.hex)  \($0.path)\n" }.joined().utf8)
                return StepResult(
                    outputs: ["sha256sums": try await context.output(bytes: bytes)], summary: "\(lines.count) files")
            },
            outputs: ["sha256sums": .file], cores: 0)
    }
}

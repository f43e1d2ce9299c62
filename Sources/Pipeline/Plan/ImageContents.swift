import BuildGraph
import ContentStore
import Primitives

extension Step {
    /// The files that the build itself lays over the live system, as inputs of a layer: whose signature it trusts, and what
    /// it is. systemd lets no clock be earlier than the time of `clock-epoch`: that of the layer.
    static func buildLayer(edition: String, identity: String, key: [UInt8]) -> [String: StepInput] {
        [
            "tree/usr/share/keyrings/kldload-darksite.gpg": .literal(key),
            "tree/etc/kldload/edition": .literal(Array("\(edition)\n".utf8)),
            "tree/etc/kldload/build": .literal(Array("\(identity)\n".utf8)),
            "tree/usr/lib/clock-epoch": .literal([]),
        ]
    }

    /// The step that lists the digest of every file that `contents` put on the image, in the format of sha256sum(1).
    static func digestList(_ name: StepName, stage: Stage, of contents: [String: StepInput]) -> Step {
        Step(
            name, stage: stage, title: "list of digests", inputs: contents,
            action: .native(identifier: "digest list", version: 1) { context in
                var lines: [String] = []
                for (input, artifact) in context.inputs {
                    // "boot/…" is taken apart by xorriso, "extra/…" is laid over the root, "darksite-…" goes into a folder.
                    guard !input.hasPrefix("boot/") else { continue }
                    var place = input.hasPrefix("extra/") ? String(input.dropFirst("extra/".count)) : input
                    if input.hasPrefix("rpm-darksite-") {
                        place = "darksite/rpm/\(input.dropFirst("rpm-darksite-".count))"
                    }
                    if input.hasPrefix("darksite-") { place = "darksite/\(input.dropFirst("darksite-".count))/apt" }
                    switch artifact.kind {
                    case .file: lines.append("\(artifact.digest.hex)  \(place)")
                    case .tree:
                        for case (let path, .file(let digest, _, _)) in try context.tree(input).nodes {
                            lines.append("\(digest.hex)  \(place)/\(path)")
                        }
                    }
                }
                lines.sort { $0.dropFirst(66) < $1.dropFirst(66) }
                let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
                return StepResult(
                    outputs: ["sha256sums": try context.output(bytes: bytes)], summary: "\(lines.count) files")
            },
            outputs: ["sha256sums": .file], cores: 0)
    }
}

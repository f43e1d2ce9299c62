package import BuildGraph
import ContentStore
import Primitives

extension LiveOverlay {
    /// The step that puts the files of `includes` where they belong in the live root, the archive `root`: the tree `tree` for a
    /// layer, and `rights`. Those of the `modes` in it that are unusual are kept.
    package static func step(
        _ name: StepName, stage: Stage, includes: StepInput, modes: [String: UInt16], root: StepInput
    ) -> Step {
        var shownAs = "includes"
        if case .folder(_, _, let shown) = includes { shownAs = shown }
        var inputs = ["tree": includes, "rootfs.tar": root]
        // Without any the key is that of a checkout in which nobody ever set one.
        if !modes.isEmpty {
            let lines = modes.sorted { $0.key < $1.key }.map { "\(String($0.value, radix: 8)) \($0.key)\0" }
            inputs["modes"] = .literal(Array(lines.joined().utf8))
        }
        return Step(
            name, stage: stage, title: "includes, laid over the live root", inputs: inputs,
            action: .native(identifier: "live overlay", version: 1) { [shownAs] context in
                let archive = try await context.path("rootfs.tar")
                let layout = try await BlockingWork.run { try RootLayout(archive: archive) }
                let overlay = try LiveOverlay(
                    try await context.tree("tree"), modes: modes, over: layout, shownAs: shownAs)
                for (path, place) in overlay.moved.sorted(by: { $0.key < $1.key }) {
                    context.log.write("\(shownAs)/\(path) goes to /\(place), where the link of that name leads")
                }
                let rights = overlay.rights.sorted { $0.key < $1.key }.map { path, rights in
                    "\(String(rights.mode, radix: 8)) \(rights.user) \(rights.group) \(path)\0"
                }
                return StepResult(
                    outputs: [
                        "tree": try await context.output(tree: overlay.tree),
                        "rights": try await context.output(bytes: Array(rights.joined().utf8)),
                    ], summary: "\(overlay.tree.nodes.count) files")
            },
            outputs: ["tree": .tree, "rights": .file])
    }
}

package import APT
package import BuildGraph
import ContentStore
package import Packages
import Primitives

/// How a mirror gets its signature: in a step of its own, so that the mirror, and whatever is made of it, is the same whoever signs it.
package struct MirrorSignature: Sendable {
    /// The key that signs; the public one is a part of the step's key.
    package let signer: SigningKey
    /// The time of the signature: seconds since 1970.
    package let epoch: Int64
    /// The file of the mirror whose signature vouches for all others.
    package let statement: String
    /// Where the signature lies, detached and armored (RFC 9580, sections 6.2 and 10.4): where the family's package manager looks for it.
    package let place: String

    /// A signature by `signer` of the mirror's file `statement`, as `family` has it.
    package init(family: PackageFamily, statement: String, signer: SigningKey, epoch: Int64) {
        self.signer = signer
        self.epoch = epoch
        self.statement = statement
        place = statement + (family == .apt ? ".gpg" : ".asc")
    }

    /// The step that adds it to the tree `mirror`.
    package func step(_ name: StepName, stage: Stage, mirror: StepInput) -> Step {
        Step(
            name, stage: stage, title: "signature of the mirror",
            inputs: [
                "mirror": mirror, "key": .literal(signer.publicKey),
                "facts": .literal(Array("\(statement) \(place) \(epoch)\n".utf8)),
            ],
            action: .native(identifier: "mirror signature", version: 1) { context in
                var tree = try await context.tree("mirror")
                guard case .file(let blob, _) = tree.nodes[statement] else {
                    throw SliceError("the mirror has no \(statement)")
                }
                let signature = try await signer.detachSign(try await context.store.bytes(of: blob), epoch: epoch)
                try await context.add([RepositoryFile(path: place, bytes: signature)], to: &tree)
                return StepResult(outputs: ["mirror": try await context.output(tree: tree)])
            },
            outputs: ["mirror": .tree], cores: 0)
    }
}

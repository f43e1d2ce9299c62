import APT
import BuildGraph
import Primitives

extension Step {
    /// The step that signs the file `input` with the key of this build host: `signature.asc`, a detached signature (RFC 9580, section
    /// 10.4) of the time `epoch`, seconds since 1970.
    static func signature(
        _ name: StepName, stage: Stage, title: String, of input: StepInput, by signer: SigningKey, epoch: Int64
    ) -> Step {
        Step(
            name, stage: stage, title: title,
            inputs: [
                "file": input, "key": .literal(signer.publicKey), "epoch": .literal(Array("\(epoch)\n".utf8)),
            ],
            action: .native(identifier: "detached signature", version: 1) { context in
                let signature = try await signer.detachSign(try await context.bytes("file"), epoch: epoch)
                return StepResult(outputs: ["signature.asc": try await context.output(bytes: signature)])
            },
            outputs: ["signature.asc": .file], cores: 0)
    }
}

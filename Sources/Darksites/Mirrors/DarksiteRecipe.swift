package import APT
package import BuildGraph
import ContentStore
import Primitives

/// How a proven mirror becomes the darksite that the image carries: the mirror, its certificate and the certificate's signature.
package struct DarksiteRecipe: Sendable {
    /// What it says of the mirror, but for the verdicts, which come as inputs.
    package let certificate: Certificate
    /// The key that signs it: the mirror's.
    package let signer: SigningKey

    /// Where the certificate lies in the darksite.
    package static let fileName = "certificate.txt"
    /// Where its signature lies.
    package static let signatureName = fileName + ".asc"

    package init(certificate: Certificate, signer: SigningKey) {
        self.certificate = certificate
        self.signer = signer
    }

    /// The step that writes the tree `darksite`. `verdict` is that of the gate on the whole `mirror`, `installs` are those of
    /// the profiles that were really installed.
    package func step(
        _ name: StepName, stage: Stage, mirror: StepInput, verdict: StepInput, installs: [String: StepInput]
    ) -> Step {
        var inputs = [
            "mirror": mirror, "verdict": verdict, "facts": .literal(certificate.facts),
            "key": .literal(signer.publicKey),
        ]
        for (profile, install) in installs { inputs["installs/\(profile)"] = install }
        return Step(
            name, stage: stage, title: "certificate", inputs: inputs,
            action: .native(identifier: "darksite", version: 2) { context in
                try await certify(context, installs: installs.keys.sorted())
            },
            outputs: ["darksite": .tree])
    }

    private func certify(_ context: StepContext, installs: [String]) async throws -> StepResult {
        var tree = try await context.tree("mirror")
        guard case .file(let release, _) = tree.nodes[certificate.statement] else {
            throw SliceError("the mirror has no \(certificate.statement)")
        }
        let verdict = GateVerdict(try await context.bytes("verdict"))
        var verdicts: [String: GateVerdict] = [:]
        for profile in installs { verdicts[profile] = GateVerdict(try await context.bytes("installs/\(profile)")) }
        let text = Array(try certificate.text(release: release.digest, mirror: verdict, installs: verdicts).utf8)
        let signature = try await signer.detachSign(text, epoch: certificate.epoch)
        let files = [
            RepositoryFile(path: Self.fileName, bytes: text),
            RepositoryFile(path: Self.signatureName, bytes: signature),
        ]
        try await context.add(files, to: &tree)
        return StepResult(
            outputs: ["darksite": try await context.output(tree: tree)],
            summary: try certificate.summary(mirror: verdict, installs: verdicts))
    }
}

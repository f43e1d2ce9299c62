import APT
import BuildGraph
import ContentStore
import Darksites
import Declaration
import LiveImage
import Locking
import Packages
import Primitives

/// The steps that make a medium of updates: of each distribution a mirror of what machines lack, signed, its closure proven by our solver
/// and by the distribution's own package manager; lists of what machines have and are to have; digests of all of it, and a signature.
struct DeltaPlanner {
    /// Of one distribution.
    struct Part {
        let delta: DistributionDelta
        let earlier: EarlierPackages
        /// How its darksite is made, with the later lock.
        let darksite: DarksitePlanner
    }

    let parts: [Part]
    /// What `kldload/delta.json` says, a line of text.
    let manifest: [UInt8]
    let signer: SigningKey
    /// The key that machines are to trust afterwards, binary, and the signature by the present one; nil: this one stays.
    let nextKey: (key: [UInt8], signature: [UInt8])?
    let recipe: ImageRecipe
    /// Leave out what the real package managers prove.
    let isDraft: Bool

    /// Where things lie on the medium.
    enum Place {
        static let manifest = "kldload/delta.json"
        static let key = "kldload/key.asc"
        static let nextKey = "kldload/next-key.gpg"
        /// What a machine of a profile has before.
        static func before(_ distribution: String, _ profile: String) -> String {
            "\(DarksitePlace(distribution).folder)/from/\(profile)"
        }
    }

    /// What the volume is called.
    static let label = "KLDLOAD_DELTA"
    /// The step whose output `medium` is the tree of all that lies on it, and the one whose `medium.img` is its image.
    static let medium: StepName = "delta/medium"
    static let image: StepName = "delta/image"
    /// The step whose output `sha256sums` is the list of digests.
    static let digests: StepName = "delta/digests"
    private static let signature: StepName = "delta/signature"

    /// The steps, beside those of the build that they read from.
    func steps() throws -> [Step] {
        var layout = ImageLayout()
        layout.add([
            Place.manifest: .literal(manifest), Place.key: .literal(signer.armoredPublicKey),
        ])
        if let nextKey {
            layout.add([
                Place.nextKey: .literal(nextKey.key), Place.nextKey + ImageLayout.signed: .literal(nextKey.signature),
            ])
        }
        var steps: [Step] = []
        var verdicts: [String: StepInput] = [:]
        for part in parts {
            let (own, contents, proofs) = try self.part(part)
            steps += own
            layout.add(contents)
            for (number, proof) in proofs.enumerated() { verdicts["verdicts/\(part.delta.to.name)/\(number)"] = proof }
        }
        let stage = BuildStage.iso
        steps.append(layout.digestList(Self.digests, stage: stage))
        steps.append(signature(of: .output(Self.digests, "sha256sums"), stage: stage))
        layout[ImageLayout.digests] = .output(Self.digests, "sha256sums")
        layout[ImageLayout.digests + ImageLayout.signed] = .output(Self.signature, "sha256sums.asc")
        steps.append(Self.tree(of: layout, verdicts, stage: stage))
        steps.append(
            recipe.medium(Self.image, stage: stage, label: Self.label, root: .output(Self.medium, "medium")))
        return steps
    }

    /// That of the list of digests.
    func signature(of list: StepInput, stage: Stage) -> Step {
        let (signer, epoch) = (signer, recipe.epoch)
        return Step(
            Self.signature, stage: stage, title: "signature of the medium",
            inputs: ["sha256sums": list, "key": .literal(signer.publicKey + "\(epoch)".utf8)],
            action: .native(identifier: "delta signature", version: 1) { context in
                let signature = try await signer.detachSign(try await context.bytes("sha256sums"), epoch: epoch)
                return StepResult(outputs: ["sha256sums.asc": try await context.output(bytes: signature)])
            },
            outputs: ["sha256sums.asc": .file], cores: 0)
    }

    /// All that lies on the medium as one tree, once all verdicts are there.
    static func tree(of layout: ImageLayout, _ verdicts: [String: StepInput], stage: Stage) -> Step {
        Step(
            medium, stage: stage, title: "what lies on the medium", inputs: layout.inputs.merging(verdicts) { $1 },
            action: .native(identifier: "delta medium", version: 1) { context in
                var tree = FileTree()
                for (input, artifact) in context.inputs {
                    guard let place = ImageLayout.place(ofInput: input) else { continue }
                    switch artifact.kind {
                    case .file: try tree.set(.file(artifact.blob), at: place)
                    case .tree: try tree.merge(try await context.tree(input), at: place)
                    }
                }
                return StepResult(outputs: ["medium": try await context.output(tree: tree)], summary: "\(tree.size)")
            },
            outputs: ["medium": .tree])
    }

    /// Of one distribution its steps, what lies on the medium of it, and what proves it.
    private func part(_ part: Part) throws -> ([Step], [String: StepInput], [StepInput]) {
        let (delta, full) = (part.delta, part.darksite)
        var plan = full
        plan.locked = delta.carried
        plan.prefix = "delta-\(delta.to.name)"
        let stage = plan.stage
        let files = delta.packages.map(ArchiveFile.init)
        let closure = DeltaClosure(delta, earlier: part.earlier, codename: plan.declaration.codename)
        var steps = [
            try plan.fetch.step(
                plan.name("packages"), stage: stage, title: "packages that machines lack", files: files),
            try plan.fetch.step(
                plan.name("indexes"), stage: stage, title: "locked indexes of \(delta.to.name)",
                files: delta.to.indexes.map { ArchiveFile($0) }),
        ]
        steps += plan.family.mirrorSteps(plan)
        steps.append(plan.signature.step(plan.name("signed"), stage: stage, mirror: plan.output("mirror")))
        steps.append(closure.step(plan.name("closure"), stage: stage, mirror: plan.output("signed", "mirror")))
        var proofs = [plan.output("closure", "verdict")]
        if !isDraft {
            if delta.to.family == .rpm {
                let profiles = Set(delta.profiles.map(\.name))
                let earlier = delta.from.packages.filter { !profiles.isDisjoint(with: $0.profiles) }
                steps.append(
                    try plan.fetch.step(
                        plan.name("earlier"), stage: stage, title: "packages that machines have",
                        files: earlier.map(ArchiveFile.init)))
            }
            steps.append(gate(part, plan))
            proofs.append(plan.output("gate", "verdict"))
        }
        var contents: [String: StepInput] = [
            plan.mirror: plan.output("signed", "mirror"), plan.place.facts: .literal(full.facts.bytes),
        ]
        for profile in delta.profiles.map(\.name) {
            contents[plan.place.packages(of: profile)] = .literal(full.packageList(profile))
            contents[Place.before(delta.to.name, profile)] = .literal(full.packageList(profile, of: delta.from))
        }
        return (steps, contents, proofs)
    }

    private func gate(_ part: Part, _ plan: DarksitePlanner) -> Step {
        let judge = plan.family.updateJudge(plan)
        var inputs = DeltaGate(part.delta, earlier: part.earlier).inputs { plan.family.fullVersion($0.version) }
        inputs["mirror"] = plan.output("signed", "mirror")
        inputs[judge.key.name] = .literal(judge.key.bytes)
        if part.delta.to.family == .rpm { inputs["earlier"] = plan.output("earlier", "packages") }
        return plan.recipe.step(
            plan.name("gate"), plan.stage, judge.title, inputs, judge.script, judge.arguments, ["verdict": .file])
    }
}

import APT
import BuildGraph
import ContentStore
import Darksites
import Declaration
import Evidence
import LiveImage
import Locking
import Packages
import Primitives
import SystemPackage

/// The steps that write down what an image is made of and how it came to be.
struct EvidencePlanner: Sendable {
    /// What asked for the packages of some profiles, and what they depend on; nothing where it is not known.
    var traces: @Sendable (LockedDistribution, Set<String>) async throws -> [PackageTracer.Key: PackageTracer.Trace] = {
        _, _ in [:]
    }
    /// Where it is remembered what packages say of themselves; nil where nothing is.
    var kept: KeptResults?
    /// The files of the checkout that say what is built: declaration, package sets, keys of repositories. They decide about `traces`.
    var sources: [StepInput] = []

    /// The bills of materials of the image called `name`: `spdx` and `cycloneDX`.
    ///
    /// `packages` are trees with the files of all packages on it; `built` has the files that the build made, by the name of the package.
    func bills(
        _ step: StepName, stage: Stage, lock: Lock, declaration: Declaration, name: String, packages: [StepInput],
        built: [String: StepInput]
    ) throws -> Step {
        let carried = declaration.carriedProfiles.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.sorted())" }
        var inputs = [
            "lock": StepInput.literal(try LockWriter.text(of: lock)),
            "image": .literal(Array(("\(name)\n\(carried)\n\(BuildPlan.toolVersion)\n").utf8)),
        ]
        for (number, tree) in packages.enumerated() { inputs["packages/\(number)"] = tree }
        for (name, file) in built { inputs["built/\(name)"] = file }
        for (number, source) in sources.enumerated() { inputs["sources/\(number)"] = source }
        return Step(
            step, stage: stage, title: "bills of materials", inputs: inputs,
            action: .native(identifier: "bills of materials", version: 2) { context in
                let bill = try await bill(of: lock, declaration, called: name, context)
                return StepResult(
                    outputs: [
                        "spdx": try await context.output(bytes: bill.spdx),
                        "cycloneDX": try await context.output(bytes: bill.cycloneDX),
                    ], summary: "\(bill.packages.count.counted("package"))")
            },
            outputs: ["spdx": .file, "cycloneDX": .file])
    }

    private func bill(
        of lock: Lock, _ declaration: Declaration, called name: String, _ context: StepContext
    ) async throws -> BillOfMaterials {
        let carried = declaration.carriedProfiles
        var wanted: [(distribution: LockedDistribution, package: LockedPackage)] = []
        var traces: [String: [PackageTracer.Key: PackageTracer.Trace]] = [:]
        context.report(StepProgress(activity: "looking for what asked for each package"))
        for distribution in lock.distributions {
            let profiles = carried[distribution.name] ?? []
            let packages = distribution.packages.filter { !profiles.isDisjoint(with: $0.profiles) }
            guard !packages.isEmpty else { continue }
            wanted += packages.map { (distribution, $0) }
            traces[distribution.name] = try await self.traces(distribution, profiles)
        }
        let facts = try await facts(of: wanted.map { ($0.package.digest, $0.distribution.family) }, context)
        var packages: [BillOfMaterials.Package] = []
        func add(
            _ distribution: LockedDistribution, _ name: String, _ version: String, _ architecture: String,
            _ profiles: [String], _ digest: Digest, _ size: ByteCount, file: String?, _ facts: PackageFacts
        ) {
            let key = PackageTracer.Key(name: name, version: version, architecture: architecture)
            let trace = traces[distribution.name]?[key] ?? PackageTracer.Trace()
            let declared = declaration[distribution: distribution.name]
            let release = distribution.family == .apt ? declared?.codename : declared.map { "\($0.name)-\($0.release)" }
            packages.append(
                BillOfMaterials.Package(
                    distribution: distribution.name, family: distribution.family, release: release ?? "", name: name,
                    version: version, architecture: architecture, digest: digest, size: size, file: file, facts: facts,
                    profiles: profiles.filter { carried[distribution.name]?.contains($0) == true },
                    origins: trace.origins, needs: trace.needs))
        }
        for (distribution, package) in wanted {
            add(
                distribution, package.name, package.version, package.architecture, package.profiles, package.digest,
                package.size, file: "\(package.repository) \(package.path)",
                facts[package.digest] ?? PackageFacts())
        }
        for distribution in lock.distributions {
            for package in distribution.built {
                guard let artifact = context.inputs["built/\(package.name)"],
                    carried[distribution.name]?.isDisjoint(with: package.profiles) == false
                else { continue }
                let path = try await context.path("built/\(package.name)")
                let facts = try await BlockingWork.run { try PackageFacts(deb: path) }
                add(
                    distribution, package.name, package.version, package.architecture, package.profiles,
                    artifact.digest, artifact.size, file: nil, facts)
            }
        }
        let date = lock.epoch ?? LockDate(secondsSince1970: 0)
        return BillOfMaterials(name: name, date: date, toolVersion: BuildPlan.toolVersion, packages: packages)
    }

    /// What package files say of themselves. Of those that were looked at before it is remembered: their bytes are compressed, and the
    /// licence is far behind in them.
    private func facts(
        of packages: [(digest: Digest, family: PackageFamily)], _ context: StepContext
    ) async throws -> [Digest: PackageFacts] {
        var facts: [Digest: PackageFacts] = [:]
        var unknown: [Digest: PackageFamily] = [:]
        for (digest, family) in packages {
            if let known = kept?.content(digest.hex, in: .packageFacts).flatMap({ PackageFacts(kept: $0) }) {
                facts[digest] = known
            } else {
                unknown[digest] = family
            }
        }
        guard !unknown.isEmpty else { return facts }
        context.report(StepProgress(activity: "reading what \(unknown.count.counted("package")) say of themselves"))
        var files: [(path: FilePath, digest: Digest, family: PackageFamily)] = []
        for input in context.inputs.keys.sorted() where input.hasPrefix("packages/") {
            for blob in try await context.tree(input).blobs {
                guard let family = unknown.removeValue(forKey: blob.digest) else { continue }
                let path = context.workFolder.appending(blob.digest.hex)
                try await context.store.materialize(Artifact(file: blob), at: path)
                files.append((path, blob.digest, family))
            }
        }
        let all = files
        let found = try await BlockingWork.run {
            BlockingWork.concurrently(all.count, threads: 2) { number in
                Result {
                    try all[number].family == .apt
                        ? PackageFacts(deb: all[number].path) : PackageFacts(rpm: all[number].path)
                }
            }
        }
        for (file, result) in zip(all, found) {
            let own = try result.get()
            facts[file.digest] = own
            kept?.keep(own.kept, as: file.digest.hex, in: .packageFacts)
        }
        return facts
    }

    /// How the image comes to be, as far as its declaration, its lock and the steps `steps` decide it.
    func provenance(
        of lock: Lock, _ declaration: Declaration, steps: [Step], omitted: [String: [String]], signer: SigningKey
    ) throws -> Provenance {
        var known = Set<Resource>()
        for step in steps {
            guard case .container(_, let script, _, _) = step.action else { continue }
            known.insert(Resource("script of \(step.name)", Digest(of: script)))
        }
        for source in Self.sources(of: steps, and: sources) {
            switch source {
            case .file(_, let blob, let shown): known.insert(Resource(shown, blob.digest))
            case .folder(_, let tree, let shown):
                for case (let path, .file(let blob, _)) in tree.nodes {
                    known.insert(Resource("\(shown)/\(path)", blob.digest))
                }
            case .literal, .output: break
            }
        }
        let iso = declaration.iso
        return Provenance(
            parameters: [
                ("edition", [iso.edition]), ("distribution", [iso.distribution]), ("profile", [iso.profile]),
                ("live", [declaration.live.distribution]),
                (
                    "darksites",
                    iso.darksites.flatMap { darksite in darksite.profiles.map { "\(darksite.distribution) \($0)" } }
                ),
                (
                    "notInstalled",
                    omitted.sorted { $0.key < $1.key }.flatMap { name, profiles in profiles.map { "\(name) \($0)" } }
                ),
            ], sources: known.sorted(), lock: lock, lockDigest: Digest(of: try LockWriter.text(of: lock)),
            toolVersion: BuildPlan.toolVersion, fingerprint: signer.fingerprint)
    }

    /// The files and folders of the user's among what steps read, and `others`: each once, in one order.
    private static func sources(of steps: [Step], and others: [StepInput]) -> [StepInput] {
        var found: [String: StepInput] = [:]
        for input in others + steps.flatMap(\.inputs.values) {
            switch input {
            case .file(_, _, let shown), .folder(_, _, let shown): found[shown] = input
            case .literal, .output: break
            }
        }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What the step of `statement` makes.
    static let statementOutput = "provenance.intoto.jsonl"

    /// The signed statement that the list of digests on the image, and so the image, came to be so. `steps` are those that
    /// `provenance` is of.
    func statement(
        _ step: StepName, stage: Stage, of provenance: Provenance, steps: [Step], list: StepInput, signer: SigningKey,
        epoch: Int64
    ) throws -> Step {
        var inputs = [
            "list": list, "key": .literal(signer.publicKey), "epoch": .literal(Array("\(epoch)\n".utf8)),
            "lock": .literal(try LockWriter.text(of: provenance.lock)),
            // Of files, a person wants to know which one changed.
            "choices": .literal(provenance.choices),
        ]
        for (number, source) in Self.sources(of: steps, and: sources).enumerated() {
            inputs["sources/\(number)"] = source
        }
        return Step(
            step, stage: stage, title: "statement of how it was made", inputs: inputs,
            action: .native(identifier: "provenance", version: 1) { context in
                let subject = Resource(EvidenceFile.digests, try context.artifact("list").digest)
                let line = try await signer.envelope(provenance.statement(of: [subject]), epoch: epoch).line
                return StepResult(
                    outputs: [Self.statementOutput: try await context.output(bytes: line)],
                    summary: "\(provenance.dependencies.count) sources, indexes and packages")
            },
            outputs: [Self.statementOutput: .file], cores: 0)
    }
}

extension DerivedResults.Kind {
    /// What packages say of themselves.
    static let packageFacts = Self("package-facts")
}

extension SigningKey {
    /// `statement`, signed with the date `epoch` in seconds since 1970. Equal statements and dates give equal envelopes.
    func envelope(_ statement: Statement, epoch: Int64) async throws -> Envelope {
        let payload = statement.bytes
        let armored = try await detachSign(Envelope.signedBytes(payload), epoch: epoch)
        let signature = Envelope.Signature(keyID: fingerprint, bytes: ArmoredKey.signature(armored) ?? [])
        return Envelope(payload: payload, signatures: [signature])
    }
}

extension Declaration {
    /// By distribution, the profiles that an image has: those of its darksites, and the live system.
    var carriedProfiles: [String: Set<String>] {
        var profiles: [String: Set<String>] = [:]
        for darksite in iso.darksites { profiles[darksite.distribution, default: []].formUnion(darksite.profiles) }
        profiles[live.distribution, default: []].insert(liveProfile.rawValue)
        return profiles
    }
}

import APT
import BuildGraph
import Darksites
import LiveImage

/// The steps that make and prove the darksite of one distribution.
struct DarksitePlanner {
    let locked: LockedDistribution
    let declaration: Declaration.Distribution
    /// The profiles that can be installed from it.
    let profiles: [String]
    /// The date of the mirror, in seconds since 1970.
    let epoch: Int64
    let fetch: PackageFetch
    let signer: SigningKey
    /// The prebuilt ZFS module, where there is one for this distribution.
    let module: RootPlanner.Module?
    /// For the gate, which needs the builder image.
    let recipe: ImageRecipe

    private var stage: Stage { BuildStage.darksite(of: locked.name) }
    private func name(_ step: String) -> StepName { StepName("\(locked.name)/\(step)") }

    /// Packages, indexes, mirror and gate.
    func steps() throws -> [Step] {
        let carried = Set(profiles)
        let files = locked.packages.filter { !carried.isDisjoint(with: $0.profiles) }.map(ArchiveFile.init)
        var built: [String: StepInput] = [:]
        if let module, let output = module.output, let package = module.package,
            !carried.isDisjoint(with: package.profiles)
        {
            built["built/\(module.fileName)"] = output
        }
        let mirror = MirrorRecipe(
            codename: declaration.codename, label: "kldload \(locked.name)", epoch: epoch, signer: signer)
        return [
            try fetch.step(
                name("packages"), stage: stage, title: "packages of \(profiles.joined(separator: ", "))", files: files),
            try fetch.step(
                name("indexes"), stage: stage, title: "locked indexes of \(locked.name)",
                files: locked.indexes.map { $0.file }),
            mirror.step(
                name("mirror"), stage: stage, locked: locked, profiles: carried,
                packages: .output(name("packages"), "packages"),
                indexes: .output(name("indexes"), "packages"), built: built),
            recipe.step(
                name("gate"), stage, "the real apt judges the mirror", gateInputs(), GateScript.apt,
                [declaration.codename, MirrorRecipe.component, locked.architectures.joined(separator: ",")],
                ["verdict": .file]),
        ]
    }

    /// What the image carries of it.
    var contents: [String: StepInput] {
        var contents: [String: StepInput] = [
            "darksite-\(locked.name)": .output(name("mirror"), "mirror"),
            "extra/kldload/proof/\(locked.name).txt": .output(name("gate"), "verdict"),
        ]
        for profile in profiles {
            contents["extra/darksite/\(locked.name)/profiles/\(profile)"] = .literal(packageList(profile))
        }
        return contents
    }

    private func gateInputs() -> [String: StepInput] {
        var inputs: [String: StepInput] = [
            "mirror": .output(name("mirror"), "mirror"), "key.gpg": .literal(signer.publicKey),
        ]
        for profile in profiles { inputs["profiles/\(profile)"] = .literal(packageList(profile)) }
        return inputs
    }

    /// Everything that a profile installs, `name version architecture` a line: the installer and the gate read the same.
    private func packageList(_ profile: String) -> [UInt8] {
        let lines =
            locked.packages(of: profile).map { "\($0.name) \($0.version) \($0.architecture)" }
            + locked.built.filter { $0.profiles.contains(profile) }.map {
                "\($0.name) \($0.version) \($0.architecture)"
            }
        return Array((lines.sorted().joined(separator: "\n") + "\n").utf8)
    }
}

extension LockedIndex {
    /// The index as a file to fetch. A flat tree holds them all, so each is called after its digest.
    var file: ArchiveFile { SnapshotFetch.file(of: self, byHash: true) }
}

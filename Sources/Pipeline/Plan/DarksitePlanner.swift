import APT
import BuildGraph
import Darksites
import Declaration
import LiveImage
import Locking
import Primitives

/// The steps that make and prove the darksite of one distribution.
struct DarksitePlanner: DarksiteSteps {
    let locked: LockedDistribution
    let declaration: Declaration.Distribution
    let source: Declaration.APTSource
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
    /// What a container starts from in which a profile is installed: the files of this distribution's Essential packages. nil
    /// where no other part of the build has them unpacked.
    let bootstrap: StepInput?
    /// The names that each profile forbids.
    let forbidden: [String: [String]]
    /// Leave the real installations out.
    let isDraft: Bool

    private var stage: Stage { BuildStage.darksite(of: locked.name) }
    private func name(_ step: String) -> StepName { StepName("\(locked.name)/\(step)") }

    /// The profiles that are to be really installed, as far as the image carries them.
    private var toInstall: [String] { profiles.filter(declaration.installedProfiles.contains) }
    private var installed: [String] { isDraft ? [] : toInstall }
    /// What a draft leaves unproven.
    var omitted: [String] { isDraft ? toInstall : [] }

    /// Packages, indexes, mirror, gates and certificate.
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
        ] + (try installSteps()) + [
            DarksiteRecipe(certificate: certificate, signer: signer).step(
                name("darksite"), stage: stage, mirror: .output(name("mirror"), "mirror"),
                verdict: .output(name("gate"), "verdict"),
                installs: Dictionary(
                    uniqueKeysWithValues: installed.map { ($0, .output(name("install-\($0)"), "verdict")) }))
        ]
    }

    /// What the image carries of it.
    var contents: [String: StepInput] {
        var contents: [String: StepInput] = [
            "darksite-\(locked.name)": .output(name("darksite"), "darksite")
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
        for profile in profiles {
            inputs["profiles/\(profile)"] = .literal(packageList(profile))
            inputs["rules/\(profile)"] = .literal(rules(profile).bytes)
        }
        return inputs
    }

    private func rules(_ profile: String) -> GateRules {
        GateRules(prebuildsZFS: source.zfsModule != nil, forbidden: forbidden[profile] ?? [])
    }

    private func installSteps() throws -> [Step] {
        if let bootstrap { return installed.flatMap { installSteps($0, in: bootstrap) } }
        guard !installed.isEmpty else { return [] }
        let packages = locked.packages.filter { $0.isEssential && !Set(installed).isDisjoint(with: $0.profiles) }
        let roots = RootPlanner(distribution: locked, declaration: declaration, fetch: fetch)
        return [
            try fetch.step(
                name("essential"), stage: stage, title: "essential packages of \(locked.name)",
                files: packages.map(ArchiveFile.init)),
            RootFilesystemRecipe(epoch: roots.epoch).bootstrap(
                name("bootstrap"), stage: stage, packages: .output(name("essential"), "packages"), count: packages.count
            ),
        ] + installed.flatMap { installSteps($0, in: .output(name("bootstrap"), "bootstrap.tar")) }
    }

    /// The steps that really install `profile` in `root`. They read what it installs and nothing else of the mirror.
    private func installSteps(_ profile: String, in root: StepInput) -> [Step] {
        let slice = name("slice-\(profile)")
        let essential = locked.packages(of: profile).filter(\.isEssential).map(\.name)
        return [
            ProfileSlice(
                codename: declaration.codename, architecture: locked.architecture, list: packageList(profile),
                essential: essential
            ).step(slice, stage: stage, profile: profile, mirror: .output(name("mirror"), "mirror")),
            Step(
                name("install-\(profile)"), stage: stage, title: "\(profile) installed onto nothing",
                inputs: [
                    "image": root, "packages": .output(slice, "packages"), "first": .output(slice, "first"),
                    "profile": .literal(packageList(profile)), "rules": .literal(rules(profile).bytes),
                ],
                action: .container(
                    image: .input("image"), script: GateScript.install, arguments: [], environment: [:]),
                outputs: ["verdict": .file], growth: (kept: 0, scratch: 5)),
        ]
    }

    private var certificate: Certificate {
        Certificate(
            distribution: locked.name, release: declaration.release, codename: declaration.codename,
            architecture: locked.architecture, snapshots: locked.snapshots, epoch: epoch,
            profiles: profiles.map { profile in
                let packages = locked.packages(of: profile)
                let built = locked.built.filter { $0.profiles.contains(profile) }
                return Certificate.Profile(
                    name: profile, packages: packages.count + built.count,
                    size: packages.reduce(.zero) { $0 + $1.size }, forbidden: (forbidden[profile] ?? []).count)
            },
            omitted: omitted, fingerprint: signer.fingerprint, toolVersion: BuildPlan.toolVersion)
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
    var file: ArchiveFile { SnapshotFetch.file(of: self, byHash: suite != LockedSnapshot.noSuite) }
}

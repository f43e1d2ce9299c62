import APT
import BuildGraph
import Darksites
import Declaration
import LiveImage
import Locking

/// A darksite of APT's packages.
struct APTDarksite: DarksiteFamily {
    let source: Declaration.APTSource
    /// The prebuilt ZFS module, where there is one for this distribution.
    let module: RootPlanner.Module?
    /// What a container starts from in which a profile is installed: the files of this distribution's Essential packages. nil
    /// where no other part of the build has them unpacked.
    let bootstrap: StepInput?

    func place(of name: String) -> String { "darksite/\(name)/apt" }

    var zfs: String { GateRules.zfs(isPrebuilt: source.zfsModule != nil) }

    func fullVersion(_ package: LockedPackage) -> String { package.version }

    func mirrorSteps(_ plan: DarksitePlanner) -> [Step] {
        let profiles = Set(plan.profiles)
        var built: [String: StepInput] = [:]
        if let module, let output = module.output, let package = module.package,
            !profiles.isDisjoint(with: package.profiles)
        {
            built["built/\(module.fileName)"] = output
        }
        let mirror = APTMirrorRecipe(
            codename: plan.declaration.codename, label: "kldload \(plan.locked.name)", epoch: plan.epoch,
            signer: plan.signer)
        return [
            mirror.step(
                plan.name("mirror"), stage: plan.stage, locked: plan.locked, profiles: profiles,
                packages: plan.output("packages"), indexes: plan.output("indexes", "packages"), built: built)
        ]
    }

    func judge(_ plan: DarksitePlanner) -> MirrorJudge {
        MirrorJudge(
            title: "the real apt judges the mirror", script: GateScript.apt,
            arguments: [
                plan.declaration.codename, APTMirrorRecipe.component, plan.locked.architectures.joined(separator: ","),
            ],
            key: ("key.gpg", plan.signer.publicKey))
    }

    func installSteps(_ plan: DarksitePlanner) throws -> [Step] {
        if let bootstrap { return plan.installed.flatMap { steps($0, plan, in: bootstrap) } }
        guard !plan.installed.isEmpty else { return [] }
        let installed = Set(plan.installed)
        let packages = plan.locked.packages.filter { $0.isEssential && !installed.isDisjoint(with: $0.profiles) }
        let roots = RootPlanner(distribution: plan.locked, source: source, fetch: plan.fetch)
        return [
            try plan.fetch.step(
                plan.name("essential"), stage: plan.stage, title: "essential packages of \(plan.locked.name)",
                files: packages.map(ArchiveFile.init)),
            RootFilesystemRecipe(epoch: roots.epoch).bootstrap(
                plan.name("bootstrap"), stage: plan.stage, packages: plan.output("essential", "packages"),
                count: packages.count),
        ] + plan.installed.flatMap { steps($0, plan, in: plan.output("bootstrap", "bootstrap.tar")) }
    }

    /// The steps that really install `profile` in `root`.
    private func steps(_ profile: String, _ plan: DarksitePlanner, in root: StepInput) -> [Step] {
        let slice = plan.name("slice-\(profile)")
        let list = plan.packageList(profile)
        return [
            APTProfileSlice(
                codename: plan.declaration.codename, architecture: plan.locked.architecture, list: list,
                essential: plan.locked.packages(of: profile).filter(\.isEssential).map(\.name)
            ).step(slice, stage: plan.stage, profile: profile, mirror: plan.output("mirror")),
            Step(
                plan.name("install-\(profile)"), stage: plan.stage, title: "\(profile) installed onto nothing",
                inputs: [
                    "image": root, "packages": .output(slice, "packages"), "first": .output(slice, "first"),
                    "profile": .literal(list), "rules": .literal(plan.rules(profile)),
                ],
                action: .container(
                    image: .input("image"), script: GateScript.install, arguments: [], environment: [:]),
                outputs: ["verdict": .file], disk: DiskUse(scratch: 5)),
        ]
    }
}

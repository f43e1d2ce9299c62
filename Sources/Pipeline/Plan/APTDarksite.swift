import APT
import BuildGraph
import Darksites
import Declaration
import LiveImage
import Locking
import Primitives

/// A darksite of APT's packages.
struct APTDarksite: DarksiteFamily {
    let source: Declaration.APTSource
    /// The prebuilt ZFS module, where there is one for this distribution.
    let module: RootPlanner.Module?
    /// What a container starts from in which a profile is installed: the files of this distribution's Essential packages. nil
    /// where no other part of the build has them unpacked.
    let bootstrap: StepInput?
    /// What the image's live system is made of.
    let liveProfile: Declaration.InternalProfile

    var zfs: String { GateRules.zfs(isPrebuilt: source.zfsModule != nil) }

    func fullVersion(_ version: String) -> String { version }

    /// The latest time in root file systems; seconds since 1970.
    private func rootEpoch(_ plan: DarksitePlanner) -> Int64 {
        RootPlanner.epoch(of: plan.locked, from: source)
    }

    func system(
        of profile: String, in folder: String, from bases: [SystemRecipe.Base], _ plan: DarksitePlanner
    ) -> SystemRecipe {
        let packages = plan.carried
        // The large ones that the live system has not.
        let unpackable = zip(packages, APTMirrorRecipe.places(of: packages)).filter { package, _ in
            package.profiles.contains(profile) && package.size >= ByteCount(1 << 20)
                && (plan.live == nil || !package.profiles.contains(liveProfile.rawValue))
        }
        return SystemRecipe(
            system: plan.output("install-\(profile)", SystemRecipe.installed),
            tree: plan.output("slice-\(profile)", "packages"), folder: folder, bases: bases,
            packages: unpackable.map {
                SystemRecipe.Package(
                    place: "\(plan.mirror)/\($1)", format: .deb, digest: $0.digest)
            }, epoch: rootEpoch(plan))
    }

    func mirrorSteps(_ plan: DarksitePlanner) -> [Step] {
        let profiles = Set(plan.profiles)
        var built: [String: StepInput] = [:]
        if let module, let output = module.output, let package = module.package,
            plan.locked.built.contains(where: { $0.name == package.name && !profiles.isDisjoint(with: $0.profiles) })
        {
            built["built/\(module.fileName)"] = output
        }
        let mirror = APTMirrorRecipe(
            codename: plan.declaration.codename, label: "kldload \(plan.locked.name)", epoch: plan.epoch)
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

    func updateJudge(_ plan: DarksitePlanner) -> MirrorJudge {
        let judge = judge(plan)
        return MirrorJudge(
            title: "the real apt updates machines", script: GateScript.updateAPT, arguments: judge.arguments,
            key: judge.key)
    }

    func installSteps(_ plan: DarksitePlanner) throws -> [Step] {
        if let bootstrap { return plan.installed.flatMap { steps($0, plan, in: bootstrap) } }
        guard !plan.installed.isEmpty else { return [] }
        let installed = Set(plan.installed)
        let packages = plan.locked.packages.filter { $0.isEssential && !installed.isDisjoint(with: $0.profiles) }
        return [
            try plan.fetch.step(
                plan.name("essential"), stage: plan.stage, title: "essential packages of \(plan.locked.name)",
                files: packages.map(ArchiveFile.init)),
            RootFilesystemRecipe(epoch: rootEpoch(plan)).bootstrap(
                plan.name("bootstrap"), stage: plan.stage, packages: plan.output("essential", "packages"),
                count: packages.count),
        ] + plan.installed.flatMap { steps($0, plan, in: plan.output("bootstrap", "bootstrap.tar")) }
    }

    /// The steps that really install `profile` in `root`.
    private func steps(_ profile: String, _ plan: DarksitePlanner, in root: StepInput) -> [Step] {
        let slice = plan.name("slice-\(profile)")
        let list = plan.packageList(profile)
        var install = Step(
            plan.name("install-\(profile)"), stage: plan.stage, title: "\(profile) installed onto nothing",
            inputs: [
                "image": root, "packages": .output(slice, "packages"), "first": .output(slice, "first"),
                "profile": .literal(list), "rules": .literal(plan.rules(profile)),
                "plan.awk": .literal(GateScript.plan),
            ].merging(plan.choice(profile)) { $1 },
            action: .container(image: .input("image"), script: GateScript.install, arguments: [], environment: [:]),
            outputs: ["verdict": .file], disk: DiskUse(scratch: 5), bound: Step.givesFilesAway)
        if plan.systems.contains(profile) {
            install.action = .container(
                image: .input("image"), script: GateScript.install, arguments: ["--system"],
                environment: ["SOURCE_DATE_EPOCH": String(rootEpoch(plan))])
            install.outputs[SystemRecipe.installed] = .file
            install.disk = DiskUse(kept: [SystemRecipe.installed: 3.5], scratch: 5)
        }
        return [
            APTProfileSlice(
                codename: plan.declaration.codename, architecture: plan.locked.architecture, list: list,
                essential: plan.locked.packages(of: profile).filter(\.isEssential).map(\.name)
            ).step(slice, stage: plan.stage, profile: profile, mirror: plan.output("mirror")),
            install,
        ]
    }
}

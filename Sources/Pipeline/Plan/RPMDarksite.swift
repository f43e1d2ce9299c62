import APT
import Archives
import BuildGraph
import Darksites
import Declaration
import LiveImage
import Locking
import Primitives

/// A darksite of RPM packages.
struct RPMDarksite: DarksiteFamily {
    let source: Declaration.RPMSource
    /// The contents of the files of package keys, by repository; none for repositories that are not signed.
    let keys: [String: [[UInt8]]]

    func system(
        of profile: String, in folder: String, from bases: [SystemRecipe.Base], _ plan: DarksitePlanner
    ) -> SystemRecipe {
        let packages = plan.carried
        let large = zip(packages, RPMMirrorRecipe.places(of: packages)).filter { package, _ in
            package.profiles.contains(profile) && package.size >= ByteCount(1 << 20)
        }
        let made = needsInitramfs(profile, plan) ? "initramfs-\(profile)" : "install-\(profile)"
        return SystemRecipe(
            system: plan.output(made, SystemRecipe.installed), tree: plan.output("slice-\(profile)", "repository"),
            folder: folder, bases: bases,
            packages: large.map {
                SystemRecipe.Package(
                    place: "\(plan.mirror)/\($1)", format: .rpm, digest: $0.digest)
            }, epoch: plan.epoch)
    }

    /// Whether the system of a profile is to find its root on ZFS, by what dracut makes.
    private func needsInitramfs(_ profile: String, _ plan: DarksitePlanner) -> Bool {
        source.zfs != nil && plan.locked.kernelRelease(of: profile) != nil
            && plan.locked.packages(of: profile).contains { $0.name == "dracut" }
    }

    var zfs: String { source.zfs?.rawValue ?? GateRules.zfs(isPrebuilt: false) }

    func fullVersion(_ version: String) -> String { version.contains(":") ? version : "0:\(version)" }

    /// What dnf is told of the distribution: the platform of its modules, its architecture, its release.
    private func arguments(_ plan: DarksitePlanner) -> [String] {
        [source.platform, plan.declaration.architecture, plan.declaration.release]
    }

    func mirrorSteps(_ plan: DarksitePlanner) -> [Step] {
        // As the distribution packs its own, which its dnf must read: zstd, or what every dnf reads.
        let own = plan.locked.indexes.first {
            $0.repository == source.repositories.first?.name && $0.component == "primary"
        }
        let isZstd = own.map { Compression(fileName: $0.path) == .zstd } ?? false
        let mirror = RPMMirrorRecipe(epoch: plan.epoch, compression: isZstd ? .zstd : .gzip)
        return [
            plan.recipe.step(
                plan.name("signatures"), plan.stage, "rpmkeys checks the packages", signatureInputs(plan),
                GateScript.checkRPMs, [], ["verdict": .file]),
            mirror.step(
                plan.name("mirror"), stage: plan.stage, locked: plan.locked, profiles: Set(plan.profiles),
                packages: plan.output("packages"), indexes: plan.output("indexes", "packages"),
                verdict: plan.output("signatures", "verdict")),
        ]
    }

    private func signatureInputs(_ plan: DarksitePlanner) -> [String: StepInput] {
        var inputs: [String: StepInput] = ["packages": plan.output("packages")]
        for (repository, files) in keys {
            for (index, bytes) in files.enumerated() { inputs["keys/\(repository)/\(index + 1)"] = .literal(bytes) }
        }
        let names = ArchiveFile.names(of: plan.carried.map(ArchiveFile.init))
        let lines = plan.carried.map { package in
            let file = names[ArchiveFile(package)] ?? package.fileName
            let group = keys[package.repository] == nil ? "-" : package.repository
            return "\(file) \(package.name) \(fullVersion(package.version)) \(package.architecture) \(group)\n"
        }
        inputs["list"] = .literal(Array(lines.sorted().joined().utf8))
        return inputs
    }

    func judge(_ plan: DarksitePlanner) -> MirrorJudge {
        MirrorJudge(
            title: "the real dnf judges the mirror", script: GateScript.dnf, arguments: arguments(plan),
            key: ("key.asc", plan.signer.armoredPublicKey))
    }

    func updateJudge(_ plan: DarksitePlanner) -> MirrorJudge {
        let judge = judge(plan)
        return MirrorJudge(
            title: "the real dnf updates machines", script: GateScript.updateRPM, arguments: judge.arguments,
            key: judge.key)
    }

    func installSteps(_ plan: DarksitePlanner) -> [Step] {
        plan.installed.flatMap { profile in
            let slice = plan.name("slice-\(profile)")
            let isSystem = plan.systems.contains(profile)
            // A root file system has the date of the mirror: no file of its packages is newer, and none becomes older than rpm knows it.
            let recipe = ImageRecipe(
                builder: plan.recipe.builder, epoch: isSystem ? plan.epoch : plan.recipe.epoch,
                identity: plan.recipe.identity)
            let kept = DiskUse(kept: [SystemRecipe.installed: 3.5], scratch: 8)
            let steps = [
                RPMProfileSlice(packages: plan.locked.packages(of: profile)).step(
                    slice, stage: plan.stage, profile: profile, mirror: plan.output("mirror")),
                recipe.step(
                    plan.name("install-\(profile)"), plan.stage, "\(profile) installed onto nothing",
                    [
                        "repository": .output(slice, "repository"), "profile": .literal(plan.packageList(profile)),
                        "rules": .literal(plan.rules(profile)),
                    ].merging(plan.choice(profile)) { $1 }, GateScript.installRPM,
                    arguments(plan) + (isSystem ? ["--system"] : []),
                    isSystem ? ["verdict": .file, SystemRecipe.installed: .file] : ["verdict": .file],
                    disk: isSystem ? kept : DiskUse(scratch: 5), bound: Step.givesFilesAway),
            ]
            return isSystem && needsInitramfs(profile, plan) ? steps + [initramfs(of: profile, plan)] : steps
        }
    }

    /// The step that completes the root in which `profile` is installed, by running in it.
    private func initramfs(of profile: String, _ plan: DarksitePlanner) -> Step {
        Step(
            plan.name("initramfs-\(profile)"), stage: plan.stage, title: "initramfs of \(profile), made in it",
            inputs: ["image": plan.output("install-\(profile)", SystemRecipe.installed)],
            action: .container(
                image: .input("image"), script: GateScript.dracut, arguments: [zfs],
                environment: ["SOURCE_DATE_EPOCH": String(plan.epoch)]),
            outputs: [SystemRecipe.installed: .file], cores: source.zfs == .dkms ? 2 : 1,
            disk: DiskUse(kept: [SystemRecipe.installed: 1], scratch: 2), bound: Step.givesFilesAway)
    }
}

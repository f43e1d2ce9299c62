import APT
import Archives
import BuildGraph
import Darksites
import Declaration
import LiveImage
import Locking

/// A darksite of RPM packages.
struct RPMDarksite: DarksiteFamily {
    let source: Declaration.RPMSource
    /// The contents of the files of package keys, by repository; none for repositories that are not signed.
    let keys: [String: [[UInt8]]]

    func place(of name: String) -> String { "darksite/rpm/\(name)" }

    func system(
        of profile: String, in folder: String, from bases: [SystemRecipe.Base], _ plan: DarksitePlanner
    ) -> SystemRecipe? { nil }

    var zfs: String { source.zfs?.rawValue ?? GateRules.zfs(isPrebuilt: false) }

    func fullVersion(_ package: LockedPackage) -> String {
        package.version.contains(":") ? package.version : "0:\(package.version)"
    }

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
        let mirror = RPMMirrorRecipe(epoch: plan.epoch, compression: isZstd ? .zstd : .gzip, signer: plan.signer)
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
            return "\(file) \(package.name) \(fullVersion(package)) \(package.architecture) \(group)\n"
        }
        inputs["list"] = .literal(Array(lines.sorted().joined().utf8))
        return inputs
    }

    func judge(_ plan: DarksitePlanner) -> MirrorJudge {
        MirrorJudge(
            title: "the real dnf judges the mirror", script: GateScript.dnf, arguments: arguments(plan),
            key: ("key.asc", plan.signer.armoredPublicKey))
    }

    func installSteps(_ plan: DarksitePlanner) -> [Step] {
        plan.installed.flatMap { profile in
            let slice = plan.name("slice-\(profile)")
            return [
                RPMProfileSlice(packages: plan.locked.packages(of: profile)).step(
                    slice, stage: plan.stage, profile: profile, mirror: plan.output("mirror")),
                plan.recipe.step(
                    plan.name("install-\(profile)"), plan.stage, "\(profile) installed onto nothing",
                    [
                        "repository": .output(slice, "repository"), "profile": .literal(plan.packageList(profile)),
                        "rules": .literal(plan.rules(profile)),
                    ], GateScript.installRPM, arguments(plan), ["verdict": .file], disk: DiskUse(scratch: 5)),
            ]
        }
    }
}

import APT
import Archives
import BuildGraph
import Darksites
import Declaration
import LiveImage
import Locking
import Packages
import Primitives

/// The steps that make and prove the darksite of one distribution of RPM packages.
struct RPMDarksitePlanner: DarksiteSteps {
    let locked: LockedDistribution
    let declaration: Declaration.Distribution
    let source: Declaration.RPMSource
    /// The profiles that can be installed from it.
    let profiles: [String]
    /// The date of the mirror, in seconds since 1970.
    let epoch: Int64
    let fetch: PackageFetch
    let signer: SigningKey
    /// For the container steps, which need the builder image.
    let recipe: ImageRecipe
    /// The contents of the files of package keys, by repository; none for repositories that are not signed.
    let keys: [String: [[UInt8]]]
    /// The names that each profile forbids.
    let forbidden: [String: [String]]
    /// Leave the real installations out.
    let isDraft: Bool

    private var stage: Stage { BuildStage.rpm }
    private func name(_ step: String) -> StepName { StepName("\(locked.name)/\(step)") }

    private var toInstall: [String] { profiles.filter(declaration.installedProfiles.contains) }
    private var installed: [String] { isDraft ? [] : toInstall }
    /// What a draft leaves unproven.
    var omitted: [String] { isDraft ? toInstall : [] }

    private var carried: [LockedPackage] {
        let profiles = Set(profiles)
        return locked.packages.filter { !profiles.isDisjoint(with: $0.profiles) }
    }

    /// What dnf is told of the distribution: the platform of its modules, its architecture, its release.
    private var dnfArguments: [String] { [source.platform, declaration.architecture, declaration.release] }

    /// Packages, indexes, signatures, mirror, gates and certificate.
    func steps() throws -> [Step] {
        // Fedora's dnf packs its own metadata so; that of EL 9 does not.
        let compression: Compression = source.platform.hasPrefix("f") ? .zstd : .gzip
        let mirror = RPMMirrorRecipe(epoch: epoch, compression: compression, signer: signer)
        return [
            try fetch.step(
                name("packages"), stage: stage, title: "packages of \(profiles.joined(separator: ", "))",
                files: carried.map(ArchiveFile.init)),
            try fetch.step(
                name("indexes"), stage: stage, title: "locked metadata of \(locked.name)",
                files: locked.indexes.map { $0.file }),
            recipe.step(
                name("signatures"), stage, "rpmkeys checks the packages", signatureInputs, GateScript.checkRPMs, [],
                ["verdict": .file]),
            mirror.step(
                name("mirror"), stage: stage, locked: locked, profiles: Set(profiles),
                packages: .output(name("packages"), "packages"), indexes: .output(name("indexes"), "packages"),
                verdict: .output(name("signatures"), "verdict")),
            recipe.step(
                name("gate"), stage, "the real dnf judges the mirror", gateInputs, GateScript.dnf, dnfArguments,
                ["verdict": .file]),
        ] + installed.flatMap(installSteps) + [
            DarksiteRecipe(certificate: certificate, signer: signer).step(
                name("darksite"), stage: stage, mirror: .output(name("mirror"), "mirror"),
                verdict: .output(name("gate"), "verdict"),
                installs: Dictionary(
                    uniqueKeysWithValues: installed.map { ($0, .output(name("install-\($0)"), "verdict")) }))
        ]
    }

    /// What the image carries of it: the mirror, at darksite/rpm/NAME; and what the installer needs to know, at darksite/NAME as
    /// of any distribution.
    var contents: [String: StepInput] {
        let words = dnfArguments.joined(separator: " ")
        var contents: [String: StepInput] = [
            "rpm-darksite-\(locked.name)": .output(name("darksite"), "darksite"),
            "extra/darksite/\(locked.name)/release": .literal(Array("\(words)\n".utf8)),
        ]
        for profile in profiles {
            contents["extra/darksite/\(locked.name)/profiles/\(profile)"] = .literal(packageList(profile))
        }
        return contents
    }

    private var signatureInputs: [String: StepInput] {
        var inputs: [String: StepInput] = ["packages": .output(name("packages"), "packages")]
        for (repository, files) in keys {
            for (index, bytes) in files.enumerated() { inputs["keys/\(repository)/\(index + 1)"] = .literal(bytes) }
        }
        let names = ArchiveFile.names(of: carried.map(ArchiveFile.init))
        let lines = carried.map { package in
            let file = names[ArchiveFile(package)] ?? package.fileName
            let group = keys[package.repository] == nil ? "-" : package.repository
            return "\(file) \(Self.line(package)) \(group)\n"
        }
        inputs["list"] = .literal(Array(lines.sorted().joined().utf8))
        return inputs
    }

    private var gateInputs: [String: StepInput] {
        var inputs: [String: StepInput] = [
            "mirror": .output(name("mirror"), "mirror"), "key.asc": .literal(signer.armoredPublicKey),
        ]
        for profile in profiles {
            inputs["profiles/\(profile)"] = .literal(packageList(profile))
            inputs["rules/\(profile)"] = .literal(rules(profile))
        }
        return inputs
    }

    private func rules(_ profile: String) -> [UInt8] {
        GateRules(zfs: source.zfs?.rawValue ?? "any", forbidden: forbidden[profile] ?? []).bytes
    }

    /// The steps that really install `profile`. They read what it installs and nothing else of the mirror.
    private func installSteps(_ profile: String) -> [Step] {
        let slice = name("slice-\(profile)")
        return [
            RPMProfileSlice(packages: locked.packages(of: profile)).step(
                slice, stage: stage, profile: profile, mirror: .output(name("mirror"), "mirror")),
            recipe.step(
                name("install-\(profile)"), stage, "\(profile) installed onto nothing",
                [
                    "repository": .output(slice, "repository"), "profile": .literal(packageList(profile)),
                    "rules": .literal(rules(profile)),
                ], GateScript.installRPM, dnfArguments, ["verdict": .file], growth: (kept: 0, scratch: 5)),
        ]
    }

    private var certificate: Certificate {
        Certificate(
            family: .rpm, distribution: locked.name, release: declaration.release, codename: declaration.codename,
            architecture: locked.architecture, snapshots: locked.snapshots, epoch: epoch,
            profiles: profiles.map { profile in
                let packages = locked.packages(of: profile)
                return Certificate.Profile(
                    name: profile, packages: packages.count, size: packages.reduce(.zero) { $0 + $1.size },
                    forbidden: (forbidden[profile] ?? []).count)
            },
            omitted: omitted, fingerprint: signer.fingerprint, toolVersion: BuildPlan.toolVersion)
    }

    /// Everything that a profile installs, `name epoch:version-release architecture` a line: the installer and the gate read
    /// the same.
    private func packageList(_ profile: String) -> [UInt8] {
        let lines = locked.packages(of: profile).map(Self.line)
        return Array((lines.sorted().joined(separator: "\n") + "\n").utf8)
    }

    private static func line(_ package: LockedPackage) -> String {
        let version = package.version.contains(":") ? package.version : "0:\(package.version)"
        return "\(package.name) \(version) \(package.architecture)"
    }
}

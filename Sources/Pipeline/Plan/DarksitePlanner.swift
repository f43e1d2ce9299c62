import APT
import BuildGraph
import ContentStore
import Darksites
import Declaration
import LiveImage
import Locking
import Packages
import Primitives

/// The steps that make and prove the darksite of one distribution: what it is made of is fetched, a mirror is written and signed, judged
/// by the family's own package manager, its profiles really installed, and a certificate laid beside it.
struct DarksitePlanner: Sendable {
    var locked: LockedDistribution
    let declaration: Declaration.Distribution
    /// The profiles that can be installed from it.
    let profiles: [String]
    /// What the kind of its packages decides.
    let family: any DarksiteFamily
    let fetch: PackageFetch
    let signer: SigningKey
    /// For the steps in which packages are judged and installed.
    let recipe: ImageRecipe
    /// For those that write parts of the image.
    let imageRecipe: ImageRecipe
    /// What the installer and the live system are told of it.
    let facts: DistributionFacts
    /// The names that each profile forbids.
    let forbidden: [String: [String]]
    /// The profiles whose root file system is handed on where they are really installed.
    let handedOn: [String]
    /// What of a system the live system has as well, where both are made of this distribution.
    let live: SystemRecipe.Base?
    /// Leave the real installations out.
    let isDraft: Bool
    /// What the names of its steps begin with, where that is not the distribution's name.
    var prefix: String?

    /// The date of the mirror, in seconds since 1970.
    var epoch: Int64 { locked.epoch?.secondsSince1970 ?? 0 }
    var stage: Stage { BuildStage.darksite(of: declaration) }
    func name(_ step: String) -> StepName { StepName("\(prefix ?? locked.name)/\(step)") }
    /// What a step of this darksite made; its outputs are called like it, unless told otherwise.
    func output(_ step: String, _ output: String? = nil) -> StepInput { .output(name(step), output ?? step) }

    /// The profiles that are to be really installed, as far as the image carries them.
    private var toInstall: [String] { profiles.filter(declaration.installedProfiles.contains) }
    var installed: [String] { isDraft ? [] : toInstall }
    /// Of these, those whose root file system is handed on.
    var systems: [String] { installed.filter(handedOn.contains) }
    /// What a draft leaves unproven.
    var omitted: [String] { isDraft ? toInstall : [] }

    /// An input of the step that installs a profile which is not handed on: whoever asks why that step runs reads which key of
    /// deploy.yaml decided it.
    func choice(_ profile: String) -> [String: StepInput] {
        handedOn.contains(profile)
            ? [:] : ["\(ChangeFinder.choices)iso.systems": .literal(Array("without \(profile)\n".utf8))]
    }

    /// What the profiles install.
    var carried: [LockedPackage] {
        let profiles = Set(profiles)
        return locked.packages.filter { !profiles.isDisjoint(with: $0.profiles) }
    }

    /// All steps, in the order in which they can run.
    func steps() throws -> [Step] {
        [
            try fetch.step(
                name("packages"), stage: stage, title: "packages of \(profiles.joined(separator: ", "))",
                files: carried.map(ArchiveFile.init)),
            try fetch.step(
                name("indexes"), stage: stage, title: "locked indexes of \(locked.name)",
                files: locked.indexes.map { ArchiveFile($0) }),
        ] + family.mirrorSteps(self) + [signature.step(name("signed"), stage: stage, mirror: output("mirror")), gate]
            + (try family.installSteps(self)) + systemSteps + [
                DarksiteRecipe(certificate: certificate, signer: signer).step(
                    name("darksite"), stage: stage, mirror: output("signed", "mirror"),
                    verdict: output("gate", "verdict"),
                    installs: Dictionary(
                        uniqueKeysWithValues: installed.map { ($0, output("install-\($0)", "verdict")) }))
            ]
    }

    /// The steps whose results depend on the key.
    var keyedSteps: Set<StepName> { [name("signed"), name("darksite")] }

    /// The files of what the image carries whose bytes depend on the key, by their paths there.
    var keyed: Set<String> {
        ["\(mirror)/\(signature.place)", "\(mirror)/\(DarksiteRecipe.signatureName)"]
    }

    var place: DarksitePlace { DarksitePlace(locked.name) }
    /// Where its mirror lies on the image.
    var mirror: String { place.mirror(declaration.family) }

    /// What the image carries of it, by the path there: the mirror, and what the installer needs to know.
    var contents: [String: StepInput] {
        var contents: [String: StepInput] = [
            mirror: output("darksite"), place.facts: .literal(facts.bytes),
        ]
        for profile in profiles {
            contents[place.packages(of: profile)] = .literal(packageList(profile))
        }
        for profile in systems {
            contents["\(place.system(profile))/lists"] = output("system-\(profile)-files", "lists")
            contents["\(place.system(profile))/\(SystemRecipe.archive)"] = output(
                "system-\(profile)", "filesystem.squashfs")
        }
        return contents
    }

    /// The steps that lay what the profiles' installations came to on the image. Each may take files from the live system, and from the
    /// profiles before it.
    private var systemSteps: [Step] {
        var bases = live.map { [$0] } ?? []
        var steps: [Step] = []
        for profile in systems {
            let folder = place.system(profile)
            let files = name("system-\(profile)-files")
            steps += [
                family.system(of: profile, in: folder, from: bases, self).split(
                    files, stage: stage, title: "what of \(profile) is on the image already"),
                // Larger blocks take less room; nobody reads a part of it.
                imageRecipe.squashfs(
                    name("system-\(profile)"), stage: stage, title: "system \(profile), packed",
                    root: .output(files, "rest.tar"), level: 9, block: "1M"),
            ]
            bases.append(
                SystemRecipe.Base(place: "\(folder)/\(SystemRecipe.archive)", root: .output(files, "rest.tar")))
        }
        return steps
    }

    private var gate: Step {
        let judge = family.judge(self)
        var inputs = [judge.key.name: StepInput.literal(judge.key.bytes), "mirror": output("signed", "mirror")]
        for profile in profiles {
            inputs["profiles/\(profile)"] = .literal(packageList(profile))
            inputs["rules/\(profile)"] = .literal(rules(profile))
        }
        return recipe.step(
            name("gate"), stage, judge.title, inputs, judge.script, judge.arguments, ["verdict": .file])
    }

    /// What the gates hold `profile` to, beyond the list of its packages.
    func rules(_ profile: String) -> [UInt8] {
        GateRules(zfs: family.zfs, forbidden: forbidden[profile] ?? []).bytes
    }

    /// Everything that a profile installs, `name version architecture` a line: the installer and the gate read the same.
    func packageList(_ profile: String) -> [UInt8] {
        packageList(profile, of: locked)
    }

    /// Everything that a profile of another lock of this distribution installs.
    func packageList(_ profile: String, of locked: LockedDistribution) -> [UInt8] {
        let lines = locked.installed(by: profile).map {
            "\($0.name) \(family.fullVersion($0.version)) \($0.architecture)"
        }
        return Array((lines.sorted().joined(separator: "\n") + "\n").utf8)
    }

    var signature: MirrorSignature {
        MirrorSignature(
            family: declaration.family, statement: certificate.statement, signer: signer, epoch: epoch)
    }

    private var certificate: Certificate {
        Certificate(
            family: declaration.family, distribution: locked.name, release: declaration.release,
            codename: declaration.codename, architecture: locked.architecture, snapshots: locked.snapshots,
            epoch: epoch,
            profiles: profiles.map { profile in
                let packages = locked.packages(of: profile)
                let built = locked.built.filter { $0.profiles.contains(profile) }
                return Certificate.Profile(
                    name: profile, packages: packages.count + built.count,
                    size: packages.reduce(.zero) { $0 + $1.size }, forbidden: (forbidden[profile] ?? []).count)
            },
            omitted: omitted, toolVersion: BuildPlan.toolVersion)
    }
}

/// What the kind of its packages decides of how a darksite is made and judged.
protocol DarksiteFamily: Sendable {
    /// From packages and indexes to the tree `mirror` of the step of that name.
    func mirrorSteps(_ plan: DarksitePlanner) -> [Step]
    /// The gate that has the real package manager read the whole mirror.
    func judge(_ plan: DarksitePlanner) -> MirrorJudge
    /// The steps that really install the plan's `installed` profiles: "install-PROFILE", output `verdict`; and that make the root file
    /// systems of its `systems`. They read what a profile installs and nothing else of the mirror.
    func installSteps(_ plan: DarksitePlanner) throws -> [Step]
    /// How the system of a profile, which those steps made, gets into its `folder` of the image, with files of `bases`.
    func system(
        of profile: String, in folder: String, from bases: [SystemRecipe.Base], _ plan: DarksitePlanner
    ) -> SystemRecipe
    /// What there must be of kernels and ZFS, as `GateRules` says it.
    var zfs: String { get }
    /// A package's version, which the lock spells so, as lists on the image have it.
    func fullVersion(_ version: String) -> String
    /// The gate that has the real package manager update machines from a medium that has only what is new.
    func updateJudge(_ plan: DarksitePlanner) -> MirrorJudge
}

/// A script that judges a mirror in a container of the builder image.
struct MirrorJudge {
    let title: String
    let script: [UInt8]
    let arguments: [String]
    /// The public key of the mirror's signature, and what the script calls its file.
    let key: (name: String, bytes: [UInt8])
}

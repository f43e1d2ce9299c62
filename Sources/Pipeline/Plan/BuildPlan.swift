import APT
package import BuildGraph
import ContentStore
import Darksites
import Declaration
import Evidence
import LiveImage
import Locking
import Packages
import Primitives

/// The five stages of a build, as people know them.
package enum BuildStage {
    /// What later stages run in, and the first packages for it.
    package static let builder = Stage(number: 1, name: "builder", title: "builder image")
    /// One for each vendor of APT's packages.
    private static let apt = Vendor.all.enumerated().map { index, vendor in
        Stage(number: 2 + index, name: vendor.name, title: "\(vendor.name) darksite")
    }
    /// The darksites of all distributions of RPM packages.
    package static let rpm = Stage(number: 2 + apt.count, name: "rpm", title: "rpm darksites")
    /// The live system and the image itself.
    package static let iso = Stage(number: 3 + apt.count, name: "iso", title: "iso")

    /// In the order of their numbers.
    package static let all = [builder] + apt + [rpm, iso]

    static func darksite(of vendor: Vendor) -> Stage { apt.first { $0.name == vendor.name } ?? builder }

    /// The stage that makes the darksite of a distribution.
    static func darksite(of distribution: Declaration.Distribution) -> Stage {
        switch distribution.source {
        case .apt(let source): darksite(of: source.vendor)
        case .rpm: rpm
        }
    }
}

/// What a declaration and its lock come to: the steps of the build.
package struct BuildPlan: Sendable {
    /// The step whose output `kldload.iso` is the image.
    package static let image: StepName = "iso/image"
    /// The step whose outputs are the image's bills of materials.
    static let bills: StepName = "iso/bills"
    /// The version of this program.
    package static let toolVersion = "0.1.0"

    /// All steps, wanted or not.
    package let graph: StepGraph
    /// What of the lock they are made of.
    let lock: Lock
    /// What the ISO file is called, but for the end that depends on its bytes: "kldload-free-debian-server-amd64-20261120".
    package let imageName: String
    /// The name without its date: that of all images of the same profile and edition.
    let series: String
    /// The date of the newest snapshot, in seconds since 1970.
    let epoch: Int64
    /// The steps whose results depend on the key of the build host.
    let keyed: Set<StepName>
    /// How the image comes to be.
    let provenance: Provenance
    /// The profiles of each distribution that were to be really installed, where a draft leaves that out.
    package let omitted: [String: [String]]
    /// How the darksites that the image carries are made.
    let darksites: [DarksitePlanner]
    /// For what is made of the finished image's parts, with the date of the newest snapshot.
    let recipe: ImageRecipe

    /// The steps that `targets` stand for; see `TargetNames`.
    func resolve(targets: [String]) throws -> Set<StepName> { try graph.names.resolve(naming: targets) }
}

/// Turns a declaration and its lock into steps. It reads nothing and runs nothing: the same values give the same plan.
struct BuildPlanner {
    let declaration: Declaration
    /// The distributions that the image is made of.
    let lock: Lock
    /// What was asked for beside it: distributions whose darksites the image does not carry.
    let beside: [LockedDistribution]
    let fetch: PackageFetch
    /// Signs the mirrors.
    let signer: SigningKey
    /// What is laid over the live root, and the modes in it that are unusual.
    let includes: StepInput
    var includeModes: [String: UInt16] = [:]
    /// The scripts that run at the end of each installation. They lie on the image itself: a changed one makes no layer anew.
    let postinstall: StepInput?
    /// The files of keys that packages must be signed with, by repository: those of RPM packages whose repositories are signed.
    let packageKeys: [String: [[UInt8]]]
    /// By distribution and profile the names that package sets forbid.
    let forbidden: [String: [String: [String]]]
    /// Without the real installations.
    let isDraft: Bool
    /// What writes down what the image is made of, and how.
    var evidence = EvidencePlanner()

    func plan() throws -> BuildPlan {
        guard let live = lock[declaration.live.distribution], let liveDeclaration = declaration[distribution: live.name]
        else {
            throw PlanError("deploy.lock has nothing of \(declaration.live.distribution)")
        }
        guard case .apt(let liveSource) = liveDeclaration.source else {
            throw PlanError("the live system is made of APT's packages, and \(live.name) has others")
        }
        let iso = declaration.iso
        let epoch = lock.epoch ?? LockDate(secondsSince1970: 0)
        let identity = "\(iso.edition)-\(iso.distribution)-\(iso.profile)-\(selectionDigest.short)"
        var steps: [Step] = []

        let roots = RootPlanner(
            distribution: live, source: liveSource, fetch: fetch, liveProfile: declaration.liveProfile)
        steps += try roots.bootstrap()
        func using(_ builder: ImageRecipe.BuilderImage) -> ImageRecipe {
            ImageRecipe(builder: builder, epoch: roots.epoch, identity: identity)
        }
        let recipe: ImageRecipe
        // What RPM packages are judged in: nobody else need fetch and make it.
        let rpmRecipe: ImageRecipe
        switch declaration.builder {
        case .made(_, _, let rpmSets):
            let builder = try roots.builder(.builder)
            steps += builder.steps
            recipe = using(.made(builder.image))
            if judgesRPM, !rpmSets.isEmpty {
                let builder = try roots.builder(.rpmBuilder)
                steps += builder.steps
                rpmRecipe = using(.made(builder.image))
            } else {
                rpmRecipe = recipe
            }
        case .image(let reference):
            recipe = using(.registry(reference))
            rpmRecipe = recipe
        }
        let module = try roots.module()
        steps += module.steps
        steps += try roots.live(module: module)

        var layout = ImageLayout()
        var keyed: Set<StepName> = ["live/key", "iso/provenance", "iso/signatures", BuildPlan.image]
        var omitted: [String: [String]] = [:]
        func planner(_ darksite: Declaration.Darksite, _ locked: LockedDistribution?) throws -> DarksitePlanner {
            guard let locked, let declared = declaration[distribution: darksite.distribution] else {
                throw PlanError("deploy.lock has nothing of \(darksite.distribution)")
            }
            let isLive = locked.name == live.name
            let (family, judging, port): (any DarksiteFamily, ImageRecipe, Int?) =
                switch declared.source {
                case .apt(let source):
                    (
                        APTDarksite(
                            source: source, module: isLive ? module : nil,
                            bootstrap: isLive ? .output("builder/bootstrap", "bootstrap.tar") : nil,
                            liveProfile: declaration.liveProfile),
                        recipe, declaration.port(of: declared)
                    )
                case .rpm(let source): (RPMDarksite(source: source, keys: packageKeys), rpmRecipe, nil)
                }
            return DarksitePlanner(
                locked: locked, declaration: declared, profiles: darksite.profiles, family: family, fetch: fetch,
                signer: signer, recipe: judging, imageRecipe: recipe,
                facts: DistributionFacts(
                    declared, profiles: darksite.profiles, port: port, checkout: declaration.folder),
                forbidden: forbidden[locked.name] ?? [:],
                handedOn: declaration.systems(among: declared.installedProfiles),
                live: isLive
                    ? SystemRecipe.Base(place: Self.liveSystem, root: .output("live/root", "rootfs.tar")) : nil,
                isDraft: isDraft)
        }
        var darksites: [DarksitePlanner] = []
        for carried in iso.darksites {
            let darksite = try planner(carried, lock[carried.distribution])
            darksites.append(darksite)
            steps += try darksite.steps()
            keyed.formUnion(darksite.keyedSteps)
            layout.add(darksite.contents, keyed: darksite.keyed)
            if !darksite.omitted.isEmpty { omitted[carried.distribution] = darksite.omitted }
        }
        let kernel = try roots.liveKernel()
        let series = "kldload-\(iso.edition)-\(iso.distribution)-\(iso.profile)-\(live.architecture)"
        let name = "\(series)-\(epoch.day)" + (isDraft ? ImagePublisher.draftMark : "")
        let bills = try evidence.bills(
            BuildPlan.bills, stage: BuildStage.iso, lock: lock, declaration: declaration, name: name,
            packages: [.output("live/packages", "packages")]
                + iso.darksites.map { .output(StepName("\($0.distribution)/packages"), "packages") },
            built: module.built)
        steps.append(bills)
        layout[EvidenceFile.spdx] = .output(bills.name, "spdx")
        layout[EvidenceFile.cycloneDX] = .output(bills.name, "cycloneDX")
        let dated = ImageRecipe(builder: recipe.builder, epoch: epoch.secondsSince1970, identity: identity)
        let (own, provenance) = try image(recipe, kernel, dated, layout) { own in
            let all = steps + own
            return (
                try evidence.provenance(of: lock, declaration, steps: all, omitted: omitted, signer: signer), all
            )
        }
        steps += own
        // What was asked for beside the image went into nothing of it.
        for locked in beside {
            guard let declared = declaration[distribution: locked.name] else { continue }
            let darksite = try planner(declaration.darksite(of: declared), locked)
            steps += try darksite.steps()
            keyed.formUnion(darksite.keyedSteps)
        }
        return BuildPlan(
            graph: try StepGraph(steps), lock: Lock(lock.distributions + beside), imageName: name, series: series,
            epoch: epoch.secondsSince1970, keyed: keyed, provenance: provenance, omitted: omitted,
            darksites: darksites, recipe: dated)
    }

    /// Where the live system itself lies on the image.
    private static let liveSystem = "live/10-system.squashfs"

    /// The one layer of the live system that depends on the key of the build host.
    private static let keyLayer = "live/40-key.squashfs"

    /// Whether this plan makes a darksite of RPM packages.
    private var judgesRPM: Bool {
        (declaration.iso.darksites.map(\.distribution) + beside.map(\.name)).contains {
            declaration[distribution: $0]?.family == .rpm
        }
    }

    /// What tells one medium from another: the archives' state, the live system, and the profiles that the image carries. A
    /// package more in a profile makes no other boot image.
    private var selectionDigest: Digest {
        var bytes: [UInt8] = []
        let live = lock[declaration.live.distribution]?.packages(of: declaration.liveProfile.rawValue) ?? []
        for package in live { bytes += package.digest.bytes }
        for snapshot in lock.distributions.flatMap(\.snapshots) { bytes += snapshot.digest.bytes }
        for darksite in declaration.iso.darksites { bytes += "\(darksite.distribution) \(darksite.profiles)\n".utf8 }
        return Digest(of: bytes)
    }

    /// The layers of the live system and the image. `recipe` is for what depends on the point release alone, `dated` for
    /// what carries the date of the snapshot. `made` says how an image comes to be that these steps make, with all others.
    private func image(
        _ recipe: ImageRecipe, _ kernel: String, _ dated: ImageRecipe, _ darksites: ImageLayout,
        made: ([Step]) throws -> (Provenance, of: [Step])
    ) throws -> (steps: [Step], provenance: Provenance) {
        let lockText = try LockWriter.text(of: lock)
        let stage = BuildStage.iso
        let build = Step.buildLayer(declaration, identity: recipe.identity, includes: includes)
        let layers: [String: StepInput] = [
            Self.liveSystem: .output("live/squashfs", "filesystem.squashfs"),
            "live/20-overlay.squashfs": .output("live/overlay", "filesystem.squashfs"),
            "live/30-build.squashfs": .output("live/build", "filesystem.squashfs"),
            Self.keyLayer: .output("live/key", "filesystem.squashfs"),
        ]
        var layout = darksites
        layout.add(layers, keyed: [Self.keyLayer])
        layout.add([
            "live/vmlinuz": .output("live/root", "vmlinuz"),
            "live/initrd.img": .output("live/root", "initrd.img"),
            "kldload/live-verdict": .output("live/gate", "verdict"),
            EvidenceFile.lock: .literal(lockText),
        ])
        let statement: StepName = "iso/provenance"
        layout.add(
            [
                EvidenceFile.key: .literal(signer.armoredPublicKey),
                EvidenceFile.provenance: .output(statement, EvidencePlanner.statementOutput),
            ], keyed: [EvidenceFile.key, EvidenceFile.provenance])
        layout["postinstall.d"] = postinstall
        let digests = layout.digestList("iso/digests", stage: stage)
        let (signer, date) = (signer, dated.epoch)
        let signatures = layout.signatures(
            "iso/signatures", stage: stage, digests: digests.name, key: signer.publicKey + "\(date)".utf8
        ) {
            try await signer.detachSign($0, epoch: date)
        }
        layout.addLists(digests: digests.name, signatures: signatures.name)
        let title =
            "kldload live (\(declaration.live.distribution) \(declaration[distribution: declaration.live.distribution]?.release ?? ""))"
        let steps = [
            recipe.squashfs(
                "live/squashfs", stage: stage, title: "live system, packed", root: .output("live/root", "rootfs.tar"),
                level: declaration.iso.squashfsLevel),
            LiveOverlay.step(
                "live/includes", stage: stage, includes: includes, modes: includeModes,
                root: .output("live/root", "rootfs.tar")),
            recipe.layer(
                "live/overlay", stage: stage, title: "live overlay",
                tree: ["tree": .output("live/includes", "tree"), "rights": .output("live/includes", "rights")]),
            dated.layer("live/build", stage: stage, title: "identity and date", tree: build),
            dated.layer(
                "live/key", stage: stage, title: "key of the build host", tree: Step.keyLayer(signer.publicKey)),
            recipe.gate("live/gate", stage: stage, layers: layers, release: kernel),
            recipe.boot("iso/boot", stage: stage),
            digests,
            signatures,
            dated.iso(
                BuildPlan.image, stage: stage, title: title, label: declaration.iso.label, loader: "iso/boot",
                layout: layout),
        ]
        let (provenance, all) = try made(steps)
        let list = StepInput.output(digests.name, "sha256sums")
        return (
            steps + [
                try evidence.statement(
                    statement, stage: stage, of: provenance, steps: all, list: list, signer: signer, epoch: date)
            ], provenance
        )
    }
}

/// A plan that can't be made.
package struct PlanError: UserError {
    package let what: String
    package let hint: String?
    package let isUsageError: Bool

    package init(_ what: String, hint: String? = nil, isUsageError: Bool = false) {
        self.what = what
        self.hint = hint
        self.isUsageError = isUsageError
    }
}

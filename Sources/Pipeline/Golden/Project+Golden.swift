import APT
import Archives
import BuildGraph
import ContentStore
import Evidence
import Installation
import LiveImage
import Locking
import Packages
import Primitives
import SystemPackage

/// Images of systems that are installed once and started many times.
extension Project {
    /// Makes what `request` says, as far as it is not there, and puts it into the output folder.
    ///
    /// Throws, before anything is made, `UserErrors` where answers are wrong, and `Mistake` where the ISO has not what is to be installed or
    /// no image can be made of it; `GoldenFailure` for what fails in a machine; what builds throw; `CancellationError`.
    package func makeGolden(_ request: GoldenRequest) async throws -> GoldenImages {
        let start = ContinuousClock.now
        let order = try await goldenOrder(request)
        return try await holdingStore { storeLock in
            let signer = try await SigningKey(home: workspace.key)
            let plan = try await currentPlan(writesLock: true, holding: storeLock)
            let planner = try await planner(order, builder: plan.recipe.builder, signer)
            let graph = try StepGraph(plan.graph.steps.values + planner.steps())
            try await checkSpace(order, planner, graph)
            let (engine, budget) = try await prepare(
                planner.wanted, in: graph, rebuildsAll: false, collectsGarbage: false, holding: storeLock)
            let report = try await engine.build(planner.wanted, in: graph)
            await budget?.close()
            let made = request.formats.compactMap { format -> (format: GoldenFormat, artifact: Artifact)? in
                report.records[GoldenPlanner.image(format)]?.outputs["image"].map { (format, $0) }
            }
            guard made.count == request.formats.count,
                let disk = report.records[GoldenPlanner.disk]?.outputs["disk.qcow2"]
            else { throw DamagedImage() }
            for (_, artifact) in made { try store.keepPrivate(artifact.digest) }
            let name = "\(order.prefix)-\(disk.digest.short)"
            let published = try await GoldenPublisher(project: self, name: name).publish(
                made, beside: bills(of: order, called: name) + [("answers", Array(order.shownAnswers.utf8))],
                signer: signer, epoch: order.epoch)
            return GoldenImages(
                name: name, images: published.images, beside: published.beside, size: request.size,
                ran: report.ran.count, cached: report.records.count - report.ran.count,
                duration: ContinuousClock.now - start)
        }
    }

    /// What is to be made, once it is known that it can be.
    struct GoldenOrder {
        let request: GoldenRequest
        /// What was asked for, secrets among it.
        let answers: Answers
        /// The same as the installer is told.
        let text: String
        let judge: AnswersJudge
        /// The lock that the ISO was made from.
        let lock: Lock
        /// Whether this program made the password, and forgets it.
        let hasMadePassword: Bool
        /// How the one gets in who looks at a clone.
        let login: CloneTest.Login

        var shownAnswers: String { GoldenAnswers.withoutSecrets(answers) }
        var distribution: String { answers["KLDLOAD_DISTRO"] }
        var profile: String { answers["KLDLOAD_PROFILE"] }
        var epoch: Int64 { lock.epoch?.secondsSince1970 ?? 0 }
        /// "golden-debian-server-v20261128"
        var prefix: String { "golden-\(distribution)-\(profile)-v\(lock.epoch?.day ?? "0")" }
    }

    private func goldenOrder(_ request: GoldenRequest) async throws -> GoldenOrder {
        guard SeededImage.isSeeded(request.iso) == false else {
            throw Mistake(
                "\(workspace.shown(request.iso)) has answers on it, and would install by them", at: nil,
                hint: "name the image that they were put into, and the answers with --answers")
        }
        let lock = try await side(request.iso.string).lock
        let offers = try await BlockingWork.run { try SeededImage.offers(on: request.iso) }
        let judge = try answersJudge(offers: offers)
        let given = try request.answers.map { try Files.readText($0) }
        let text =
            given
            ?? GoldenAnswers.made(
                distribution: request.distribution, profile: request.profile, password: GoldenAnswers.password())
        let merged = GoldenAnswers.merged(text)
        let answers = try await read(merged, of: request, by: judge)
        try GoldenAnswers.check(answers)
        let (distribution, profile) = (answers["KLDLOAD_DISTRO"], answers["KLDLOAD_PROFILE"])
        let packages = try await InstallTest.packages(of: profile, distribution: distribution, on: request.iso)
        for warning in answers.warnings { events(.warning(warning)) }
        if given == nil {
            guard GoldenAnswers.hasCloudInit(packages) else {
                throw Mistake(
                    "nobody could log in to a clone: there are no answers with a password or a key, and no cloud-init in \(profile)",
                    at: nil,
                    hint: "--answers FILE, with KLDLOAD_SSH_KEYS, or KLDLOAD_PASSWORD and KLDLOAD_SEAL_PASSWORDS=keep")
            }
            events(
                .notice(
                    "no answers: nobody knows the password of \(answers["KLDLOAD_USERNAME"]); cloud-init says who logs in to a clone"
                ))
        }
        return GoldenOrder(
            request: request, answers: answers, text: merged, judge: judge, lock: lock, hasMadePassword: given == nil,
            login: GoldenAnswers.login(answers, packages: packages, isMade: given == nil))
    }

    private func read(_ text: String, of request: GoldenRequest, by judge: AnswersJudge) async throws -> Answers {
        let folder = try PrivateFolder()
        let file = folder.path.appending("answers.env")
        try Files.write(text.utf8, to: file, permissions: .ownerReadWrite)
        do {
            return try await judge.read(file)
        } catch let errors as UserErrors {
            let name = request.answers.map { FilePath(workspace.shown($0)) } ?? "the answers of deploy golden"
            throw UserErrors(errors.errors.map { relabelled($0, from: file, to: name) })
        }
    }

    private func planner(
        _ order: GoldenOrder, builder: ImageRecipe.BuilderImage, _ signer: SigningKey
    ) async throws -> GoldenPlanner {
        let statCache = StatCache(file: workspace.statCache)
        guard let status = try FileStatus(at: order.request.iso, followsLinks: true) else {
            throw FileError("read", order.request.iso, .noSuchFileOrDirectory)
        }
        let iso = try await BlockingWork.run { try statCache.digest(of: order.request.iso, status: status) }
        try statCache.save()
        // What was signed can't be found out from a digest of the signature, not even by trying passwords.
        let secret = order.hasMadePassword ? "made" : order.answers.secrets.joined(separator: "\n")
        let secrets = Digest(of: try await signer.detachSign(Array(secret.utf8), epoch: SigningKey.creation))
        let machine = GoldenMachine(
            project: self, request: order.request, answers: order.text, login: order.login,
            passphrase: order.answers.isEncrypted ? order.answers["KLDLOAD_ZFS_PASSPHRASE"] : nil, judge: order.judge,
            prefix: order.prefix)
        return GoldenPlanner(
            iso: iso, answers: order.shownAnswers, secrets: secrets, size: order.request.size,
            formats: order.request.formats, prefix: order.prefix,
            recipe: ImageRecipe(builder: builder, epoch: order.epoch, identity: order.prefix),
            install: { try await machine.install($0) }, start: { try await machine.startClone($0) })
    }

    /// Throws where what the machine writes, and the images, would not fit: a system takes some gigabytes, however large its disk is.
    private func checkSpace(_ order: GoldenOrder, _ planner: GoldenPlanner, _ graph: StepGraph) async throws {
        let standing = try await engine().standing(of: planner.wanted, in: graph)
        func isMissing(_ name: StepName) -> Bool {
            standing.contains { entry in
                guard entry.step.name == name else { return false }
                if case .cached = entry.standing { return false }
                return true
            }
        }
        let images = order.request.formats.count { isMissing(GoldenPlanner.image($0)) }
        guard images > 0 else { return }
        // Of an image one is in the store, and one in the output folder.
        let disk = isMissing(GoldenPlanner.disk) ? min(order.request.size.bytes, 6_000_000_000) : 0
        let needed = ByteCount(disk + 3_000_000_000 * Int64(images))
        let free = try Files.freeSpace(at: workspace.root)
        guard free > needed else {
            throw Mistake(
                "the machine's disk and \(images.counted("image")) need about \(needed) in live-build, and \(free) are free",
                at: nil, hint: "fewer formats, or more room: ./deploy gc")
        }
    }

    /// What is in the images, of what the ISO says of all that is on it.
    private func bills(of order: GoldenOrder, called name: String) async throws -> [(ending: String, content: [UInt8])]
    {
        guard let locked = order.lock[order.distribution] else { return [] }
        let selection = BillSelection(of: locked, profile: order.profile, name: name)
        var bills: [(String, [UInt8])] = []
        for (file, ending) in [(EvidenceFile.spdx, "spdx.json"), (EvidenceFile.cycloneDX, "cdx.json")] {
            let document = try await BlockingWork.run {
                try DiscImage.file(file, on: order.request.iso, limit: ByteCount(512_000_000))
            }
            guard let document, let bill = selection.document(document) else {
                events(.notice("the ISO has no /\(file) that can be read: none is laid beside the images"))
                continue
            }
            bills.append((ending, bill))
        }
        return bills
    }
}

import APT
package import BuildGraph
import Containers
package import ContentStore
package import Darksites
import Declaration
import Locking
import Packages
import Primitives
import RemoteCache
package import SystemPackage

/// What a build is asked for.
package struct BuildRequest: Sendable {
    /// Names of stages or steps; none means everything.
    package var targets: [String] = []
    /// Fail where the lock would have to change.
    package var isLocked = false
    /// Run every step, whatever is on record.
    package var rebuildsAll = false
    /// Leave the real installations out; the image is named a draft.
    package var isDraft = false
    /// Where the disk is too small, remove first what `deploy gc` would.
    package var collectsGarbage = false
    /// Where a trace of the build is written.
    package var trace: FilePath?

    package init(
        targets: [String] = [], isLocked: Bool = false, rebuildsAll: Bool = false, isDraft: Bool = false,
        collectsGarbage: Bool = false, trace: FilePath? = nil
    ) {
        self.targets = targets
        self.isLocked = isLocked
        self.rebuildsAll = rebuildsAll
        self.isDraft = isDraft
        self.collectsGarbage = collectsGarbage
        self.trace = trace
    }
}

/// What a build came to.
package struct BuildResult: Sendable {
    /// What ran and what was on record.
    package let report: BuildReport
    /// The image, where it was among the targets.
    package let image: PublishedImage?
    /// What gates proved of the image, a sentence each.
    package let proofs: [String]
    /// What a draft leaves unproven, a sentence each.
    package let unproven: [String]
    /// Of the whole command, the resolution counted.
    package let duration: Duration
    /// The number under which `deploy log` knows it; nil where nothing ran.
    package var build: Int?
    /// The page about it, as people in the checkout know it; nil where none was written.
    package var page: String?
}

extension Project {
    /// The plan with the lock brought up to date; the file is left alone unless `writesLock`. A target that can't be is refused
    /// before anything is resolved. Unless the caller holds the store, it is held while something is resolved.
    package func currentPlan(
        writesLock: Bool, request: BuildRequest = BuildRequest(), holding storeLock: StoreLock? = nil
    ) async throws -> BuildPlan {
        let keeper = LockKeeper(project: self)
        let named = declaration.distributions(named: request.targets)
        if request.isLocked || !request.targets.isEmpty {
            let standing = try keeper.standing(naming: named)
            if !standing.isCurrent { _ = try declaration.targetNames(naming: named).resolve(naming: request.targets) }
            if !standing.isCurrent, request.isLocked {
                try await keeper.verifyMerged(standing)
                throw LockWouldChange(differences: standing.lines)
            }
        }
        let lock = try await keeper.current(naming: named, writes: writesLock, holding: storeLock)
        return try await plan(lock, naming: named, isDraft: request.isDraft)
    }

    /// The steps that `request` asks for. A draft has none that really installs, and it is said where one of them is.
    private func wanted(_ request: BuildRequest, in plan: BuildPlan) throws -> Set<StepName> {
        do {
            return try plan.resolve(targets: request.targets)
        } catch let error as GraphError where request.isDraft {
            let names = declaration.targetNames(naming: declaration.distributions(named: request.targets)).steps
                .map(\.name.text)
            let known = Set(plan.graph.names.steps.map(\.name.text))
            guard let step = request.targets.first(where: { names.contains($0) && !known.contains($0) }) else {
                throw error
            }
            throw PlanError(
                "a draft has no step \"\(step)\": it leaves out that profiles are really installed, and what comes of that",
                hint: "leave out --draft", isUsageError: true)
        }
    }

    /// How the steps that `request` asks for stand, with nothing run.
    package func standing(_ request: BuildRequest) async throws -> [(step: Step, standing: StepStanding)] {
        let plan = try await currentPlan(writesLock: false, request: request)
        for line in declaration.idleInstallations { events(.notice(line)) }
        let wanted = try wanted(request, in: plan)
        let standing = try await engine().standing(of: wanted, in: plan.graph)
        try await refuseFetching(standing, wanted: wanted, rebuildsAll: request.rebuildsAll)
        return standing
    }

    /// Builds what is asked for; the image, where it is among that, is put into the output folder.
    package func build(_ request: BuildRequest) async throws -> BuildResult {
        if let trace = request.trace { try prepareTrace(trace) }
        let journal = BuildJournal(started: surroundings.now())
        let project = noted(by: journal)
        return try await tracing(request, journal) {
            try await holdingStore { storeLock in
                journal.note("the store", from: .zero)
                return try await project.build(request, journal, holding: storeLock)
            }
        }
    }

    private func build(
        _ request: BuildRequest, _ journal: BuildJournal, holding storeLock: StoreLock
    ) async throws -> BuildResult {
        let plan = try await journal.during("declaration and lock") {
            try await currentPlan(writesLock: true, request: request, holding: storeLock)
        }
        for line in declaration.idleInstallations { events(.notice(line)) }
        let wanted = try wanted(request, in: plan)
        let (engine, budget) = try await prepare(
            wanted, in: plan.graph, rebuildsAll: request.rebuildsAll, collectsGarbage: request.collectsGarbage,
            holding: storeLock)
        let session = BuildSession(
            project: self, request: request, plan: plan, wanted: wanted, engine: engine, journal: journal)
        do {
            let result = try await build(session)
            await budget?.close()
            if !result.report.ran.isEmpty { try await remote?.keep(lockedStates(of: plan), from: store) }
            if let traffic = remote?.traffic, let text = traffic.summary { events(.notice(text)) }
            return await remember(session, .succeeded, result)
        } catch {
            await remember(session, BuildRecord.Outcome(error))
            throw error
        }
    }

    /// What builds `wanted`, once it is known that nothing is to be fetched that must not be, and that there is room for it; and what keeps
    /// the store to its limit meanwhile, to be closed afterwards.
    func prepare(
        _ wanted: Set<StepName>, in graph: StepGraph, rebuildsAll: Bool, collectsGarbage: Bool,
        holding storeLock: StoreLock
    ) async throws -> (engine: BuildEngine, budget: StoreBudget?) {
        let engine = engine()
        let standing = try await engine.standing(of: wanted, in: graph)
        try await refuseFetching(standing, wanted: wanted, rebuildsAll: rebuildsAll)
        if rebuildsAll || standing.contains(where: { if case .cached = $0.standing { false } else { true } }) {
            let leftovers = try await podman.removeLeftovers()
            if leftovers > 0 { events(.notice("removed \(leftovers) container(s) that a killed build had left")) }
        }
        let needed = try await DiskEstimate(
            standing: standing, rebuildsAll: rebuildsAll, parallel: engine.cores, store: artifacts
        ).bytes()
        let budget = try await makeRoom(
            for: needed, beside: standing, collectingGarbage: collectsGarbage, holding: storeLock)
        return (self.engine(within: budget), budget)
    }

    private func build(_ session: BuildSession) async throws -> BuildResult {
        let (plan, wanted) = (session.plan, session.wanted)
        let report = try await session.engine.build(
            wanted, in: plan.graph, rebuildsAll: session.request.rebuildsAll, published: [BuildPlan.bills])
        var image: PublishedImage?
        if wanted.contains(BuildPlan.image), let artifact = report.records[BuildPlan.image]?.outputs["kldload.iso"] {
            let bills = report.records[BuildPlan.bills]?.outputs
            let evidence = bills?["spdx"].flatMap { spdx in
                bills?["cycloneDX"].map {
                    ImageEvidence(spdx: spdx, cycloneDX: $0, provenance: plan.provenance)
                }
            }
            image = try await session.journal.during("publishing") {
                try await ImagePublisher(project: self).publish(
                    artifact, named: plan.imageName, evidence: evidence,
                    signer: try await SigningKey(home: workspace.key), epoch: plan.epoch)
            }
        }
        let proven = report.records.values.sorted { $0.step < $1.step }.filter { $0.step.text.hasSuffix("/darksite") }
        let proofs = proven.compactMap { record in
            record.summary.map { proven.count == 1 ? $0 : "\(record.step.text.prefix { $0 != "/" }): \($0)" }
        }
        let unproven = plan.omitted.sorted { $0.key < $1.key }.map { distribution, profiles in
            "that \(profiles.joined(separator: ", ")) of \(distribution) can be unpacked and configured: this is a draft"
        }
        return BuildResult(
            report: report, image: image, proofs: proofs, unproven: unproven, duration: session.journal.time)
    }

    /// Moves the lock to today's archives, and returns what that changed. `words` are distributions, none meaning those in use, and
    /// after them packages: where there are any, they alone move, with what they need, and everything else stays in its version.
    @discardableResult
    package func update(_ words: [String]) async throws -> LockComparison {
        try await holdingStore { storeLock in
            let keeper = LockKeeper(project: self)
            let before = try keeper.existing()
            let update = try scope(of: words, in: before)
            let after = try await keeper.current(update: update, holding: storeLock)
            guard before == after else { return LockComparison(from: before ?? Lock([]), to: after) }
            let names = update.packages.sorted().joined(separator: ", ")
            let what = names.isEmpty ? "deploy.lock is" : "\(names) and all they need are"
            events(.notice("\(what) up to date with the archives"))
            return LockComparison(from: before ?? Lock([]), to: after)
        }
    }

    private func scope(of words: [String], in lock: Lock?) throws -> LockKeeper.Update {
        let known = declaration.distributions.map(\.name)
        let named = Array(words.prefix { known.contains($0) })
        let packages = words.dropFirst(named.count)
        let distributions = named.isEmpty ? known.filter(declaration.distributionsInUse.contains) : named
        let locked = distributions.compactMap { lock?[$0] }
        // A package that a set asks for and that is not locked yet comes with today's archives, and leaves the others alone.
        let wanted = try packages.isEmpty ? [:] : wishes(in: Set(locked.map(\.name)))
        var moving: [String: Set<String>] = [:]
        for name in packages {
            let holders = locked.map(\.name).filter { distribution in
                wanted[distribution]?.contains(name) == true
                    || lock?[distribution]?.packages.contains { $0.name == name } == true
            }
            guard !holders.isEmpty else {
                if named.isEmpty, name == words.first { throw UnknownDistribution(name: name, known: known) }
                let names = Set(locked.flatMap { $0.packages.map(\.name) })
                throw NotLocked(
                    package: name, distributions: distributions, nearest: NearestNames.hint(for: name, in: names))
            }
            for holder in holders { moving[holder, default: []].insert(name) }
        }
        return LockKeeper.Update(
            distributions: packages.isEmpty ? Set(distributions) : Set(moving.keys), packages: Set(packages))
    }

    /// The names that the sets of each of `distributions` ask for.
    private func wishes(in distributions: Set<String>) throws -> [String: Set<String>] {
        let requests = try LockKeeper(project: self).requests(naming: distributions)
        return Dictionary(
            uniqueKeysWithValues: requests.map { distribution, request in
                (distribution.name, Set(request.profiles.flatMap { $0.sets.wanted.map(\.name) }))
            })
    }

    /// Why `step` ran or would run; without one, that of every step that would run and waits for nothing, or of the image.
    package func explain(_ step: String?) async throws -> [StepExplanation] {
        let targets = step.map { [$0] } ?? []
        let plan = try await currentPlan(writesLock: false, request: BuildRequest(targets: targets))
        let wanted = try plan.resolve(targets: targets)
        let standing = try await engine().standing(of: Set(plan.graph.order), in: plan.graph)
        let explainer = Explainer(store: artifacts, records: records, now: surroundings.now())
        var names = plan.graph.order.filter(wanted.contains)
        if step == nil {
            names = standing.compactMap { if case .mustRun = $0.standing { $0.step.name } else { nil } }
            if names.isEmpty { names = [BuildPlan.image] }
        }
        // Records of steps do not say where they ran; those of builds do.
        let keys = Dictionary(
            uniqueKeysWithValues: standing.compactMap { entry -> (StepName, StepKey)? in
                if case .cached(let record) = entry.standing { (entry.step.name, record.key) } else { nil }
            })
        let runs = try builds().flatMap(\.steps).filter { $0.outcome == .ran && $0.key == keys[$0.name] }
        let ranOnWorker = Set(runs.filter(\.isRemote).map(\.name))
        var explanations: [StepExplanation] = []
        for name in names {
            guard var explanation = await explainer.explain(name, standing: standing) else { continue }
            if case .ran = explanation.verdict, explanation.place == nil, ranOnWorker.contains(name) {
                explanation.place = .worker
            }
            explanations.append(explanation)
        }
        return explanations
    }

    /// Opens a shell in the container of a step, with the inputs it has now; returns its exit status.
    package func shell(_ step: String) async throws -> Int32 {
        try await holdingStore { storeLock in
            let plan = try await currentPlan(
                writesLock: false, request: BuildRequest(targets: [step]), holding: storeLock)
            guard plan.graph.steps[StepName(step)] != nil else {
                _ = try plan.resolve(targets: [step])
                throw GraphError(
                    what: "\(step) is a stage, not a step", hint: "`deploy status` lists the steps of each stage",
                    isUsageError: true)
            }
            return try await engine().shell(StepName(step), in: plan.graph)
        }
    }

    /// What `deploy key` shows.
    package struct KeyFacts: Sendable {
        /// 40 upper-case hexadecimal digits.
        package let fingerprint: String
        /// The user ID of the key: "kldload build host".
        package let user: String
        /// The public key, as `Signed-By` takes it in an .asc file.
        package let armored: String
        /// The folder with the secret key.
        package let home: String
    }

    /// The build host's key, made where there is none.
    package func signingKey() async throws -> KeyFacts {
        let signer = try await SigningKey(home: workspace.key)
        return KeyFacts(
            fingerprint: signer.fingerprint, user: SigningKey.userID,
            armored: String(decoding: signer.armoredPublicKey, as: UTF8.self),
            home: try workspace.key.string)
    }
}

/// `--locked`, and the declaration asks for something else than the lock has.
struct LockWouldChange: UserError {
    /// A line each.
    let differences: [String]
    var what: String {
        "deploy.lock does not fit the declaration and its package sets, and --locked forbids to change it"
    }
    var details: [String] { differences }
    var hint: String? { "run `deploy build` without --locked, look at `git diff deploy.lock`, and commit it" }
}

struct UnknownDistribution: UserError {
    let name: String
    let known: [String]
    var what: String { "\"\(name)\" is no distribution of deploy.yaml, and no package in deploy.lock" }
    var hint: String? { "declared: \(known.joined(separator: ", "))" }
    var isUsageError: Bool { true }
}

/// A package that should be updated and is not there.
struct NotLocked: UserError {
    let package: String
    let distributions: [String]
    let nearest: String?
    var hint: String? {
        let new = "to have a new one, name it in a set first: package-sets/\(distributions.first ?? "…")/"
        return nearest.map { "\($0); \(new)" } ?? new
    }
    var what: String {
        "deploy.lock has no package \"\(package)\" of \(distributions.joined(separator: ", ")), and no set asks for it"
    }
    var isUsageError: Bool { true }
}

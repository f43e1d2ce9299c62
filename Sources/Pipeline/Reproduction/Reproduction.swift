package import BuildGraph
import ContentStore
package import Evidence
import Locking
package import Primitives
package import SystemPackage

/// What is to be built a second time.
package struct ReproductionRequest: Sendable {
    /// Names of stages or steps; none means the image.
    package var targets: [String]
    /// An image that the second one is held to; nil: the one that this checkout made last.
    package var image: FilePath?
    /// Without the real installations of profiles.
    package var isDraft: Bool
    /// What chooses the image among those of the declaration, as `deploy build` takes it.
    package var choices: [String]
    /// Where the second build is made; nil: below TMPDIR, or /var/tmp.
    package var folder: FilePath?
    /// The user of this machine who builds the second time; nil: the one who asks.
    package var user: String?
    /// How many days its clock is ahead; nil: it is the machine's.
    package var days: Int?
    /// Leave there what was made.
    package var keeps: Bool
    /// The program that builds: this one.
    package var executable: FilePath

    package init(
        targets: [String] = [], image: FilePath? = nil, isDraft: Bool = false, choices: [String] = [],
        folder: FilePath? = nil, user: String? = nil, days: Int? = nil, keeps: Bool = false,
        executable: FilePath
    ) {
        self.targets = targets
        self.image = image
        self.isDraft = isDraft
        self.choices = choices
        self.folder = folder
        self.user = user
        self.days = days
        self.keeps = keeps
        self.executable = executable
    }

    fileprivate var arguments: [String] { choices + (isDraft ? ["--draft"] : []) + targets }
}

/// What building again came to.
package struct Reproduction: Sendable {
    /// How a step's results compare.
    package enum Verdict: Sendable, Equatable {
        /// Every byte is the same.
        case same
        /// With another signing key it differs, and is to; with the same key it is the same.
        case sameWithKey
        /// It read the same and made something else: an output, and where in it.
        case differs(output: String, ContentDifference)
        /// It read something else, because of a step before it.
        case follows
    }

    /// What was varied, and what could have been and was not.
    package let conditions: [Condition]
    /// By step, in an order in which they could run one by one.
    package let steps: [(name: StepName, verdict: Verdict)]
    /// The digest of the image, where it was made twice and is the same.
    package let image: Digest?
    /// What diffoscope(1) says of the first difference, where this machine has it.
    package let report: [String]
    /// Where the second build is, where it was to stay or differs.
    package let folder: FilePath?
    /// Of both builds and all comparisons.
    package let duration: Duration

    /// The first step that read the same and made something else.
    package var difference: (name: StepName, output: String, ContentDifference)? {
        for case (let name, .differs(let output, let difference)) in steps { return (name, output, difference) }
        return nil
    }
}

extension Project {
    /// Builds in a second store, under other conditions, what was built here, and compares every output of every step. First with
    /// another signing key, then with this host's.
    ///
    /// Throws `Mistake` where the first build is not there, `SecondBuildFailed`, and what a build throws.
    package func reproduce(_ request: ReproductionRequest) async throws -> Reproduction {
        let start = ContinuousClock.now
        let build = BuildRequest(targets: request.targets, isLocked: true, isDraft: request.isDraft)
        let plan = try await currentPlan(writesLock: false, request: build)
        let records = try await firstRecords(of: request, in: plan)
        guard let lock = try LockKeeper(project: self).existing() else { throw notBuilt("deploy.lock is not there") }
        let base = request.folder ?? FilePath(surroundings.environment["TMPDIR"] ?? "/var/tmp")
        guard try FileStatus(at: base, followsLinks: true)?.kind == .directory else {
            throw Mistake("\(base) is no folder", at: nil, hint: "name one with --in, on a disk with room for a build")
        }
        let user = try request.user.map(LocalUser.other)
        var clock: MovedClock?
        if let days = request.days { clock = try await MovedClock(days: days) }
        let ground = try SecondGround(below: base, of: self, for: user, at: clock)
        var isKept = request.keeps
        defer { if !isKept { try? Files.remove(ground.folder) } }
        let conditions = try ground.conditions(after: records.values.map(\.finished))
        for condition in conditions { events(.notice(condition.sentence)) }
        try await ground.prepare(lock, with: request.executable)
        let order = plan.graph.order.filter { records[$0] != nil }
        let comparison = StepComparison(
            store: store, other: try ContentStore(root: ground.cache), folder: ground.folder)
        func compare(_ signer: SecondGround.Signer, _ names: [StepName]) async throws -> [StepName: Reproduction
            .Verdict]
        {
            try await ground.build(request.arguments, signer: signer)
            let second = try RecordFolder(root: ground.cache.appending("records"))
            var verdicts: [StepName: Reproduction.Verdict] = [:]
            for name in names {
                guard let first = records[name] else { continue }
                verdicts[name] = try await comparison.verdict(first, await second.lastRecord(of: name))
            }
            return verdicts
        }
        let keyed = order.filter(plan.keyed.contains)
        var verdicts = try await compare(.other, order.filter { !plan.keyed.contains($0) })
        if !keyed.isEmpty {
            verdicts.merge(try await compare(.same, keyed)) { $1 }
            for name in keyed where verdicts[name] == .same { verdicts[name] = .sameWithKey }
        }
        let steps = order.compactMap { name in verdicts[name].map { (name: name, verdict: $0) } }
        isKept = isKept || verdicts.values.contains { $0 != .same && $0 != .sameWithKey }
        let isSame = verdicts[BuildPlan.image] == .sameWithKey
        return Reproduction(
            conditions: conditions, steps: steps,
            image: isSame ? records[BuildPlan.image]?.outputs["kldload.iso"]?.digest : nil,
            report: await comparison.report(), folder: isKept ? ground.folder : nil,
            duration: ContinuousClock.now - start)
    }

    /// The records of the steps that are to be repeated.
    private func firstRecords(
        of request: ReproductionRequest, in plan: BuildPlan
    ) async throws -> [StepName: StepRecord] {
        let wanted = try plan.resolve(targets: request.targets)
        var records: [StepName: StepRecord] = [:]
        for (step, standing) in try await engine().standing(of: wanted, in: plan.graph) {
            guard case .cached(let record) = standing else {
                throw notBuilt("\(step.name) has not run with what is declared and locked now")
            }
            records[step.name] = record
        }
        if let image = request.image {
            let (digest, _) = try await BlockingWork.run { try Files.digest(image) }
            guard let made = records[BuildPlan.image]?.outputs["kldload.iso"]?.digest, made == digest else {
                throw Mistake(
                    "\(image) is not what this checkout and its lock make", at: nil,
                    details: ["sha256 \(digest.hex)"],
                    hint:
                        "take the commit and the deploy.lock that it was made from: its own lock is kldload/deploy.lock on it"
                )
            }
        }
        return records
    }

    private func notBuilt(_ why: String) -> Mistake {
        Mistake("there is nothing to compare with: \(why)", at: nil, hint: "./deploy build, then ./deploy reproduce")
    }
}

/// The second build ended without its results.
struct SecondBuildFailed: UserError {
    let folder: FilePath
    let status: Int32
    var what: String { "the second build ended with status \(status)" }
    var hint: String? { "what it said stands above; its folder was \(folder)" }
}

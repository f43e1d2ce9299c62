import ArgumentParser
import Pipeline

struct Build: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build the image, or the stages and steps that are named.",
        discussion: "Without a target everything is built. `deploy status` lists the targets.")

    @OptionGroup var options: ImageOptions

    @Argument(help: "Stages (builder, debian, ubuntu, rpm, iso) or steps (iso/image).")
    var targets: [String] = []

    @Flag(name: [.long, .customShort("n")], help: "Say what would run and why, and do nothing.")
    var dryRun = false

    @Flag(help: "Fail where deploy.lock would have to change.")
    var locked = false

    @Flag(help: "Leave out the real installation of profiles: quicker, and the image is named a draft.")
    var draft = false

    @Flag(help: "Where the disk is too small, do first what `deploy gc` does.")
    var gc = false

    @Flag(help: "Go over no network: what is missing in the store is told before anything runs.")
    var offline = false

    @OptionGroup var trace: TraceOptions

    @OptionGroup(title: "Results of others") var sharing: RemoteBuildOptions

    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    mutating func validate() throws {
        if dryRun, trace.file != nil { throw ValidationError("--dry-run does nothing that could be traced") }
    }

    func run() async throws {
        let (targets, dryRun, freshness, offline, sharing) = (targets, dryRun, freshness, offline, sharing)
        let request = BuildRequest(
            targets: targets, isLocked: locked, isDraft: draft, collectsGarbage: gc,
            trace: trace.path(in: options.common.project))
        try await options.answer { project, _ in
            let project = try sharing.applied(to: freshness.applied(to: offline ? project.offline() : project))
            guard !dryRun else {
                return StandingAnswer(try await project.standing(request), leavesOutCached: true)
            }
            return BuildAnswer(try await project.build(request))
        }
    }
}

struct Full: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build everything anew, whatever is on record.",
        discussion: "Downloads are kept: they are known by digest. deploy.lock is kept too.")

    @OptionGroup var options: ImageOptions
    @OptionGroup var trace: TraceOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let freshness = freshness
        let request = BuildRequest(rebuildsAll: true, trace: trace.path(in: options.common.project))
        try await options.answer { project, _ in
            let project = freshness.applied(to: project)
            return BuildAnswer(try await project.build(request))
        }
    }
}

struct Update: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Move deploy.lock to today's state of the archives.",
        usage: "deploy update [<options>] [<distribution> ...] [<package> ...]",
        discussion: """
            Says what that changes. Nothing is built. With packages, only they move, and what has to move for them: all \
            others keep their versions, until an update without packages.
            """)

    @OptionGroup var options: ImageOptions

    @Argument(
        help: ArgumentHelp(
            "The distributions to move (none: all), and after them the packages to move alone.",
            valueName: "distribution or package"))
    var words: [String] = []

    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let (words, freshness) = (words, freshness)
        try await options.answer { project, _ in
            UpdateAnswer(try await freshness.applied(to: project).update(words))
        }
    }
}

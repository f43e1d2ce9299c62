import ArgumentParser
import BuildGraph
import Pipeline
import Primitives
import SystemPackage

struct Build: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build the image, or the stages and steps that are named.",
        discussion: "Without a target everything is built. `deploy status` lists the targets.")

    @OptionGroup var options: CommonOptions

    @Argument(help: "Stages (builder, debian, ubuntu, rpm, iso) or steps (iso/image).")
    var targets: [String] = []

    @Flag(name: [.long, .customShort("n")], help: "Say what would run and why, and do nothing.")
    var dryRun = false

    @Flag(help: "Fail where deploy.lock would have to change.")
    var locked = false

    @Flag(help: "Leave out the real installation of profiles: quicker, and the image is named a draft.")
    var draft = false

    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let (targets, dryRun, freshness) = (targets, dryRun, freshness)
        let request = BuildRequest(targets: targets, isLocked: locked, isDraft: draft)
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            if dryRun {
                for line in StandingReport(try await project.standing(request), style: console.style).wouldRun {
                    console.print(line)
                }
            } else {
                BuildSummary(try await project.build(request)).show(on: console)
            }
        }
    }
}

struct Full: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build everything anew, whatever is on record.",
        discussion: "Downloads are kept: they are known by digest. deploy.lock is kept too.")

    @OptionGroup var options: CommonOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let freshness = freshness
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            BuildSummary(try await project.build(BuildRequest(rebuildsAll: true))).show(on: console)
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

    @OptionGroup var options: CommonOptions

    @Argument(
        help: ArgumentHelp(
            "The distributions to move (none: all), and after them the packages to move alone.",
            valueName: "distribution or package"))
    var words: [String] = []

    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let (words, freshness) = (words, freshness)
        try await options.run { project, _ in try await freshness.applied(to: project).update(words) }
    }
}

/// The lines that end a build.
struct BuildSummary {
    let result: BuildResult

    init(_ result: BuildResult) { self.result = result }

    func show(on console: Console) {
        console.clear()
        guard console.mode != .json else {
            guard let image = result.image else { return }
            let fields: [(String, JSON)] = [
                ("event", .string("image")), ("path", .string(image.path.string)),
                ("size", .number(Double(image.size.bytes))),
                ("sha256", .string(image.digest.hex)),
                ("proven", .array(result.proofs.map(JSON.string))),
                ("notProven", .array(result.unproven.map(JSON.string))),
            ]
            console.print(JSON.object(fields).text)
            return
        }
        let report = result.report
        guard let image = result.image else {
            console.print(
                "\(report.ran.count) steps run, \(report.records.count - report.ran.count) cached, \(report.duration.shown)"
            )
            return
        }
        if report.ran.isEmpty, !image.isNew {
            console.print(
                "\(image.shown) is up to date (\(report.records.count) steps cached, \(result.duration.exact))")
            showUnproven(on: console)
            return
        }
        console.print("\(console.style.bold(image.shown))   \(image.size)   sha256 \(image.digest.short)…")
        for line in result.proofs { console.print("proven: \(line)") }
        showUnproven(on: console)
        console.print(
            "\(result.duration.shown) · \(report.ran.count) steps run, \(report.records.count - report.ran.count) cached"
        )
    }

    private func showUnproven(on console: Console) {
        for line in result.unproven { console.print("\(console.style.bold("not proven:")) \(line)") }
    }
}

extension Duration {
    /// Milliseconds below a second: "31 ms".
    var exact: String {
        self < .seconds(1) ? "\(Int64((self / .milliseconds(1)).rounded())) ms" : shown
    }
}

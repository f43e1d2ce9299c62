import ArgumentParser
import Darksites
import Pipeline

struct Resolve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what packages would bring with them, against the locked snapshot; the lock stays as it is.",
        discussion: """
            A request is NAME, NAME=VERSION, NAME/SUITE, NAME:ARCHITECTURE, or -NAME for what must not be in (after `--` where \
            it looks like an option: `-- -jq`). What comes on top \
            of the base system of an installation is listed, or on top of a profile (--profile). `*` marks what was asked for. \
            With --json, all packages are listed.

            Exit codes: 0 it can be installed, 1 it can't, and why, 2 a name means nothing.
            """)

    @OptionGroup var options: AnswerOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution.")
    var distribution: String

    @Option(help: "On top of this profile and all its sets. The environment's PROFILE does not count here.")
    var profile: String?

    @Flag(help: "Follow the Recommends of what is added.")
    var recommends = false

    @Flag(help: "On top of nothing, not even the base system.")
    var empty = false

    @Argument(parsing: .allUnrecognized, help: "What is asked for.")
    var requests: [String] = []

    mutating func validate() throws {
        if empty, profile != nil { throw ValidationError("--empty and --profile exclude each other") }
        requests.removeAll { $0 == "--" }
        guard !requests.isEmpty else {
            throw ValidationError("name what is asked for, for example: deploy resolve debian nginx")
        }
        if let option = requests.first(where: { $0.hasPrefix("--") }) {
            throw ValidationError("Unknown option '\(option)'")
        }
    }

    func run() async throws {
        let freshness = freshness
        let (words, distribution, profile, empty, recommends) = (requests, distribution, profile, empty, recommends)
        try await options.answer { project, _ in
            let project = freshness.applied(to: project)
            let outcome: ResolutionAnswer.Outcome
            do {
                outcome = .possible(
                    try await project.resolve(
                        words, in: distribution, profile: profile, isEmpty: empty, includesRecommends: recommends))
            } catch let impossible as AdHocImpossible {
                outcome = .impossible(impossible)
            }
            return ResolutionAnswer(distribution: distribution, outcome: outcome)
        }
    }
}

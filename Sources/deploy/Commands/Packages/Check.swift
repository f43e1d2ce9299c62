import ArgumentParser
import Pipeline

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check every package of a distribution's locked snapshot: which can't be installed at all, and why.",
        discussion: """
            Of each package the version that would be installed is checked, each by itself. Those that can't be installed are \
            grouped by what is behind it.

            Archives have such packages, so the exit code is 0 whenever the check could be made. Count them with --json.
            """)

    @OptionGroup var options: AnswerOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution.")
    var distribution: String

    func run() async throws {
        let freshness = freshness
        let distribution = distribution
        try await options.answer { project, _ in
            let project = freshness.applied(to: project)
            let start = ContinuousClock.now
            let report = try await project.check(distribution)
            return CheckAnswer(distribution: distribution, report: report, took: ContinuousClock.now - start)
        }
    }
}

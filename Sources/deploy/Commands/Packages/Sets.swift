import ArgumentParser
import Pipeline

struct Sets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what each profile and each package set weighs.",
        discussion: """
            Of each profile: its packages and bytes, the heaviest packages with the line that brings each in, and how much it \
            shares with the others. Of each set: what would leave the lock if it were empty.
            """)

    @OptionGroup var options: AnswerOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution; without one, each that is declared.")
    var distribution: String?

    func run() async throws {
        let freshness = freshness
        let distribution = distribution
        try await options.answer { project, _ in
            SetsAnswer(try await freshness.applied(to: project).sizes(of: distribution))
        }
    }
}

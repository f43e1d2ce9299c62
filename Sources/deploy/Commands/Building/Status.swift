import ArgumentParser
import Pipeline

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show each stage and step, and whether it is up to date.")

    @OptionGroup var options: ImageOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let freshness = freshness
        try await options.answer { project, _ in
            let project = freshness.applied(to: project)
            return StandingAnswer(try await project.standing(BuildRequest()), unused: project.unusedStages)
        }
    }
}

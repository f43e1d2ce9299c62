import ArgumentParser
import Pipeline

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a step ran, or would run: which inputs changed, and what is behind that.")

    @OptionGroup var options: ImageOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The step; without one, every step that would run, or else the image.")
    var step: String?

    func run() async throws {
        let freshness = freshness
        let step = step
        try await options.answer { project, _ in
            ExplanationAnswer(try await freshness.applied(to: project).explain(step))
        }
    }
}

import ArgumentParser
import Pipeline

struct Explain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a step ran, or would run: which inputs changed, and what is behind that.")

    @OptionGroup var options: ImageOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The step; without one, every step that would run, or else the image.")
    var step: String?

    @Option(help: "Say it of this build of the past (`deploy log`), as it was then; it takes a step.")
    var build: String?

    mutating func validate() throws {
        if build != nil, step == nil { throw ValidationError("--build takes a step: deploy explain STEP --build N") }
    }

    func run() async throws {
        let (freshness, build) = (freshness, build)
        let step = step
        try await options.answer { project, _ in
            if let build, let step { return ExplanationAnswer([try await project.explain(step, in: build)]) }
            return ExplanationAnswer(try await freshness.applied(to: project).explain(step))
        }
    }
}

import ArgumentParser
import Pipeline

struct Graph: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show the steps and what each needs of the others.")

    @OptionGroup var options: ImageOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Option(help: "text, dot (for Graphviz) or svg.")
    var format: GraphAnswer.Format = .text

    mutating func validate() throws {
        if options.common.json, format != .text { throw ValidationError("--format and --json exclude each other") }
    }

    func run() async throws {
        let freshness = freshness
        let format = format
        try await options.answer { project, _ in
            let plan = try await freshness.applied(to: project).currentPlan(writesLock: false)
            return GraphAnswer(graph: plan.graph, format: format)
        }
    }
}

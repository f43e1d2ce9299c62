import ArgumentParser
import BuildGraph
import Pipeline
import Primitives

struct Graph: AsyncParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable { case text, dot, svg }

    static let configuration = CommandConfiguration(abstract: "Show the steps and what each needs of the others.")

    @OptionGroup var options: CommonOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Option(help: "text, dot (for Graphviz) or svg.")
    var format: Format = .text

    func run() async throws {
        let freshness = freshness
        let format = format
        try await options.run { project, console in
            let project = freshness.applied(to: project)
            let drawing = GraphDrawing(try await project.currentPlan(writesLock: false).graph)
            switch format {
            case .text: console.print(drawing.text)
            case .dot: console.print(drawing.dot)
            case .svg: console.print(drawing.svg)
            }
        }
    }
}

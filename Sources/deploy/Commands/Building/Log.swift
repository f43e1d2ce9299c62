import ArgumentParser
import Pipeline
import Primitives
import SystemPackage

struct Log: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the builds of the past, what ran in one and why, what a step said, and how long steps take.",
        usage: """
            deploy log [<build>] [<step>]
            deploy log --steps [<step>]
            """,
        discussion: """
            A build is meant by its number, by `latest`, or by the image that came of it. Those in which nothing had to run are \
            not kept; of the others, deploy.yaml says how many are (builds: keep).
            """)

    @OptionGroup var options: AnswerOptions

    @Argument(help: "A number, `latest`, or an image; without one, a table of all builds.")
    var build: String?

    @Argument(help: "The step whose log is to be shown, as it was in that build.")
    var step: String?

    @Flag(help: "How long each step took, or the one that is named: last, median, shortest, longest.")
    var steps = false

    mutating func validate() throws {
        if steps, step != nil { throw ValidationError("--steps takes one step at most: it is about all builds") }
    }

    func run() async throws {
        let (build, step, steps) = (build, step, steps)
        try await options.answer { project, _ in
            if steps { return StepTimesAnswer(try project.times(of: build)) }
            guard let build else {
                return BuildsAnswer(builds: try project.builds(), folder: project.workspace.root.string)
            }
            let record = try project.build(named: build)
            guard let step else { return BuildRecordAnswer(record) }
            return StepLogAnswer(try await project.log(of: step, in: record))
        }
    }
}

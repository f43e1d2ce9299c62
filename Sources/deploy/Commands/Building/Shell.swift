import ArgumentParser
import Pipeline

struct Shell: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Open a shell in the container of a step, with its inputs; the script is /in/script.")

    @OptionGroup var options: ProjectOptions
    @OptionGroup var choices: ChoiceOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The step, for example live/root.")
    var step: String

    func run() async throws {
        let freshness = freshness
        let step = step
        let console = Console(json: false, environment: ProcessEnvironment.all)
        try await options.run(on: console, overrides: choices.overrides) { project in
            let project = freshness.applied(to: project)
            console.clear()
            let status = try await project.shell(step)
            if status != 0 { throw CommandFailure(code: status) }
        }
    }
}

import ArgumentParser
import Pipeline

struct Clean: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove the cache, the logs and the imported container images; deploy.lock and the images stay.",
        discussion:
            "Only what deploy made is removed, whatever folder it lies in; what else is there is named and stays.")

    @OptionGroup var options: ImageOptions

    @Flag(help: "Remove the images in the output folder too.")
    var output = false

    func run() async throws {
        let output = output
        try await options.answer { project, _ in CleaningAnswer(try await project.clean(output: output)) }
    }
}

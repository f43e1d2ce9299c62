import ArgumentParser
import Pipeline
import Primitives

struct Clean: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove the cache, the logs and the imported container images; deploy.lock and the images stay.")

    @OptionGroup var options: CommonOptions

    @Flag(help: "Remove the images in the output folder too.")
    var output = false

    func run() async throws {
        let output = output
        try await options.run { project, console in
            console.say("removed \(try await project.clean(output: output))")
        }
    }
}

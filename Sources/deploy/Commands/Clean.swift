import ArgumentParser
import Pipeline
import Primitives

struct Clean: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Remove the cache, the logs and the imported container images; deploy.lock and the images stay.",
        discussion:
            "Only what deploy made is removed, whatever folder it lies in; what else is there is named and stays.")

    @OptionGroup var options: CommonOptions

    @Flag(help: "Remove the images in the output folder too.")
    var output = false

    func run() async throws {
        let output = output
        try await options.run { project, console in
            let cleaning = try await project.clean(output: output)
            var removed = ["the cache", "the logs", "\(cleaning.containerImages) container image(s)"]
            if let images = cleaning.images { removed.append("\(images) image(s) in \(cleaning.output)") }
            console.say("removed \(removed.joined(separator: ", "))")
            guard !cleaning.left.isEmpty else { return }
            let more = cleaning.left.count > 10 ? ", and \(cleaning.left.count - 10) more" : ""
            console.say(
                "left, since deploy did not make it: \(cleaning.left.prefix(10).joined(separator: ", "))\(more)")
        }
    }
}

import ArgumentParser
import Pipeline

struct GC: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove from the store what neither deploy.lock nor the last run of any step needs.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
        try await options.run { project, console in
            let removed = try await project.collectGarbage()
            console.say("removed \(removed.blobs) blobs, \(removed.size)")
        }
    }
}

import ArgumentParser
import Pipeline

struct GC: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove from the store what neither deploy.lock nor the last run of any step needs.")

    @OptionGroup var options: ImageOptions

    func run() async throws {
        try await options.answer { project, _ in
            let removed = try await project.collectGarbage()
            return GarbageAnswer(blobs: removed.blobs, size: removed.size)
        }
    }
}

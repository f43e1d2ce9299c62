import ArgumentParser
import Pipeline

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check what this machine has, and say what mends it.")

    @OptionGroup var options: ImageOptions

    func run() async throws {
        try await options.answer { project, _ in DoctorAnswer(checks: await project.examine()) }
    }
}

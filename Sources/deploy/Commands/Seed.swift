import ArgumentParser
import Pipeline
import SystemPackage

struct Seed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the seed disk that has an ISO install by itself.",
        discussion: """
            The answers are checked with the installer's own loader first, and all that is wrong is said at once. What is made \
            is the image of a small disk (FAT, label KLDLOADSEED) with the answers as answers.env: attach it to a virtual \
            machine beside the ISO, or write it to a stick. It holds the passwords of the answers; only you can read it.
            """)

    @OptionGroup var options: AnswerOptions

    @Argument(help: "The answers file.")
    var answers: String

    @Option(name: .shortAndLong, help: "Where the image goes.")
    var output: String = "seed.img"

    func run() async throws {
        let (answers, output) = (answers, output)
        try await options.answer { project, _ in
            try await project.makeSeedDisk(answers: FilePath(answers), at: FilePath(output))
            return SeedAnswer(
                answers: answers, output: output, path: project.surroundings.absolute(FilePath(output)))
        }
    }
}

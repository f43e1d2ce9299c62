import ArgumentParser
import Pipeline
import SystemPackage

struct Seed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make the seed disk that has an ISO install by itself, or put its answers into a copy of the ISO.",
        discussion: """
            The answers are checked with the installer's own loader first, and all that is wrong is said at once. What is made \
            is the image of a small disk (FAT, label KLDLOADSEED) with the answers as answers.env: attach it to a virtual \
            machine beside the ISO, or write it to a stick. It holds the passwords of the answers; only you can read it.

            With --into ISO, a copy of that image is made which has the answers on it, and installs by itself from one stick; \
            --postinstall adds scripts that run at the end. xorriso does it, in seconds, and everything else on the image stays what \
            it was: its signatures hold. Answers lie on it in clear: who has the stick can read them. A word on the kernel's command \
            line and a seed disk beside it win over them, kldload.seed=no has them left alone.
            """)

    @OptionGroup var options: AnswerOptions

    @Argument(help: "The answers file.", completion: .file())
    var answers: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where the image goes: seed.img, unless said.", valueName: "file"),
        completion: .file())
    var output: String?

    @Option(
        help: ArgumentHelp("Put the answers into a copy of this image; -o names the copy.", valueName: "iso"),
        completion: .file(extensions: ["iso"]))
    var into: String?

    @Option(
        help: ArgumentHelp("With --into: a script for the end of the installation; once for each.", valueName: "file"),
        completion: .file())
    var postinstall: [String] = []

    mutating func validate() throws {
        if into != nil, output == nil {
            throw ValidationError("--into needs -o: the copy is another file than the image")
        }
        if into == nil, !postinstall.isEmpty {
            throw ValidationError("--postinstall needs --into: a seed disk has answers alone")
        }
    }

    func run() async throws {
        let (answers, output, into) = (answers, output ?? "seed.img", into)
        let scripts = postinstall.map { FilePath($0) }
        try await options.answer { project, _ in
            if let into {
                let copy = try await project.seed(
                    FilePath(into), answers: FilePath(answers), postinstallers: scripts, at: FilePath(output))
                return SeededImageAnswer(answers: answers, image: into, output: output, copy: copy)
            }
            try await project.makeSeedDisk(answers: FilePath(answers), at: FilePath(output))
            return SeedAnswer(
                answers: answers, output: output, path: project.surroundings.absolute(FilePath(output)))
        }
    }
}

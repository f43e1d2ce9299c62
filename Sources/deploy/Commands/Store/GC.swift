import ArgumentParser
import Pipeline
import Primitives

struct GC: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Remove from the store what neither deploy.lock nor the last run of any step needs.",
        discussion: """
            With --max-size, what was used longest ago goes after that, until the store is so small. What deploy.lock names and \
            what the last image was made of stay in any case: where they alone are more, that is said, and the exit code is 1.
            """)

    @OptionGroup var options: ImageOptions

    @Option(help: ArgumentHelp("Keep what the last N builds read and made (`deploy log` has them).", valueName: "n"))
    var keep = 1

    @Option(
        help: ArgumentHelp(
            "Make the store this small: 500M, 40G, 1.5T. Otherwise DEPLOY_CACHE_SIZE or store.max-size count.",
            valueName: "size"),
        transform: ByteCount.init(argument:))
    var maxSize: ByteCount?

    @Flag(name: [.long, .customShort("n")], help: "Say what would go, and remove nothing.")
    var dryRun = false

    mutating func validate() throws {
        guard keep >= 1 else { throw ValidationError("--keep takes a number from 1") }
    }

    func run() async throws {
        let (request, dryRun) = (GarbageRequest(builds: keep, limit: maxSize), dryRun)
        try await options.answer { project, _ in
            GarbageAnswer(garbage: try await project.collectGarbage(request, isTrial: dryRun), isTrial: dryRun)
        }
    }
}

extension ByteCount {
    /// A size on the command line.
    fileprivate init(argument text: String) throws {
        guard let size = ByteCount(written: text) else {
            throw ValidationError("\"\(text)\" is no size: \(ByteCount.writingHint)")
        }
        self = size
    }
}

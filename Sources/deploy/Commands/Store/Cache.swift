import ArgumentParser
import Pipeline
import Primitives
import SystemPackage

/// The store as one file, for a place without network.
struct Cache: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Carry what deploy.lock needs of the store to another place, as one file.",
        subcommands: [CacheExport.self, CacheImport.self])
}

struct CacheExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what a build with deploy.lock reads of the store, and the lock, into one file.",
        discussion: """
            The file is a tar archive packed with zstd: signed states of archives, indexes and packages by digest, and the keys \
            that deploy.yaml names. The same lock and store give the same bytes.
            """)

    @OptionGroup var options: ImageOptions

    @Flag(help: "Add what the steps made, but for the image itself: a build from it takes seconds.")
    var withResults = false

    @Argument(
        help: ArgumentHelp(
            "Where to; - for standard output. Without it, kldload-cache-DIGEST.tar.zst in this folder.",
            valueName: "file"))
    var file: String?

    @OptionGroup(title: "Results of others") var sharing: SharingOptions

    func run() async throws {
        let (withResults, file, sharing) = (withResults, file, sharing)
        try await options.answer { project, _ in
            let project = try sharing.applied(to: project)
            let destination: CacheDestination =
                switch file {
                case nil: .named
                case "-": .standardOutput
                case let file?: .file(FilePath(file))
                }
            return ExportAnswer(cache: try await project.exportCache(to: destination, withResults: withResults))
        }
    }

    mutating func validate() throws {
        if file == "-", options.common.json { throw ValidationError("--json and standard output exclude each other") }
        if file == "" { throw ValidationError("the file has no name") }
    }
}

struct CacheImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring what `deploy cache export` wrote into the store, and its lock into a checkout without one.",
        discussion: """
            Each file is taken once its bytes have its digest; what the store has already is passed over, so an import that was \
            interrupted is simply run again. `deploy build --offline` follows the lock from the declared keys to each package, \
            as every build does. Results of steps are no more than the word of whoever made the file.
            """)

    @OptionGroup var options: ImageOptions

    @Flag(help: "Take the results of steps as well: whoever made the file is believed.")
    var withResults = false

    @Argument(help: ArgumentHelp("What to read; - for standard input.", valueName: "file"))
    var file: String

    func run() async throws {
        let (withResults, file) = (withResults, file)
        try await options.answer { project, _ in
            ImportAnswer(
                cache: try await project.importCache(
                    from: file == "-" ? nil : FilePath(file), withResults: withResults))
        }
    }

    mutating func validate() throws {
        if file.isEmpty { throw ValidationError("the file has no name") }
    }
}

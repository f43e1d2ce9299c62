import ArgumentParser
import Pipeline

struct Key: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show or export the key that this build host signs its mirrors with.",
        discussion: "It is made on first use, and live systems trust exactly this key for their darksites.")

    @OptionGroup var options: ImageOptions

    @Flag(help: "Print the public key, in ASCII armour.")
    var export = false

    func run() async throws {
        let export = export
        try await options.answer { project, _ in
            KeyAnswer(key: try await project.signingKey(), isExport: export)
        }
    }
}

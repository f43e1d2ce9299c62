import ArgumentParser
import Declaration
import Pipeline
import SystemPackage

/// What the launcher installs before it runs the command that somebody typed.
struct MissingPackages: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "missing-packages",
        abstract: "Print the Debian packages with the keyrings that a command would miss, a line each.",
        usage: "deploy missing-packages -- COMMAND…",
        shouldDisplay: false)

    @Argument(help: "The command, as it was typed.")
    var words: [String] = []

    func run() throws {
        // These resolve nothing; a word of theirs may be called as a stage is.
        if ["seed", "test"].contains(LeadingOptions.moved(words).first) { return }
        let environment = ProcessEnvironment.all
        let folder = FilePath(environment["KLDLOAD_CHECKOUT"] ?? ".")
        // What is wrong with the declaration is said by the command itself.
        guard let declaration = try? Declaration.load("deploy.yaml", in: folder, exists: { _ in true }) else { return }
        let named = words + [environment["KLDLOAD_DISTRO"] ?? ""]
        for package in declaration.packagesOfMissingKeyrings(naming: named) { print(package) }
    }
}

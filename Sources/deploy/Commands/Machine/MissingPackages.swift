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
        // What is wrong with the command it says itself.
        guard let command = try? Deploy.parseAsRoot(LeadingOptions.moved(words)), Self.changesSomething(command) else {
            return
        }
        let environment = ProcessEnvironment.all
        let folder = FilePath(environment["KLDLOAD_CHECKOUT"] ?? ".")
        // What is wrong with the declaration is said by the command itself.
        guard let declaration = try? Declaration.load("deploy.yaml", in: folder, exists: { _ in true }) else { return }
        let named = words + [environment["KLDLOAD_DISTRO"] ?? ""]
        for package in declaration.packagesOfMissingKeyrings(naming: named) { print(package) }
    }

    /// Whether `command` is there to make or to lock something. A question changes nothing, the packages of this machine neither: where
    /// it needs a keyring, it says which.
    private static func changesSomething(_ command: any ParsableCommand) -> Bool {
        switch command {
        case let build as Build: !build.dryRun
        case is Full, is Reproduce, is Update, is Nightly: true
        default: false
        }
    }
}

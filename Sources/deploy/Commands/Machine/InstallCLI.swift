import ArgumentParser
import Packages
import Primitives
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

struct InstallCLI: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install-cli",
        abstract: "Make `deploy` a command of this machine, with its man page and completion.",
        discussion: """
            Puts below the prefix: bin/deploy, which runs ./deploy of the checkout that one stands in, from the current folder upward, \
            or else of the one that this was installed from; the man page deploy(1); completion for bash, zsh and fish.

            What is there already and is not of this command is left alone, and nothing is written then. Running it again writes what \
            changed: after new options came, for instance.
            """)

    @OptionGroup var options: IndependentOptions

    @Option(
        help: ArgumentHelp("Where to: /usr/local as root, ~/.local otherwise.", valueName: "folder"),
        completion: .directory)
    var prefix: String?

    @Flag(help: "Remove what this command has put there.")
    var uninstall = false

    @Flag(name: [.customShort("n"), .long], help: "Say what would be done, and do nothing.")
    var dryRun = false

    func run() async throws {
        let command = self
        try await options.answer { _ in try command.install() }
    }

    private func install() throws -> CommandLineAnswer {
        let environment = ProcessEnvironment.all
        let place = try folder(environment)
        guard let checkout = environment["KLDLOAD_CHECKOUT"].map({ FilePath($0) }), checkout.isAbsolute else {
            throw Mistake(
                "nothing says which checkout this is: the launcher does", at: nil, hint: "./deploy install-cli")
        }
        let built = try FileStatus(at: "/proc/self/exe", followsLinks: true)?.modified ?? 0
        let date = "\(LockDate(secondsSince1970: built / 1_000_000_000))".prefix(10)
        let files = try InstalledFile.all(below: place, checkout: checkout, date: String(date))
        var items: [CommandLineAnswer.Item] = try files.map { .init(path: $0.path, state: try $0.state()) }
        let foreign = items.filter { $0.state == .foreign }.map(\.path.string)
        if !uninstall, !foreign.isEmpty {
            throw Mistake(
                "what is there is not of this command, and is left as it is", at: nil, details: foreign,
                hint: "remove it, or name another place: --prefix FOLDER")
        }
        for (number, file) in files.enumerated() {
            let state = items[number].state
            if uninstall {
                let isOurs = state == .same || state == .older
                if isOurs, !dryRun { try Files.remove(file.path) }
                items[number].isChanged = isOurs
            } else {
                if state != .same, !dryRun { try file.write() }
                items[number].isChanged = state != .same
            }
        }
        return CommandLineAnswer(
            prefix: place, items: items, uninstalls: uninstall, isDryRun: dryRun,
            isOnPath: (environment["PATH"] ?? "").split(separator: ":").contains { $0 == place.appending("bin").string }
        )
    }

    private func folder(_ environment: [String: String]) throws -> FilePath {
        if let prefix {
            let path = FilePath(prefix)
            guard !prefix.isEmpty else { throw Mistake("--prefix names no folder", at: nil) }
            return path.isAbsolute ? path : FilePath(environment["PWD"] ?? "/").pushing(path).lexicallyNormalized()
        }
        if geteuid() == 0 { return "/usr/local" }
        guard let home = environment["HOME"], home.hasPrefix("/") else {
            throw Mistake("HOME is not set: nothing says where to", at: nil, hint: "--prefix FOLDER")
        }
        return FilePath(home).appending(".local")
    }
}

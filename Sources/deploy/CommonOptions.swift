import ArgumentParser
import BuildGraph
import ContentStore
import Darksites
import Declaration
import Pipeline
import Primitives
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// A command that failed after it has shown its error.
struct CommandFailure: Error {
    let code: Int32
}

/// What every command takes: which declaration, and how to talk about it.
struct ProjectOptions: ParsableArguments {
    @Option(
        name: [.customShort("C"), .long],
        help: ArgumentHelp("Build the declaration in this folder.", valueName: "folder"))
    var directory: String?

    @Option(help: ArgumentHelp("The declaration, relative to the folder.", valueName: "deploy.yaml"))
    var file: String = "deploy.yaml"

    @Option(
        name: .customLong("allow-outside"),
        help: ArgumentHelp(
            "Let the declaration take in files of this folder, too.", valueName: "folder"))
    var allowed: [String] = []

    @Option(name: .shortAndLong, help: "How many cores steps may keep busy together.")
    var jobs: Int?

    @Flag(help: "One JSON object a line on standard output, for programs.")
    var json = false

    mutating func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number from 1") }
    }

    var console: Console { Console(json: json, environment: ProcessEnvironment.all) }

    /// `path` as the user means it.
    func absolute(_ path: FilePath) -> FilePath { surroundings.absolute(path) }

    private var surroundings: Surroundings {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let current = getcwd(&buffer, buffer.count).map { FilePath(String(cString: $0)) } ?? "."
        return Surroundings(
            environment: ProcessEnvironment.all, currentFolder: current,
            now: {
                var now = timespec()
                clock_gettime(CLOCK_REALTIME, &now)
                return Int64(now.tv_sec)
            },
            cores: jobs ?? max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1),
            allowedFolders: allowed.map { folder in
                let folder = FilePath(folder)
                return folder.isAbsolute ? folder : current.pushing(folder).lexicallyNormalized()
            })
    }

    /// Opens the project and runs `body`, with errors and progress shown on the console. The declaration is taken as it is:
    /// nothing in the environment chooses another profile.
    func run(_ body: @escaping @Sendable (Project, Console) async throws -> Void) async throws {
        try await run(overrides: { _ in DeclarationOverrides(environment: [:]) }, body)
    }

    /// Opens the project with what `overrides` makes of the environment, and runs `body`.
    fileprivate func run(
        overrides: ([String: String]) -> DeclarationOverrides,
        _ body: @escaping @Sendable (Project, Console) async throws -> Void
    ) async throws {
        let console = console
        do {
            let surroundings = surroundings
            // The launcher says where its checkout is; without it, the folder one stands in is meant.
            let checkout =
                surroundings.environment["KLDLOAD_CHECKOUT"].map { FilePath($0) } ?? surroundings.currentFolder
            let folder = directory.map { surroundings.absolute(FilePath($0)) } ?? checkout
            let overrides = overrides(surroundings.environment)
            let project = try Project(
                file: FilePath(file), in: folder, overrides: overrides, surroundings: surroundings,
                events: { console.show($0) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await console.animate() }
                defer { group.cancelAll() }
                try await body(project, console)
            }
            try console.finish()
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            console.show(error: error)
            throw CommandFailure(code: ErrorReport.exitCode(error))
        }
    }
}

/// What the commands that make an image take: which declaration, and which of its choices.
struct CommonOptions: ParsableArguments {
    @OptionGroup var project: ProjectOptions

    @Option(help: "The profile that the image is for; its packages join the darksite. Also PROFILE in the environment.")
    var profile: String?

    @Option(help: "The edition in the image's name. Also EDITION.")
    var edition: String?

    @Option(help: "The distribution that the image is called after. Also KLDLOAD_DISTRO.")
    var distro: String?

    /// Opens the project with these choices and runs `body`, with errors and progress shown on the console.
    func run(_ body: @escaping @Sendable (Project, Console) async throws -> Void) async throws {
        try await project.run(
            overrides: {
                DeclarationOverrides(profile: profile, edition: edition, distribution: distro, environment: $0)
            }, body)
    }
}

/// What the commands take that may take today's state of an archive.
struct FreshnessOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Accept the expired Release file of this suite.", valueName: "repository/suite"))
    var allowExpired: [String] = []

    @Option(
        help: ArgumentHelp(
            "Accept a state of this suite that is older than the locked one, or than its repository's max-age.",
            valueName: "repository/suite"))
    var allowOlder: [String] = []

    /// `project` with what these options allow.
    func applied(to project: Project) -> Project {
        var project = project
        project.allowances = Allowances(expired: Set(allowExpired), older: Set(allowOlder))
        return project
    }
}

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

/// What every command takes: which declaration, and how to work on it.
struct ProjectOptions: ParsableArguments {
    @Option(
        name: [.customShort("C"), .long],
        help: ArgumentHelp("Build the declaration in this folder.", valueName: "folder"), completion: .directory)
    var directory: String?

    @Option(help: ArgumentHelp("The declaration, relative to the folder.", valueName: "deploy.yaml"))
    var file: String = "deploy.yaml"

    @Option(
        name: .customLong("allow-outside"),
        help: ArgumentHelp(
            "Let the declaration take in files of this folder, too.", valueName: "folder"), completion: .directory)
    var allowed: [String] = []

    @Option(
        name: .shortAndLong, parsing: .unconditional, help: "How many cores steps may keep busy together.")
    var jobs: Int?

    mutating func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs takes a number from 1") }
    }

    /// `path` as the user means it.
    func absolute(_ path: FilePath) -> FilePath { surroundings.absolute(path) }

    private var surroundings: Surroundings {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let current = getcwd(&buffer, buffer.count).map { FilePath(String(cString: $0)) } ?? "."
        let processors = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
        return Surroundings(
            environment: ProcessEnvironment.all, currentFolder: current,
            now: {
                var now = timespec()
                clock_gettime(CLOCK_REALTIME, &now)
                return Int64(now.tv_sec)
            },
            cores: jobs ?? processors, processors: processors,
            allowedFolders: allowed.map { folder in
                let folder = FilePath(folder)
                return folder.isAbsolute ? folder : current.pushing(folder).lexicallyNormalized()
            })
    }

    /// Opens the project with what `overrides` makes of the environment, and runs `body`, with progress and errors on `console`.
    func run(
        on console: Console, overrides: ([String: String]) -> DeclarationOverrides,
        _ body: @escaping @Sendable (Project) async throws -> Void
    ) async throws {
        do {
            let surroundings = surroundings
            // The launcher says where its checkout is; without it, the folder one stands in is meant.
            let checkout =
                surroundings.environment["KLDLOAD_CHECKOUT"].map { FilePath($0) } ?? surroundings.currentFolder
            // An installed launcher says which declaration is nearest to where one stands.
            let nearest = surroundings.environment["DEPLOY_DIRECTORY"].flatMap { $0.isEmpty ? nil : $0 }
            let folder = (directory ?? nearest).map { surroundings.absolute(FilePath($0)) } ?? checkout
            let overrides = overrides(surroundings.environment)
            let project = try Project(
                file: FilePath(file), in: folder, overrides: overrides, surroundings: surroundings,
                events: { console.show($0) })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await console.animate() }
                defer { group.cancelAll() }
                try await body(project)
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

/// What every command takes that has an answer. One without has no `--json` either, and refuses it as anything that it does not know.
struct AnswerOptions: ParsableArguments {
    @OptionGroup var project: ProjectOptions

    @Flag(help: "One JSON object a line on standard output, for programs.")
    var json = false

    /// Opens the project, and shows what `body` makes of it. The declaration is taken as it is: nothing in the environment chooses
    /// another profile.
    func answer(_ body: @escaping @Sendable (Project, Console) async throws -> any Answer) async throws {
        try await answer(overrides: { _ in DeclarationOverrides(environment: [:]) }, body)
    }

    /// Opens the project with what `overrides` makes of the environment, and shows what `body` makes of it.
    fileprivate func answer(
        overrides: ([String: String]) -> DeclarationOverrides,
        _ body: @escaping @Sendable (Project, Console) async throws -> any Answer
    ) async throws {
        let console = Console(json: json, environment: ProcessEnvironment.all)
        try await project.run(on: console, overrides: overrides) { project in
            try console.finish(with: try await body(project, console))
        }
    }
}

extension Console {
    /// Shows the last that a command says. Throws `CommandFailure` where that means another exit code than 0, and `OutputLost`.
    fileprivate func finish(with answer: any Answer) throws {
        show(answer)
        try finish()
        switch answer.ending {
        case .success: break
        case .failure: throw CommandFailure(code: 1)
        case .error(let error):
            explain(error)
            throw CommandFailure(code: ErrorReport.exitCode(error))
        }
    }
}

/// What a command takes that has an answer and needs no declaration: it works in any folder.
struct IndependentOptions: ParsableArguments {
    @Flag(help: "One JSON object a line on standard output, for programs.")
    var json = false

    /// Shows what `body` makes; it shows how far it is on the console it is given.
    func answer(_ body: @escaping @Sendable (Console) async throws -> any Answer) async throws {
        let console = Console(json: json, environment: ProcessEnvironment.all)
        do {
            let answer = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await console.animate() }
                defer { group.cancelAll() }
                return try await body(console)
            }
            try console.finish(with: answer)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            console.show(error: error)
            throw CommandFailure(code: ErrorReport.exitCode(error))
        }
    }
}

/// Which of a declaration's choices an image is made with.
struct ChoiceOptions: ParsableArguments {
    @Option(help: "The profile that the image is for; its packages join the darksite. Also PROFILE in the environment.")
    var profile: String?

    @Option(help: "The edition in the image's name. Also EDITION.")
    var edition: String?

    @Option(help: "The distribution that the image is called after. Also KLDLOAD_DISTRO.")
    var distro: String?

    /// These choices as another `deploy` takes them.
    var arguments: [String] {
        [("--profile", profile), ("--edition", edition), ("--distro", distro)].flatMap { name, value in
            value.map { [name, $0] } ?? []
        }
    }

    /// These choices, and for want of them those of `environment`.
    func overrides(_ environment: [String: String]) -> DeclarationOverrides {
        DeclarationOverrides(profile: profile, edition: edition, distribution: distro, environment: environment)
    }
}

/// What the commands take that are about an image and have an answer.
struct ImageOptions: ParsableArguments {
    @OptionGroup var common: AnswerOptions
    @OptionGroup var choices: ChoiceOptions

    /// Opens the project with these choices, and shows what `body` makes of it.
    func answer(_ body: @escaping @Sendable (Project, Console) async throws -> any Answer) async throws {
        try await common.answer(overrides: choices.overrides, body)
    }
}

/// What the commands take that build.
struct TraceOptions: ParsableArguments {
    @Option(
        name: .customLong("trace"),
        help: ArgumentHelp("Write a trace of the build, for Perfetto or chrome://tracing.", valueName: "file"))
    var file: String?

    /// The file as the user means it.
    func path(in project: ProjectOptions) -> FilePath? { file.map { project.absolute(FilePath($0)) } }
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

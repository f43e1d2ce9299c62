import ArgumentParser
import Pipeline
import Primitives

#if canImport(Glibc)
private import Glibc
#endif

@main
enum Main {
    static func main() { Interruption.watch { await Deploy.run() } }
}

/// The command line: one subcommand a file, in `Commands/`.
struct Deploy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Turns a declaration into one bootable ISO that installs real distributions on ZFS, offline.",
        discussion: """
            A build has five stages: builder, debian, ubuntu, rpm, iso. Each is made of steps, which run in containers without \
            network or inside deploy itself. Only what changed runs again; `deploy explain` says why.

            Environment: DEPLOY_CACHE (the store), DEPLOY_CACHE_SIZE (how large it may be), DEPLOY_DIRECTORY (as -C), DEPLOY_KEY (the \
            signing key's folder), DEPLOY_MIRROR_<REPOSITORY> (addresses to fetch from), PROFILE, EDITION, KLDLOAD_DISTRO, NO_COLOR, http_proxy.

            Exit codes: 0 done, 1 the build failed, 2 the request was wrong, 130 interrupted.
            """,
        version: BuildPlan.toolVersion,
        subcommands: [
            Build.self,
            Full.self,
            Reproduce.self,
            Update.self,
            Nightly.self,
            Status.self,
            Explain.self,
            Log.self,
            Graph.self,
            Shell.self,
            Key.self,
            Resolve.self,
            Check.self,
            Search.self,
            Why.self,
            Diff.self,
            Sets.self,
            Seed.self,
            Delta.self,
            Golden.self,
            TestCommand.self,
            Burn.self,
            Verify.self,
            Doctor.self,
            GC.self,
            Cache.self,
            Remote.self,
            Clean.self,
            InstallCLI.self,
            MissingPackages.self,
        ],
        defaultSubcommand: nil)

    /// Parses and runs, with every error rendered once, here.
    static func run() async -> Int32 {
        let arguments = LeadingOptions.moved(Array(CommandLine.arguments.dropFirst()))
        if let unknown = UnknownCommand(arguments) {
            let console = Console(json: unknown.wantsJSON, environment: ProcessEnvironment.all)
            console.show(refusal: unknown.text, what: unknown.what)
            return 2
        }
        do {
            var command = try parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            return failure.code
        } catch {
            let isAsked = exitCode(for: error) == .success
            // Whoever asks for JSON gets it also where nothing else of the request can be read.
            let wantsJSON = !isAsked && arguments.prefix { $0 != "--" }.contains("--json")
            let console = Console(json: wantsJSON, environment: ProcessEnvironment.all)
            guard !isAsked else { return help(fullMessage(for: error), console) }
            console.show(refusal: fullMessage(for: error), what: message(for: error))
            return exitCode(for: error) == .validationFailure ? 2 : 1
        }
    }

    /// Help, the version, a script for the shell: what was asked for.
    private static func help(_ text: String, _ console: Console) -> Int32 {
        console.show(help: text)
        do {
            try console.finish()
            return 0
        } catch {
            console.show(error: error)
            return ErrorReport.exitCode(error)
        }
    }
}

/// A first word that is no command: ArgumentParser would complain of what stands behind it.
struct UnknownCommand: Equatable {
    /// What is wrong, in a sentence.
    let what: String
    /// For people.
    let text: String
    let wantsJSON: Bool

    /// Nil where `arguments` begin with a command, or with an option.
    init?(_ arguments: [String]) {
        guard let word = arguments.first, !word.hasPrefix("-") else { return nil }
        let commands = Deploy.configuration.subcommands
        guard word != "help", !commands.contains(where: { $0._commandName == word }) else { return nil }
        let known = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }
        let nearest = EditDistance.nearest(to: word, among: known, count: 1).first
        what = "there is no command \"\(word)\"" + (nearest.map { ": did you mean \($0)?" } ?? "")
        text = "Error: \(what)\n  See 'deploy --help' for all commands."
        wantsJSON = arguments.prefix { $0 != "--" }.contains("--json")
    }
}

/// Options of a command that stand before it, as git and make have them: `deploy -C DIR status`.
enum LeadingOptions {
    private static let withValue: Set<String> = ["-C", "--directory", "--file", "--allow-outside", "-j", "--jobs"]

    /// `arguments` with such options put behind the command's name.
    static func moved(_ arguments: [String]) -> [String] {
        var position = 0
        while position < arguments.count {
            let argument = arguments[position]
            if withValue.contains(argument) {
                position += 2
            } else if argument == "--json"
                || withValue.contains(where: { $0.count > 2 && argument.hasPrefix("\($0)=") })
                || ["-C", "-j"].contains(where: { argument.hasPrefix($0) })
            {
                position += 1
            } else {
                break
            }
        }
        guard position > 0, position < arguments.count, !arguments[position].hasPrefix("-") else { return arguments }
        return [arguments[position]] + arguments[..<position] + arguments[(position + 1)...]
    }
}

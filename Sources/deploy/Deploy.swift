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

            Environment: DEPLOY_CACHE (the store), DEPLOY_KEY (the signing key's folder), DEPLOY_MIRROR_<REPOSITORY> (addresses to \
            fetch from), PROFILE, EDITION, KLDLOAD_DISTRO, NO_COLOR, http_proxy.

            Exit codes: 0 done, 1 the build failed, 2 the request was wrong, 130 interrupted.
            """,
        version: BuildPlan.toolVersion,
        subcommands: [
            Build.self, Full.self, Update.self, Status.self, Explain.self, Graph.self, Shell.self, Key.self,
            Resolve.self, Check.self, Search.self, Why.self, Diff.self, Sets.self, Seed.self, TestCommand.self,
            Doctor.self, GC.self, Clean.self,
        ],
        defaultSubcommand: nil)

    /// Parses and runs, with every error rendered once, here.
    static func run() async -> Int32 {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            return failure.code
        } catch {
            guard exitCode(for: error) != .success else { exit(withError: error) }
            let text = fullMessage(for: error)
            Console(json: false, environment: ProcessEnvironment.all).say(text)
            return exitCode(for: error) == .validationFailure ? 2 : 1
        }
    }
}

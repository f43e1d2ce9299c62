import ArgumentParser
import Pipeline

/// The cache that other builds use, too.
struct Remote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the remote cache, or put into it what this host has.",
        discussion: """
            A server of the Remote Execution API keeps results for all who build: `remote: {address: …}` in deploy.yaml, \
            DEPLOY_REMOTE or --remote name it. `deploy build` then fetches what another has made, and puts there what it makes.
            """,
        subcommands: [RemoteStatus.self, RemotePush.self])
}

struct RemoteStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say what the server can do, how fast it is, and how much of the last builds came from it.",
        discussion: "16.8 MB of made-up bytes are put there and fetched again, but for a cache that is used read-only.")

    @OptionGroup var options: AnswerOptions
    @OptionGroup(title: "Results of others") var sharing: SharingOptions

    func run() async throws {
        let sharing = sharing
        try await options.answer { project, _ in RemoteAnswer(try await project.remoteStanding(sharing.request)) }
    }
}

struct RemotePush: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Put the results that this host has of the image's steps there.",
        discussion: "A build puts there what it makes; this is for what was made before there was a remote cache.")

    @OptionGroup var options: ImageOptions
    @OptionGroup(title: "Results of others") var sharing: SharingOptions

    func run() async throws {
        let sharing = sharing
        try await options.answer { project, _ in
            let (results, traffic) = try await project.pushResults(sharing.request)
            return PushAnswer(results: results, traffic: traffic)
        }
    }
}

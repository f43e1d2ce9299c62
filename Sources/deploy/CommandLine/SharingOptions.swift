import ArgumentParser
import Pipeline

/// What the commands take that use a remote cache.
struct SharingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            Use this cache of the Remote Execution API, also DEPLOY_REMOTE; "required": the declared one, and fail where it does not \
            answer.
            """, valueName: "grpc(s)://host:port/instance"))
    var remote: String?

    @Flag(name: .customLong("no-remote"), help: "Use no remote cache, whatever is declared.")
    var noRemote = false

    @Flag(name: .customLong("remote-readonly"), help: "Put nothing into the remote cache.")
    var readOnly = false

    mutating func validate() throws {
        if noRemote, remote != nil || readOnly {
            throw ValidationError("--no-remote leaves nothing to do for another option about the remote cache")
        }
    }

    /// What these options say.
    var request: RemoteRequest {
        var request = RemoteRequest()
        (request.address, request.isOff, request.isReadOnly) = (remote, noRemote, readOnly)
        return request
    }

    /// `project` with the cache that these options name.
    func applied(to project: Project) throws -> Project { try project.sharing(request) }
}

/// What the commands take beside that run steps.
struct RemoteBuildOptions: ParsableArguments {
    @OptionGroup var sharing: SharingOptions

    @Flag(
        name: .customLong("verify-remote"),
        help: "Make one in eight of the results here that the remote cache has, and compare.")
    var verify = false

    @Flag(help: "Run the steps that can on the workers of the remote cache, --jobs of them at once.")
    var execute = false

    mutating func validate() throws {
        if sharing.noRemote, verify || execute {
            throw ValidationError("--no-remote leaves nothing to do for another option about the remote cache")
        }
    }

    /// `project` with the cache that these options name, used as they say.
    func applied(to project: Project) throws -> Project {
        var request = sharing.request
        (request.isVerified, request.executes) = (verify, execute)
        return try project.sharing(request)
    }
}

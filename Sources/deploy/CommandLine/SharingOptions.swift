import ArgumentParser
import Pipeline

/// What the commands take that may share their results with other builds.
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

    @Flag(
        name: .customLong("verify-remote"),
        help: "Make one in eight of the results here that the remote cache has, and compare.")
    var verify = false

    mutating func validate() throws {
        if noRemote, remote != nil || verify || readOnly {
            throw ValidationError("--no-remote leaves nothing to do for another option about the remote cache")
        }
    }

    /// What these options say.
    var request: RemoteRequest {
        var request = RemoteRequest()
        (request.address, request.isOff, request.isReadOnly) = (remote, noRemote, readOnly)
        request.isVerified = verify
        return request
    }

    /// `project` with the cache that these options name.
    func applied(to project: Project) throws -> Project { try project.sharing(request) }
}

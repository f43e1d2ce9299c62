import ArgumentParser
import Pipeline
import SystemPackage

struct Delta: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a signed medium with what machines lack that were installed from an earlier lock.",
        discussion: """
            Both sides are a lock, an ISO (which has its lock inside) or a git revision, as with `deploy diff`. On the medium lies, \
            for each distribution and profile that the image carries and both sides have, a mirror with exactly the packages \
            that a machine of OLD needs to become what NEW would install, and lists of what such a machine has and is to have. \
            It is signed by the key of this build host, which the machines know. On a machine: kupgrade --from /dev/sdX.

            That nothing is missing is proven by our solver, and by the real apt or dnf in a container with a machine that has what OLD \
            installed, before the medium is there. The same two sides give the same bytes.

            -o names a folder, or an image (NAME.img or NAME.iso: an ISO 9660 file system) to be written to a stick or copied as a \
            file; without it an image goes to the output folder. --next-key puts another public key on the medium, signed by the \
            present one: machines that are updated from it trust that one from then on.

            Exit codes: 0 made, 1 it can't be made, or nothing moved, 2 the request was wrong.
            """)

    @OptionGroup var options: ImageOptions

    @Argument(help: ArgumentHelp("What machines were installed from: a lock, an ISO or a revision.", valueName: "old"))
    var from: String

    @Argument(help: ArgumentHelp("What they are to become.", valueName: "new"))
    var to: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where it goes: an image (STICK.img), or a folder.", valueName: "place"), completion: .file()
    )
    var output: String?

    @Option(
        help: ArgumentHelp("The public key that machines are to trust afterwards.", valueName: "file"),
        completion: .file())
    var nextKey: String?

    @Flag(help: "Leave out what the real package managers prove; the medium says so.")
    var draft = false

    @Flag(help: "Go over no network.")
    var offline = false

    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    func run() async throws {
        let (freshness, offline) = (freshness, offline)
        let request = DeltaRequest(
            from: from, to: to, output: output.map { FilePath($0) }, nextKey: nextKey.map { FilePath($0) },
            isDraft: draft)
        try await options.answer { project, _ in
            let project = freshness.applied(to: offline ? project.offline() : project)
            return DeltaAnswer(medium: try await project.makeDelta(request))
        }
    }
}

import ArgumentParser
import Pipeline

struct Nightly: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Update, build, verify, install in a virtual machine, and publish what passed.",
        discussion: """
            For a timer or a CI job. deploy.lock is moved to today's archives. The image, with its checksum, signature and evidence, \
            the lock, and a change log since the last good night are published; last of all, the link `latest` moves to it by a \
            rename. Where no package, no file and no setting moved, there is no new image, and that is said.

            Where something fails, `latest` stays where it is, deploy.lock becomes what it was, and DATE-TIME.failed.md beside the \
            images says what failed and what moved since the last good night. The next night begins with the archives again.

            Exit codes: 0 published, or nothing moved; 1 the night failed; 2 the request was wrong.
            """)

    @OptionGroup var options: ImageOptions

    @Option(
        help: ArgumentHelp(
            """
            Where to publish: a folder; [user@]host:path by rsync over ssh, as ~/.ssh/config and RSYNC_RSH say; or rsync://… \
            Without it, nightly in the output folder.
            """,
            valueName: "target"))
    var publish: String?

    @Option(help: ArgumentHelp("How many images stay there, the new one counted.", valueName: "n"))
    var keep = 7

    @Option(
        help: ArgumentHelp(
            "The profile to install in the virtual machine; the image's own, unless said.", valueName: "profile"))
    var testProfile: String?

    @Flag(name: .customLong("no-test"), help: "Do not install the image: for machines without QEMU.")
    var skipsTest = false

    @OptionGroup(title: "Results of others") var sharing: RemoteBuildOptions

    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    mutating func validate() throws {
        if keep < 1 { throw ValidationError("--keep takes a number from 1") }
        if skipsTest, testProfile != nil { throw ValidationError("--no-test and --test-profile exclude each other") }
        if publish?.isEmpty == true { throw ValidationError("--publish takes a folder, or what rsync takes") }
    }

    func run() async throws {
        var request = NightRequest()
        request.keep = keep
        request.target = publish
        request.isTested = !skipsTest
        request.testProfile = testProfile
        let (freshness, sharing) = (freshness, sharing)
        try await options.answer { [request] project, console in
            let project = try sharing.applied(to: project)
            let night = Night(freshness.applied(to: project), request, scribe: NightMarkdown()) { console.show($0) }
            return NightAnswer(outcome: try await night.run())
        }
    }
}

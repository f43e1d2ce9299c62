import ArgumentParser
import Pipeline

struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what moved between two locks, git revisions or ISOs.",
        discussion: """
            Each side is a lock, an ISO (which has its lock inside), or a git revision. With one side, it is compared with the \
            deploy.lock that is there now; with none, that of HEAD is.

            Added and removed packages stand below the line of a package set that asks for them, where the sets of that lock \
            are at hand and the indexes of its snapshot in the store.

            A revision whose package sets ask for something else than its lock has, or that has no lock, is resolved against \
            the snapshot that it has locked, or against that of the deploy.lock that is there now: so a change of package sets can \
            be judged before it is merged.

            --markdown tells security fixes first, with the CVE numbers that the changelogs in the packages name, as far as the \
            packages are in the store; and the cost, to download and on the image.

            Exit codes: 0 compared, whatever came out; with --exit-code 1 where they differ.
            """)

    @OptionGroup var options: AnswerOptions

    @Flag(help: "A release note in Markdown.")
    var markdown = false

    @Flag(help: "Name every package, however many there are.")
    var all = false

    @Flag(name: .customLong("exit-code"), help: "End with status 1 where the locks differ, as git diff does.")
    var hasExitCode = false

    @Argument(help: ArgumentHelp("The earlier lock, ISO or revision; without it, HEAD.", valueName: "a"))
    var from: String?

    @Argument(help: ArgumentHelp("The later one; without it, the deploy.lock that is there now.", valueName: "b"))
    var to: String?

    mutating func validate() throws {
        if markdown, options.json { throw ValidationError("--markdown and --json exclude each other") }
    }

    func run() async throws {
        let (from, to, markdown, hasExitCode) = (from, to, markdown, hasExitCode)
        let limit = all ? Int.max : markdown ? 60 : 12
        try await options.answer { project, _ in
            DifferenceAnswer(
                difference: try await project.difference(from: from, to: to, readsChangelogs: markdown),
                isMarkdown: markdown, limit: limit, failsOnDifference: hasExitCode)
        }
    }
}

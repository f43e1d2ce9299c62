import ArgumentParser
import Pipeline
import SystemPackage

struct Reproduce: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build again elsewhere, under other conditions, and compare every byte.",
        usage: "deploy reproduce [<options>] [<image.iso> | <target> ...]",
        discussion: """
            What is built must be up to date here. A copy of the checkout is built in an empty store, with another umask, time zone, \
            locale, number of cores and signing key, and then with this host's key: every output of every step must be the same, \
            but for what depends on the key. With --user as another user, with --in on another file system, with --days on another day. The first that differs is named, down to the file in a layer or package. \
            What the lock names by digest is not fetched again.
            """)

    @OptionGroup var options: ImageOptions

    @Argument(
        help: ArgumentHelp("An image that is to come out, or stages and steps alone.", valueName: "image or target"))
    var words: [String] = []

    @Flag(help: "What `deploy build --draft` made.")
    var draft = false

    @Option(
        name: .customLong("in"),
        help: "The folder in which the second build is made; another file system is another condition.")
    var folder: String?

    @Option(
        help: """
            Another user of this machine, who builds the second time: root says so, and podman must work for that user. A copy of this \
            host's key is the user's meanwhile.
            """)
    var user: String?

    @Option(help: "How many days the second build's clock is ahead, in its containers too; faketime must be installed.")
    var days: Int?

    @Flag(help: "Leave the second build there.")
    var keep = false

    func run() async throws {
        let (words, draft, keep, choices) = (words, draft, keep, options.choices.arguments)
        let (folder, user, days) = (folder, user, days)
        try await options.answer { project, _ in
            let images = words.filter { $0.hasSuffix(".iso") }
            let request = ReproductionRequest(
                targets: words.filter { !images.contains($0) }, image: try images.first.map { try project.image($0) },
                isDraft: draft, choices: choices,
                folder: folder.map { project.surroundings.absolute(FilePath($0)) }, user: user, days: days, keeps: keep,
                executable: try ProcessEnvironment.executable)
            return ReproductionAnswer(try await project.reproduce(request))
        }
    }

    func validate() throws {
        let images = words.filter { $0.hasSuffix(".iso") }
        guard images.isEmpty || words.count == 1 else {
            throw ValidationError("name one image, or stages and steps: \(words.joined(separator: " "))")
        }
        guard (1...36_500).contains(days ?? 1) else { throw ValidationError("--days takes 1 to 36500") }
    }
}

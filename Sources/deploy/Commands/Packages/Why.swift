import ArgumentParser
import Pipeline

struct Why: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say why a package is in a mirror, or why it is not.",
        discussion: """
            Shows the shortest way from a line of a package set, or from the base system, to the package; for every profile, \
            also for the live system, the builder image and the root that compiles ZFS. Of a package that is not in, it says \
            who forbids it, who would like to have it, and what stands in for it.

            Exit codes: 0 it is in, 1 it is not, 2 nobody knows the name.
            """)

    @OptionGroup var options: AnswerOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution, for example debian.")
    var distribution: String

    @Argument(help: "The package: name, name:architecture, name=version or name/suite.")
    var package: String

    func run() async throws {
        let freshness = freshness
        let (distribution, package) = (distribution, package)
        try await options.answer { project, _ in
            let (inquiry, ground) = try await freshness.applied(to: project).why(package, in: distribution)
            return WhyAnswer(inquiry, ground)
        }
    }
}

import ArgumentParser
import Darksites
import Pipeline

struct Search: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find packages of a distribution's locked snapshot by words in their names and summaries.",
        discussion: """
            Packages with all of the words are found; upper and lower case are the same. A word with *, ? or [ is a pattern for \
            a whole name. Exact names come first, then names that begin so.

            Exit codes: 0 something was found, 1 nothing was.
            """)

    @OptionGroup var options: AnswerOptions
    @OptionGroup(title: "Old states of archives") var freshness: FreshnessOptions

    @Argument(help: "The distribution.")
    var distribution: String

    @Argument(help: "The words.")
    var words: [String]

    mutating func validate() throws {
        if words.contains("") { throw ValidationError("a word is empty") }
    }

    func run() async throws {
        let freshness = freshness
        let (words, distribution) = (words, distribution)
        try await options.answer { project, _ in
            let project = freshness.applied(to: project)
            do {
                return SearchAnswer(
                    distribution: distribution, findings: try await project.search(words, in: distribution))
            } catch let nothing as NothingFound {
                return SearchAnswer(distribution: distribution, findings: [], nothing: nothing)
            }
        }
    }
}

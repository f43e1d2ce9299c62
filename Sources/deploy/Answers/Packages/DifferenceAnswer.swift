import Darksites
import Pipeline
import Primitives

/// What moved between two locks.
struct DifferenceAnswer: Answer {
    let difference: ProjectDifference
    /// Whether people want a release note, in Markdown.
    var isMarkdown = false
    /// How many packages of a section are named to people.
    var limit: Int
    /// Whether a difference is a failure, as it is to diff.
    var failsOnDifference = false

    var ending: Ending { failsOnDifference && !difference.comparison.isEmpty ? .failure : .success }

    func text(_ style: Style) -> [TextLine] {
        .results(
            isMarkdown
                ? DifferenceMarkdown(difference, limit: limit).lines
                : DifferenceText(difference, limit: limit, style: style).lines)
    }

    var json: JSON? {
        .fields([
            "from": Self.side(difference.from), "to": Self.side(difference.to),
            "same": .bool(difference.comparison.isEmpty),
            "distributions": .list(difference.comparison.distributions, JSON.difference),
        ])
    }

    private static func side(_ side: LockSide) -> JSON {
        .fields(["name": .string(side.name), "kind": .string(side.kind.rawValue)])
    }
}

import ArgumentParser
import Testing

@testable import deploy

/// A command of the tool, the tool itself among them: whatever ArgumentParser can be asked to run.
struct KnownCommand: Sendable, Hashable, CustomTestStringConvertible {
    /// What is typed behind `deploy`.
    let words: [String]

    var name: String { (["deploy"] + words).joined(separator: " ") }
    var testDescription: String { name }

    static let all = commands(below: Deploy.self, [])

    private static func commands(below type: any ParsableCommand.Type, _ words: [String]) -> [KnownCommand] {
        [KnownCommand(words: words)]
            + type.configuration.subcommands.flatMap { commands(below: $0, words + [$0._commandName]) }
    }
}

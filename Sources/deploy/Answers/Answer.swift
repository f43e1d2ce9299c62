import Primitives

/// Something that a command says, as one value. `Console.show` makes text of it for people, or JSON for programs; no command
/// writes either by itself.
protocol Statement: Sendable {
    /// For people, in order.
    func text(_ style: Style) -> [TextLine]
    /// For programs, an object; nil where events have told them already. README.md lists its keys.
    var json: JSON? { get }
}

/// What a command was asked for, and the last that it says.
protocol Answer: Statement {
    /// What it means for the exit code.
    var ending: Ending { get }
}

extension Answer {
    var ending: Ending { .success }
}

/// How a command ends that has answered.
enum Ending: Sendable {
    /// With exit code 0.
    case success
    /// With exit code 1: the answer is no.
    case failure
    /// The answer is no, and this says to people why.
    case error(any UserError)
}

/// One line for people, or several with line ends between them, and where it goes.
enum TextLine: Hashable, Sendable {
    /// What was asked for: standard output.
    case result(String)
    /// What one should know beside it: standard error.
    case aside(String)
}

extension [TextLine] {
    /// `lines`, all of them what was asked for.
    static func results(_ lines: [String]) -> [TextLine] { lines.map(TextLine.result) }
}

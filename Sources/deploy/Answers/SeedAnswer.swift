import Primitives
import SystemPackage

/// A seed disk that was made.
struct SeedAnswer: Answer {
    /// As the user called them.
    let answers: String
    let output: String
    let path: FilePath

    func text(_ style: Style) -> [TextLine] {
        [.aside("\(output): a seed disk with \(answers); attach it beside the ISO, or write it to a stick")]
    }

    var json: JSON? { .fields(["path": .string(path.string), "answers": .string(answers)]) }
}

import Pipeline
import Primitives

/// The build host's signing key.
struct KeyAnswer: Answer {
    let key: Project.KeyFacts
    /// Whether it is the key itself that people want, and not what there is to know of it.
    let isExport: Bool

    func text(_ style: Style) -> [TextLine] {
        [.result(isExport ? key.armored : "\(key.fingerprint)\n\(key.user)\nkept in \(key.home)")]
    }

    var json: JSON? {
        .fields([
            "fingerprint": .string(key.fingerprint), "user": .string(key.user), "folder": .string(key.home),
            "public_key": .string(key.armored),
        ])
    }
}

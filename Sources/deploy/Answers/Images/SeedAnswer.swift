import Pipeline
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

/// A copy of an image that has answers on it.
struct SeededImageAnswer: Answer {
    /// As the user called them.
    let answers: String
    let image: String
    let output: String
    let copy: SeededCopy

    func text(_ style: Style) -> [TextLine] {
        let scripts = copy.postinstallers.isEmpty ? "" : " and \(copy.postinstallers.count.counted("postinstaller"))"
        var lines = [
            "\(output)   \(copy.size)   sha256 \(copy.digest.hex)",
            "it installs by itself, with \(answers)\(scripts); everything else on it is what \(image) has",
        ]
        if copy.holdsSecrets { lines.append("passwords lie on it in clear: who has it can read them") }
        if copy.wipes {
            lines.append(
                "\(style.warning("warning:")) KLDLOAD_FORCE_WIPE=1: each machine that starts from it loses what is on its disks, every time"
            )
        }
        return lines.map(TextLine.aside)
    }

    var json: JSON? {
        .fields([
            "path": .string(copy.path.string), "answers": .string(answers), "into": .string(image),
            "postinstallers": .strings(copy.postinstallers), "size": .size(copy.size),
            "sha256": .string(copy.digest.hex),
        ])
    }
}

import Pipeline
import Primitives

/// What cleaning removed, and what it left.
struct CleaningAnswer: Answer {
    let cleaning: Cleaning

    init(_ cleaning: Cleaning) { self.cleaning = cleaning }

    func text(_ style: Style) -> [TextLine] {
        var removed = ["the cache", "the logs", "\(cleaning.containerImages) container image(s)"]
        if let images = cleaning.images { removed.append("\(images) image(s) in \(cleaning.output)") }
        var lines = [TextLine.aside("removed \(removed.joined(separator: ", "))")]
        if !cleaning.left.isEmpty {
            let more = cleaning.left.count > 10 ? ", and \(cleaning.left.count - 10) more" : ""
            lines.append(
                .aside(
                    "left, since deploy did not make it: \(cleaning.left.prefix(10).joined(separator: ", "))\(more)"))
        }
        return lines
    }

    var json: JSON? {
        .fields([
            "container_images": .count(cleaning.containerImages), "images": cleaning.images.map(JSON.count),
            "left": .strings(cleaning.left),
        ])
    }
}

import BuildGraph
import Pipeline
import Primitives
import SystemPackage

/// Golden images that were made, or are there.
struct GoldenAnswer: Answer {
    let images: GoldenImages

    private var isNew: Bool { images.ran > 0 || images.images.contains { $0.isNew } }

    func text(_ style: Style) -> [TextLine] {
        let beside = "beside \(images.images.count == 1 ? "it" : "them"): \(images.beside.joined(separator: ", "))"
        let steps = "\(images.ran.counted("step")) run, \(images.cached) cached (\(images.duration.shown))"
        let end =
            isNew
            ? "a clone was started and is as it must be; \(steps)"
            : "nothing to do: the same ISO and answers gave \(images.name) before (\(images.duration.shown))"
        return images.images.map { image in
            let room = image.allocated.bytes < image.size.bytes / 10 * 9 ? " (\(image.allocated) on the disk)" : ""
            return .result("\(image.shown)   \(image.size)\(room)   sha256 \(image.digest.hex)")
        } + [.aside(beside), .aside(end)]
    }

    var json: JSON? {
        .fields([
            "name": .string(images.name), "new": .bool(isNew), "disk": .size(images.size), "ran": .count(images.ran),
            "cached": .count(images.cached), "seconds": .time(images.duration),
            "images": .list(images.images) { image in
                .fields([
                    "format": .string(image.format.rawValue), "path": .string(image.path.string),
                    "size": .size(image.size), "on_disk": .size(image.allocated), "sha256": .string(image.digest.hex),
                ])
            },
            "beside": .strings(images.beside),
        ])
    }
}

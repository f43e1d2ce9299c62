import Pipeline
import Primitives

/// What was removed from the store.
struct GarbageAnswer: Answer {
    let blobs: Int
    let size: ByteCount

    func text(_ style: Style) -> [TextLine] { [.aside("removed \(blobs) blobs, \(size)")] }

    var json: JSON? { .fields(["blobs": .count(blobs), "size": .size(size)]) }
}

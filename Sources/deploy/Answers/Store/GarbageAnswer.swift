import BuildGraph
import Pipeline
import Primitives

/// What was removed from the store, or would be.
struct GarbageAnswer: Answer {
    let garbage: Garbage
    let isTrial: Bool

    private var removal: Removal { garbage.removal }

    func text(_ style: Style) -> [TextLine] {
        let verb = isTrial ? "would remove" : "removed"
        let state = isTrial ? "the store would have" : "the store has"
        return [
            .aside(
                "\(verb) \(removal.blobs.count.counted("blob")), \(garbage.freed); \(state) \(removal.left)")
        ]
    }

    var json: JSON? {
        .fields([
            "blobs": .count(removal.blobs.count), "runs": .count(removal.runs.count), "size": .size(garbage.freed),
            "left": .size(removal.left), "needed": .size(removal.needed), "dry_run": .bool(isTrial),
        ])
    }

    var ending: Ending {
        guard let limit = garbage.limit, removal.left > limit else { return .success }
        return .error(StoreOverLimit(left: removal.left, limit: limit))
    }
}

/// A store that can't be made as small as it should be.
private struct StoreOverLimit: UserError {
    let left: ByteCount
    let limit: ByteCount
    var what: String {
        "deploy.lock and the last image need \(left) by themselves, and the store is to have \(limit) at most"
    }
    var hint: String? {
        "allow more, or remove all of the store, which has to be fetched and built again then: `deploy clean`"
    }
}

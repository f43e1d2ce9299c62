import BuildGraph
import ContentStore
import Primitives

/// What the first member of a cache file says: what follows, in its order.
///
/// A cache file is a tar archive, packed with zstd (`PackedTarWriter`):
///
///     kldload-cache     this list
///     deploy.lock       the lock that it was made for
///     keys/PATH         the files of keys that the declaration names; for people, `import` takes none
///     blobs/DIGEST      by digest
///     runs/KEY          the records of steps (`StepRecord`), behind all that they made
struct CacheFile: Equatable {
    static let listName = "kldload-cache"
    static let lockName = "deploy.lock"

    /// Of deploy.lock.
    var lock: Digest
    /// Paths of keys, without the slash at the beginning.
    var keys: [String] = []
    var blobs: [Blob] = []
    var runs: [StepKey] = []

    /// Of all blobs.
    var size: ByteCount { blobs.reduce(.zero) { $0 + $1.size } }

    static func name(of key: String) -> String { "keys/\(key)" }
    static func name(of blob: Blob) -> String { "blobs/\(blob.digest.hex)" }
    static func name(of run: StepKey) -> String { "runs/\(run)" }

    /// A line each, the version first.
    var text: String {
        let lines =
            ["kldload cache 1", "lock \(lock.hex)"] + keys.map { "key \($0)" }
            + blobs.map { "blob \($0.digest.hex) \($0.size.bytes)" } + runs.map { "run \($0)" }
        return lines.map { $0 + "\n" }.joined()
    }

    init(lock: Digest) { self.lock = lock }

    /// What `text` lists; nil where it is not such a list.
    init?(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == "kldload cache 1", lines.popLast() == "",
            let lock = lines.popFirst().flatMap({ $0.hasPrefix("lock ") ? Digest(hex: String($0.dropFirst(5))) : nil })
        else { return nil }
        self.lock = lock
        for line in lines {
            let fields = line.split(separator: " ", maxSplits: 1)
            guard fields.count == 2 else { return nil }
            switch fields[0] {
            case "key": keys.append(String(fields[1]))
            case "blob":
                let parts = fields[1].split(separator: " ")
                guard parts.count == 2, let digest = Digest(hex: String(parts[0])), let size = Int64(parts[1]),
                    size >= 0
                else { return nil }
                blobs.append(Blob(digest, size: ByteCount(size)))
            case "run":
                guard let digest = Digest(hex: String(fields[1])) else { return nil }
                runs.append(StepKey(digest: digest))
            default: return nil
            }
        }
    }
}

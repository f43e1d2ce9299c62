import ContentStore
import Darksites
import Locking
import Primitives

/// Files that the lock names and the store lacks.
struct NotInStore: UserError {
    /// One of them.
    struct File: Hashable {
        /// "curl 8.14.1-2 amd64", "debian trixie InRelease"
        let name: String
        let size: ByteCount
    }

    /// In the order in which they are told.
    let files: [File]
    /// Whether they can't be fetched, since nothing may be.
    let isOffline: Bool

    init(_ files: [File], isOffline: Bool) {
        self.files = files
        self.isOffline = isOffline
    }

    private static let shown = 20

    var what: String {
        let size = files.reduce(.zero) { $0 + $1.size }
        let list = "\(files.count.counted("file")), \(size), \(files.count == 1 ? "is" : "are")"
        return isOffline
            ? "\(list) not in the store, and --offline fetches nothing"
            : "\(list) not in the store, and a cache file would lack \(files.count == 1 ? "it" : "them")"
    }
    var details: [String] {
        let more = files.count - Self.shown
        return files.prefix(Self.shown).map { "\($0.name), \($0.size)" } + (more > 0 ? ["and \(more) more"] : [])
    }
    var hint: String? {
        isOffline
            ? "bring them: `deploy cache export` where they are, `deploy cache import FILE` here; or build without --offline"
            : "`deploy build` fetches them"
    }
}

extension Project {
    /// What `blobs` are called in the lock.
    func missingFiles(_ blobs: Set<Blob>) throws -> [NotInStore.File] {
        var names: [Digest: String] = [:]
        for distribution in try LockKeeper(project: self).existing()?.distributions ?? [] {
            for snapshot in distribution.snapshots { names[snapshot.digest] = "\(snapshot.shown), its signed state" }
            for index in distribution.indexes { names[index.digest] = "\(index.repository) \(index.path)" }
            for package in distribution.packages {
                names[package.digest] = "\(package.name) \(package.version) \(package.architecture)"
            }
        }
        return blobs.map { NotInStore.File(name: names[$0.digest] ?? $0.digest.hex, size: $0.size) }
            .sorted { $0.name < $1.name }
    }
}

package import Primitives
package import SystemPackage

/// Which folders may be a store: what is not proven to be one is never written to, and nothing in it is ever removed.
extension ContentStore {
    /// The file that says so.
    static let mark = "kldload-store"

    /// Whatever is in the folder of a store, by whoever in this program it was put there.
    static let contents: Set<String> = [
        "blobs", "ingest", "work", "records", "stat-cache", "derived", "podman", "accelerator",
        // What older versions derived.
        "mirrors", "parsed", "signed", "zfs-kernels",
    ]

    /// Makes the folder at `root` a store, unless it is one.
    ///
    /// Throws `NoStore` where it holds other things, and `FileError`.
    static func claim(_ root: FilePath) throws {
        guard !Files.exists(root.appending(mark)) else { return }
        if try FileStatus(at: root, followsLinks: true) != nil {
            guard try isFree(root) || isOlderStore(root) else { throw NoStore(root: root) }
        } else {
            try Files.createDirectory(root)
        }
        let text = "This folder is a store of deploy: its contents may be removed at any time.\n"
        try Files.write(text.utf8, to: root.appending(mark))
    }

    /// A lock is what `clean` of older versions left; a mark on its way, who was killed while he made the store.
    private static func isFree(_ root: FilePath) throws(FileError) -> Bool {
        try Files.list(root).allSatisfy { $0 == "lock" || isPart($0, of: [mark]) }
    }

    /// Whether `name` is that of one of `files` on its way in, of a writer that was killed: `Files.write`.
    private static func isPart(_ name: String, of files: Set<String>) -> Bool {
        name.hasSuffix(".new") && files.contains { name.hasPrefix(".\($0).") }
    }

    /// Older versions made no mark. Theirs is known by all three of its folders, the blobs in folders of two digits.
    private static func isOlderStore(_ root: FilePath) throws(FileError) -> Bool {
        for name in ["blobs", "ingest", "work"] {
            guard try FileStatus(at: root.appending(name))?.kind == .directory else { return false }
        }
        return try Files.list(root.appending("blobs")).allSatisfy { part in
            part.utf8.count == 2 && part.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
        }
    }

    /// Removes all that the store has but its lock; returns the names of what is there beside that.
    package func removeContents(holding lock: StoreLock) throws(FileError) -> [String] {
        check(lock)
        var others: [String] = []
        for name in try Files.list(root) where name != Self.mark && name != "lock" {
            if Self.contents.contains(name) || Self.isPart(name, of: Self.contents.union([Self.mark])) {
                try Files.remove(root.appending(name))
            } else {
                others.append(name)
            }
        }
        return others
    }
}

/// A folder that is to be a store, and has other things in it.
package struct NoStore: UserError {
    /// The folder that was to be the store.
    package let root: FilePath
    package var what: String {
        "\(root) is no store of deploy, and not empty: what is in it would be mixed up with the store's"
    }
    package var hint: String? { "give the store a folder of its own: DEPLOY_CACHE=\(root.appending("kldload"))" }
    package var isUsageError: Bool { true }
}

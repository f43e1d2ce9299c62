package import Primitives
private import Synchronization
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Files by the SHA-256 of their bytes, in a folder.
///
/// A blob appears by rename, complete, and is read-only from then on. Nothing is synced to the disk on the way: a blob
/// that a power failure truncated is found when its bytes are hashed before use (`isIntact`), and counts as absent.
///
///     kldload-store    says that the folder is one
///     blobs/ab/ab12…   the blobs
///     ingest/          files on their way in; survives a kill, so that downloads can be resumed
///     work/            folders of running steps; whatever is there at the start of a build is debris
package final class ContentStore: Sendable {
    /// The folder of the store: "live-build/cache" of a checkout, or what `DEPLOY_CACHE` names.
    package let root: FilePath
    /// Blobs whose bytes this process has hashed, on their way in or before use.
    private let hashed = Mutex<Set<Digest>>([])

    /// Opens the store in the folder `root`, made where it is missing.
    ///
    /// Throws `NoStore` where the folder holds something else, and `FileError`.
    package init(root: FilePath) throws {
        self.root = root
        try Self.claim(root)
        for folder in ["blobs", "ingest", "work"] { try Files.createDirectory(root.appending(folder)) }
    }

    /// `ingest/`: downloads grow here, and new blobs are written here, so that they reach their place by rename.
    package var ingestFolder: FilePath { root.appending("ingest") }
    /// `work/`: running steps have a folder each in it, see `makeWorkFolder`.
    package var workFolder: FilePath { root.appending("work") }

    /// Where the blob with this digest lies, or would lie.
    package func path(of digest: Digest) -> FilePath {
        let hex = digest.hex
        return root.appending("blobs").appending(String(hex.prefix(2))).appending(hex)
    }

    /// Whether a blob of this digest, and of this size where one is given, is there; its bytes are not looked at.
    package func contains(_ digest: Digest, size: Int64? = nil) -> Bool {
        guard let status = try? FileStatus(at: path(of: digest)), status.kind == .regular else { return false }
        return size.map { $0 == status.size } ?? true
    }

    /// Whether the blob is there and its bytes have its digest. A damaged one is removed, so that it is made anew.
    /// Each blob is hashed once in the life of this process.
    package func isIntact(_ digest: Digest) -> Bool {
        while true {
            if hashed.withLock({ $0.contains(digest) }) { return contains(digest) }
            guard contains(digest), let before = try? FileStatus(at: path(of: digest)) else { return false }
            if let found = try? Files.digest(path(of: digest)).digest, found == digest {
                hashed.withLock { _ = $0.insert(digest) }
                return true
            }
            // Whoever found the damage first may have put a good blob here meanwhile: that one is judged anew.
            guard let after = try? FileStatus(at: path(of: digest)) else { return false }
            guard after != before else {
                remove(digest)
                return false
            }
        }
    }

    /// Takes a blob out of the store. A blob that is not there, or can't be removed, is left to the next use to judge.
    package func remove(_ digest: Digest) {
        hashed.withLock { _ = $0.remove(digest) }
        try? Files.remove(path(of: digest))
    }

    /// Stores `bytes` and returns their digest.
    @discardableResult
    package func insert(_ bytes: [UInt8]) throws(FileError) -> Digest {
        let digest = Digest(of: bytes)
        guard !isIntact(digest) else { return digest }
        let temporary = try temporaryFile()
        try Files.write(bytes, to: temporary)
        try adopt(temporary, digest: digest)
        return digest
    }

    /// Moves the file at `path`, on the store's file system and known to have this digest, into the store.
    package func adopt(_ path: FilePath, digest: Digest) throws(FileError) {
        let destination = self.path(of: digest)
        guard path.withPlatformString({ chmod($0, 0o444) }) == 0 else {
            throw FileError("protect", path, Errno(rawValue: Glibc.errno))
        }
        try Files.createDirectory(destination.removingLastComponent())
        try Files.rename(path, to: destination)
        hashed.withLock { _ = $0.insert(digest) }
    }

    /// Moves the file at `path`, on the store's file system, into the store. A link is refused, not followed: what a
    /// container wrote could lead to any file of this host.
    package func ingest(_ path: FilePath) throws(FileError) -> (digest: Digest, size: Int64) {
        guard let status = try FileStatus(at: path) else { throw FileError("store", path, .noSuchFileOrDirectory) }
        guard status.kind == .regular else {
            throw FileError("store, since it is no plain file,", path, .invalidArgument)
        }
        let found = try Files.digest(path)
        try adopt(path, digest: found.digest)
        return found
    }

    /// Copies the file at `path` into the store.
    package func copy(_ path: FilePath) throws(FileError) -> (digest: Digest, size: Int64) {
        let temporary = try temporaryFile()
        try FileCopy.copy(path, to: temporary)
        return try ingest(temporary)
    }

    /// The bytes of a blob. Throws `FileError` where it is not there.
    package func bytes(of digest: Digest) throws(FileError) -> [UInt8] { try Files.read(path(of: digest)) }

    /// Stores a tree's own bytes; its files must be there already, or come later.
    @discardableResult
    package func insert(_ tree: FileTree) throws(FileError) -> Digest { try insert(tree.serialized) }

    /// The tree whose serialised bytes have this digest.
    package func tree(_ digest: Digest) throws -> FileTree { try FileTree(serialized: try bytes(of: digest)) }

    /// A new, empty folder for a step to work in, on the store's file system.
    package func makeWorkFolder(_ name: String) throws(FileError) -> FilePath {
        let folder = workFolder.appending("\(getpid())-\(name)")
        try Files.remove(folder)
        try Files.createDirectory(folder)
        return folder
    }

    /// Removes every blob but those in `kept`; returns how many that were and their size.
    package func removeAll(
        but kept: Set<Digest>, holding lock: StoreLock
    ) throws(FileError) -> (blobs: Int, size: ByteCount) {
        check(lock)
        var removed = (blobs: 0, size: ByteCount.zero)
        let folder = root.appending("blobs")
        for part in try Files.list(folder) {
            for name in try Files.list(folder.appending(part)) {
                guard let digest = Digest(hex: name), !kept.contains(digest) else { continue }
                let path = folder.appending(part).appending(name)
                // What has another name elsewhere, as published images do, frees nothing.
                if let status = try FileStatus(at: path), status.linkCount == 1 {
                    removed.size += ByteCount(status.size)
                }
                try Files.remove(path)
                removed.blobs += 1
            }
        }
        return removed
    }

    /// Removes what a killed build left half done.
    package func removeDebris(holding lock: StoreLock) throws(FileError) {
        check(lock)
        // The last holder of the lock may have removed the whole store.
        for folder in ["blobs", "ingest", "work"] { try Files.createDirectory(root.appending(folder)) }
        for name in try Files.list(workFolder) { try Files.remove(workFolder.appending(name)) }
        for name in try Files.list(ingestFolder) where !name.hasSuffix(".part") {
            try Files.remove(ingestFolder.appending(name))
        }
    }

    private let counter = Atomic<Int>(0)

    private func temporaryFile() throws(FileError) -> FilePath {
        let number = counter.add(1, ordering: .relaxed).newValue
        return ingestFolder.appending("\(getpid())-\(number)")
    }
}

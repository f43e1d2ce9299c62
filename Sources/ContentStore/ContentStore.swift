package import Primitives
private import Synchronization
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Files by the SHA-256 of their bytes, in a folder of this host: the first tier of a store.
///
/// A blob appears by rename, complete, and is read-only from then on. Nothing is synced to the disk on the way: a blob
/// that a power failure truncated is found when its bytes are hashed before use (`fetch`), and counts as absent.
///
///     kldload-store    says that the folder is one
///     blobs/ab/ab12…   the blobs
///     ingest/, work/   the work area
package final class ContentStore: Sendable {
    /// The folder of the store: "live-build/cache" of a checkout, or what `DEPLOY_CACHE` names.
    let root: FilePath
    /// Where files are made that it is to take in.
    package let workArea: WorkArea
    /// Blobs whose bytes this process has hashed, on their way in or before use.
    private let hashed = Mutex<Set<Digest>>([])
    /// Blobs that this process has brought in or asked for: they stay when room is made, whoever else does not need them.
    private let claimed = Mutex<Set<Digest>>([])
    /// What this process has brought in, in bytes.
    private let taken = Mutex<Int64>(0)

    /// Opens the store in the folder `root`, made where it is missing.
    ///
    /// Throws `NoStore` where the folder holds something else, and `FileError`.
    package init(root: FilePath) throws {
        self.root = root
        try Self.claim(root)
        workArea = try WorkArea(root: root)
        try Files.createDirectory(root.appending("blobs"))
    }

    // MARK: What any store can do: off the threads of Swift's concurrency, but for what takes less than starting another

    /// Those of `blobs` that are not there, by their names and sizes: no bytes are looked at.
    package func missing(of blobs: Set<Blob>) async throws -> Set<Blob> { blobs.filter { !contains($0) } }

    /// Those of `blobs` that are not there, or whose bytes have another digest. Damaged ones are removed, so that they are made
    /// anew. Each blob is hashed once in the life of this process.
    package func fetch(_ blobs: Set<Blob>) async throws -> Set<Blob> {
        try await BlockingWork.run { blobs.filter { !self.isIntact($0.digest) } }
    }

    /// The bytes of a blob. Throws `FileError` where it is not there.
    package func bytes(of blob: Blob) async throws -> [UInt8] {
        guard blob.size > ByteCount(1_000_000) else { return try Files.read(path(of: blob.digest)) }
        return try await BlockingWork.run { try Files.read(self.path(of: blob.digest)) }
    }

    /// Calls `body` with the file that the blob is, to be read only. It may be missing, or damaged.
    package func withFile<T>(of blob: Blob, _ body: (FilePath) async throws -> T) async throws -> T {
        try await body(path(of: blob.digest))
    }

    /// Stores `bytes`.
    @discardableResult
    package func insert(_ bytes: [UInt8]) async throws -> Blob {
        try await BlockingWork.run {
            let blob = Blob(of: bytes)
            guard !self.isIntact(blob.digest) else { return blob }
            let file = self.workArea.newFile()
            try Files.write(bytes, to: file)
            return try self.take(file, knownAs: blob)
        }
    }

    /// Moves the file at `path`, on the store's file system, into the store; `known` says what somebody found it to be. A link is
    /// refused, not followed: what a container wrote could lead to any file of this host.
    package func insert(file path: FilePath, knownAs known: Blob?) async throws -> Blob {
        try await BlockingWork.run { try self.take(path, knownAs: known) }
    }

    /// Lets nobody but the owner of the store read a blob. One that is not there is no error.
    package func keepPrivate(_ digest: Digest) throws(FileError) {
        guard Files.exists(path(of: digest)) else { return }
        try Files.setPermissions(0o400, of: path(of: digest))
    }

    // MARK: Blobs as files

    /// Where the blob with this digest lies, or would lie.
    func path(of digest: Digest) -> FilePath {
        let hex = digest.hex
        return root.appending("blobs").appending(String(hex.prefix(2))).appending(hex)
    }

    /// Whether a blob is there; its bytes are not looked at. A size of 0 is one that nobody noted (`StepRecord`).
    func contains(_ blob: Blob) -> Bool {
        guard let status = try? FileStatus(at: path(of: blob.digest)), status.kind == .regular else { return false }
        return blob.size == .zero || status.size == blob.size.bytes
    }

    /// Whether the blob is there and its bytes have its digest. A damaged one is removed.
    func isIntact(_ digest: Digest) -> Bool {
        claim(digest)
        while true {
            guard let status = try? FileStatus(at: path(of: digest)), status.kind == .regular else { return false }
            if hashed.withLock({ $0.contains(digest) }) { return true }
            if let found = try? Files.digest(path(of: digest)).digest, found == digest {
                hashed.withLock { _ = $0.insert(digest) }
                return true
            }
            // Whoever found the damage first may have put a good blob here meanwhile: that one is judged anew.
            guard let after = try? FileStatus(at: path(of: digest)) else { return false }
            guard after != status else {
                remove(digest)
                return false
            }
        }
    }

    /// Takes a blob out of the store. A blob that is not there, or can't be removed, is left to the next use to judge.
    func remove(_ digest: Digest) {
        hashed.withLock { _ = $0.remove(digest) }
        try? Files.remove(path(of: digest))
    }

    /// Blobs that this process has brought in or asked for, which `remove` leaves alone.
    package var claims: Set<Digest> { claimed.withLock { $0 } }

    /// How much this process has brought in so far; what was there already is counted, too.
    package var bytesTaken: ByteCount { ByteCount(taken.withLock { $0 }) }

    private func claim(_ digest: Digest) { claimed.withLock { _ = $0.insert(digest) } }

    /// Removes a blob, unless somebody in this process has claimed it; nobody can meanwhile.
    func removeUnclaimed(_ digest: Digest) throws(FileError) {
        let path = path(of: digest)
        try claimed.withLock { claimed throws(FileError) in
            if !claimed.contains(digest) { try Files.remove(path) }
        }
    }

    func take(_ path: FilePath, knownAs known: Blob?) throws(FileError) -> Blob {
        guard let status = try FileStatus(at: path) else { throw FileError("store", path, .noSuchFileOrDirectory) }
        guard status.kind == .regular else {
            throw FileError("store, since it is no plain file,", path, .invalidArgument)
        }
        let blob = if let known { known } else { try Blob(hashing: path) }
        let destination = self.path(of: blob.digest)
        guard path.withPlatformString({ chmod($0, 0o444) }) == 0 else {
            throw FileError("protect", path, Errno(rawValue: Glibc.errno))
        }
        try Files.createDirectory(destination.removingLastComponent())
        claim(blob.digest)
        try Files.rename(path, to: destination)
        taken.withLock { $0 += min(status.size, status.allocated) }
        hashed.withLock { _ = $0.insert(blob.digest) }
        return blob
    }

    // MARK: For the holder of its lock

    /// Removes what a killed build left half done.
    package func removeDebris(holding lock: StoreLock) throws(FileError) {
        check(lock)
        // The last holder of the lock may have removed the whole store.
        try Files.createDirectory(root.appending("blobs"))
        try WorkArea(root: root).removeDebris()
    }
}

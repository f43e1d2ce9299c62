import Primitives
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// The right to change a store, held by one process at a time (flock(2)) as long as this lives: it ends with the process, however
/// that ends. Whoever has one got it from `ContentStore.lock`; what may remove things of others takes it as an argument.
package final class StoreLock: Sendable {
    /// The folder of the store that is locked.
    let root: FilePath
    private let descriptor: CInt

    private init(root: FilePath, descriptor: CInt) {
        self.root = root
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Waits until no other process holds the lock of the store at `root`, as `ContentStore.lock` has it.
    static func acquire(root: FilePath, owner: String, onWait: (String) -> Void) async throws -> StoreLock {
        let path = root.appending("lock")
        let descriptor = path.withPlatformString { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { throw FileError("open", path, Errno(rawValue: errno)) }
        let lock = StoreLock(root: root, descriptor: descriptor)
        var isWaiting = false
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw FileError("lock", path, Errno(rawValue: errno)) }
            if !isWaiting { onWait((try? Files.readText(path)) ?? "another process") }
            isWaiting = true
            try await Task.sleep(for: .milliseconds(100))
        }
        let bytes = Array(owner.utf8)
        ftruncate(descriptor, 0)
        bytes.withUnsafeBytes { _ = pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        return lock
    }
}

extension ContentStore {
    /// Waits until no other process holds the store's lock. `onWait` is called once, with what the holder wrote of itself, where
    /// it has to wait. Throws `CancellationError` when the task is cancelled meanwhile, and `FileError`.
    package func lock(owner: String, onWait: (String) -> Void) async throws -> StoreLock {
        try await StoreLock.acquire(root: root, owner: owner, onWait: onWait)
    }

    /// That `lock` is the one of this store.
    func check(_ lock: StoreLock) { precondition(lock.root == root, "the lock of another store") }
}

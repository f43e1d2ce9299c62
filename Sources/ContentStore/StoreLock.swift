import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// The right to change a store, held by one process at a time (flock(2)): it ends with the process, however that ends.
package struct StoreLock: ~Copyable {
    private let descriptor: CInt

    private init(descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Waits until no other process holds the lock of the store at `root`. `onWait` is called once, with what the holder
    /// wrote of itself, where it has to wait. Throws `CancellationError` when the task is cancelled meanwhile.
    package static func acquire(root: FilePath, owner: String, onWait: (String) -> Void) async throws -> StoreLock {
        let path = root.appending("lock")
        let descriptor = path.withPlatformString { open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { throw FileError("open", path, Errno(rawValue: errno)) }
        let lock = StoreLock(descriptor: descriptor)
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

import Primitives
import SystemPackage

@testable import ContentStore

#if canImport(Glibc)
import Glibc
#endif

/// A store in a folder of its own, removed when the test has ended.
final class StoreFolder: Sendable {
    let root: FilePath
    let store: ContentStore

    init() throws {
        var template = Array("/tmp/content-store.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError("make", "/tmp/content-store", Errno(rawValue: errno)) }
        root = FilePath(platformString: template)
        store = try ContentStore(root: root.appending("store"))
    }

    deinit { try? Files.remove(root) }

    /// A file beside the store with these bytes.
    func file(_ name: String, _ text: String) throws -> FilePath {
        let path = root.pushing(FilePath(name))
        try Files.createDirectory(path.removingLastComponent())
        try Files.write(text.utf8, to: path)
        return path
    }

    /// Changes the bytes of a blob behind the store's back.
    func damage(_ digest: Digest, with text: String) throws {
        try Files.write(text.utf8, to: store.path(of: digest))
    }
}

/// Makes the file at `path` look as if it had last been changed this many seconds ago.
func age(_ path: FilePath, seconds: Int) {
    var times = [timespec(tv_sec: time(nil) - seconds, tv_nsec: 0), timespec(tv_sec: time(nil) - seconds, tv_nsec: 0)]
    _ = path.withPlatformString { utimensat(AT_FDCWD, $0, &times, 0) }
}

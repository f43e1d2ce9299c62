package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// A folder that only this user can enter, with a short name, removed when it is no longer used.
package final class PrivateFolder: Sendable {
    package let path: FilePath

    /// Makes it where temporary files go. Throws `FileError`.
    package init() throws(FileError) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/deploy-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError("make a folder in", FilePath(base), Errno(rawValue: errno))
        }
        path = FilePath(platformString: template)
    }

    deinit { try? Files.remove(path) }
}

package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// A folder that only this user can enter, with a short path, since a socket's path may have 107 bytes only (unix(7)); removed
/// when it is no longer used.
package final class PrivateFolder: Sendable {
    /// Below TMPDIR, or below /tmp where that is unset or longer than 50 bytes: "/tmp/deploy-k3Vw9a".
    package let path: FilePath

    /// Makes it where temporary files go. Throws `FileError`.
    package init() throws(FileError) {
        let wished = getenv("TMPDIR").map { String(cString: $0) } ?? ""
        // What is longer leaves no room for the names of sockets.
        let base = wished.isEmpty || wished.utf8.count > 50 ? "/tmp" : wished
        var template = Array("\(base)/deploy-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError("make a folder in", FilePath(base), Errno(rawValue: errno))
        }
        path = FilePath(platformString: template)
    }

    deinit { try? Files.remove(path) }
}

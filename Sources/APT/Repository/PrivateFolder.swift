private import Glibc
import Primitives
internal import SystemPackage

/// A folder that only this user can enter, with a short name, removed when it is no longer used.
final class PrivateFolder: Sendable {
    let path: FilePath

    init() throws(FileError) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/deploy-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError("make a folder in", FilePath(base), Errno(rawValue: errno))
        }
        path = FilePath(platformString: template)
    }

    deinit { try? Files.remove(path) }
}

package import Primitives
package import SystemPackage

/// The modes in a folder that somebody set on purpose, by path: 0600 of a secret, 1777 of a folder for all, 4755.
///
/// What a checkout has from git, which knows executable and not, and from the umask of whoever checked it out, is usual: that must
/// not make another image. The umask is seen by the folder itself.
package enum UnusualModes {
    /// Those in `folder`, links left out. Throws `FileError`.
    package static func scan(_ folder: FilePath) throws(FileError) -> [String: UInt16] {
        guard let top = try FileStatus(at: folder), top.kind == .directory else { return [:] }
        var modes: [String: UInt16] = [:]
        try scan(folder, "", removed: ~top.permissions & 0o077, &modes)
        return modes
    }

    private static func scan(
        _ folder: FilePath, _ relative: String, removed umask: UInt16, _ modes: inout [String: UInt16]
    ) throws(FileError) {
        for name in try Files.list(folder) {
            let path = folder.appending(name)
            let inside = relative.isEmpty ? name : "\(relative)/\(name)"
            guard let status = try FileStatus(at: path) else { continue }
            switch status.kind {
            case .directory:
                if isUnusual(status, umask) { modes[inside] = status.permissions }
                try scan(path, inside, removed: umask, &modes)
            case .regular: if isUnusual(status, umask) { modes[inside] = status.permissions }
            case .symbolicLink, .other: continue
            }
        }
    }

    private static func isUnusual(_ status: FileStatus, _ umask: UInt16) -> Bool {
        // Folders of a shared checkout hand on their group, and files may be written by a group of the same people.
        let mode = status.kind == .directory ? status.permissions & ~0o2000 : status.permissions
        let usual: [UInt16] =
            status.kind == .directory ? [0o755, 0o777 & ~umask] : [0o644, 0o755, 0o666 & ~umask, 0o777 & ~umask]
        return !usual.contains(mode) && !usual.contains(mode & ~0o022)
    }
}

import Primitives
package import SystemPackage

extension FileTree {
    /// The folder at `folder` as it stands, its files left where they are and hashed through `cache`.
    /// Throws `FileError`, and `TreeError` at sockets, devices and pipes.
    package init(scanning folder: FilePath, cache: StatCache) throws {
        self.init()
        try scan(folder, "", cache)
    }

    private mutating func scan(_ folder: FilePath, _ relative: String, _ cache: StatCache) throws {
        let names = try Files.list(folder)
        if names.isEmpty, !relative.isEmpty { try set(.emptyFolder, at: relative) }
        for name in names {
            let path = folder.appending(name)
            let inside = relative.isEmpty ? name : "\(relative)/\(name)"
            guard let status = try FileStatus(at: path) else { continue }
            switch status.kind {
            case .directory: try scan(path, inside, cache)
            case .symbolicLink: try set(.link(target: try Files.readLink(path)), at: inside)
            case .regular:
                let blob = Blob(try cache.digest(of: path, status: status), size: ByteCount(status.size))
                try set(.file(blob, isExecutable: status.permissions & 0o111 != 0), at: inside)
            case .other: throw TreeError("\(path) is neither file, folder nor link")
            }
        }
    }
}

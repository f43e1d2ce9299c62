package import Archives
package import SystemPackage

/// Who may do what with a file or folder.
package struct FileRights: Hashable, Sendable {
    /// The permission bits, 0o7777.
    package var mode: UInt16
    /// The owner's number; 0 is root.
    package var user: UInt64
    /// The group's number.
    package var group: UInt64

    package init(mode: UInt16, user: UInt64 = 0, group: UInt64 = 0) {
        self.mode = mode
        self.user = user
        self.group = group
    }

    /// What a folder has of which nothing is said.
    static let plainFolder = FileRights(mode: 0o755)
}

/// What lies where in a root file system: as much of it as has to be known to lay something over it.
package struct RootLayout: Sendable {
    /// What lies at a path; a hard link is what its target is.
    package enum Node: Hashable, Sendable {
        case folder(FileRights)
        case link(target: String)
        case file
    }

    /// By path, without slashes at either end.
    private let nodes: [String: Node]

    package init(_ nodes: [String: Node]) { self.nodes = nodes }

    /// That of the tar archive at `path`. Throws `ArchiveError`.
    package init(archive path: FilePath) throws(ArchiveError) {
        var nodes: [String: Node] = [:]
        try TarListing.read(path) { entry in
            let name = Self.components(entry.displayPath).joined(separator: "/")
            guard !name.isEmpty else { return }
            switch entry.kind {
            case .directory:
                nodes[name] = .folder(FileRights(mode: entry.permissions, user: entry.user, group: entry.group))
            case .symbolicLink(let target): nodes[name] = .link(target: String(decoding: target, as: UTF8.self))
            case .hardLink(let other):
                nodes[name] = nodes[Self.components(String(decoding: other, as: UTF8.self)).joined(separator: "/")]
            default: nodes[name] = .file
            }
        }
        self.init(nodes)
    }

    /// What lies at `path`, written without slashes at either end and with no link followed; nil where nothing does.
    package subscript(path: String) -> Node? { nodes[path] }

    /// Where the folder is that `path` leads to when every link is followed, those within the root alone; nil where it leads to
    /// none.
    package func folder(_ path: String) -> String? {
        var pending = Array(Self.components(path).reversed())
        var place = ""
        var links = 0
        while let part = pending.popLast() {
            if part == ".." {
                place = Self.parent(of: place)
                continue
            }
            let next = Self.join(place, part)
            switch nodes[next] {
            case .folder: place = next
            case .link(let target):
                links += 1
                guard links <= 40 else { return nil }
                if target.hasPrefix("/") { place = "" }
                pending += Self.components(target).reversed()
            case .file, nil: return nil
            }
        }
        return place
    }

    /// The parts of a path, without empty ones and ".".
    static func components(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { String(decoding: $0, as: UTF8.self) }.filter { $0 != "." }
    }

    static func parent(of path: String) -> String {
        path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(decoding: path.utf8[..<$0], as: UTF8.self) } ?? ""
    }

    static func join(_ folder: String, _ name: String) -> String { folder.isEmpty ? name : "\(folder)/\(name)" }
}

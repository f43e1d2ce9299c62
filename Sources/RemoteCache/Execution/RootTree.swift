import Archives
import ContentStore
import Primitives
import SystemPackage

/// A root file system archive as the input root of an action: its files, links and folders.
///
/// The Remote Execution API has no owners, no modes but for the executable bit, and no devices: those of the archive are left out,
/// and a hard link is a file of its own.
struct RootTree: Sendable {
    /// What a container has in place of the root's own.
    private static let replaced: Set = ["in", "out", "tmp"]

    /// All that lies in it, but for what is replaced.
    let tree: FileTree
    /// Its files.
    let blobs: Set<Blob>

    /// Reads the archive at `path`. Throws `ArchiveError`, and `TreeError` for a name that can't be.
    init(archive path: FilePath) throws {
        var nodes: [String: FileTree.Node] = [:]
        try TarListing.readContents(path) { entry, contents in
            guard let name = Self.name(entry.path), !Self.replaced.contains(String(name.prefix { $0 != "/" })) else {
                return
            }
            switch entry.kind {
            case .file(let size):
                let blob = size == 0 ? Blob(of: []) : Blob(of: try contents())
                nodes[name] = .file(blob, isExecutable: entry.permissions & 0o111 != 0)
            case .symbolicLink(let target): nodes[name] = .link(target: String(decoding: target, as: UTF8.self))
            case .hardLink(let other): if let first = Self.name(other) { nodes[name] = nodes[first] }
            case .directory: nodes[name] = .emptyFolder
            case .characterDevice, .blockDevice, .fifo: break
            }
        }
        // A folder that has something in it is no node.
        for name in nodes.keys {
            var parent = name[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                guard case .emptyFolder = nodes[String(parent)] else { continue }
                nodes[String(parent)] = nil
            }
        }
        tree = try FileTree(nodes)
        blobs = tree.blobs
    }

    /// "./usr/bin/" is "usr/bin"; nil for the root itself.
    private static func name(_ path: [UInt8]) -> String? {
        let parts = path.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }
        return parts.isEmpty
            ? nil : String(decoding: Array(parts.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self)
    }

    /// Calls `body` with each of `wanted` and its bytes, once, as they come in the archive.
    static func contents(of wanted: Set<Blob>, inArchive path: FilePath, _ body: (Blob, [UInt8]) throws -> Void) throws
    {
        var rest = wanted
        let sizes = Set(wanted.map(\.size.bytes))
        try TarListing.readContents(path) { entry, contents in
            guard case .file(let size) = entry.kind, sizes.contains(size), !rest.isEmpty else { return }
            let bytes = try contents()
            let blob = Blob(of: bytes)
            if rest.remove(blob) != nil { try body(blob, bytes) }
        }
    }
}

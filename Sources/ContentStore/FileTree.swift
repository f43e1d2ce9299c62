package import Primitives

/// A folder as a value: its files by digest, its symbolic links and its empty folders.
///
/// Owners, times and modes beside the executable bit are not part of it, so that the same content is the same tree on
/// every machine. Serialised it is a blob like any other, and that blob's digest is the digest of the tree.
package struct FileTree: Hashable, Sendable {
    /// What lies at a path; folders with something in them are not nodes, the paths below them tell.
    package enum Node: Hashable, Sendable {
        case file(Blob, isExecutable: Bool = false)
        case link(target: String)
        case emptyFolder
    }

    /// What lies at each path. Paths are relative, with `/` between components, and stay below the root.
    package private(set) var nodes: [String: Node]

    /// A tree with nothing in it.
    package init() { nodes = [:] }

    /// A tree of `nodes` by their paths. Throws as `set` does.
    package init(_ nodes: [String: Node]) throws(TreeError) {
        self.init()
        for (path, node) in nodes { try set(node, at: path) }
    }

    /// Puts `node` at `path`. Throws where the path is absolute, empty, or climbs with `..`; where a link's target can't
    /// be one; and where the path differs from another one only in how Unicode composes its letters.
    package mutating func set(_ node: Node, at path: String) throws(TreeError) {
        // By bytes, as the kernel does: to `String`, a slash and an accent after it are one other character.
        let components = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isClimbing = components.contains { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
        guard !isClimbing, !path.utf8.contains(0) else {
            throw TreeError("\"\(path)\" is no path inside a tree")
        }
        if case .link(let target) = node, target.isEmpty || target.utf8.contains(0) {
            throw TreeError("\(path) is a link to nothing that could be")
        }
        // Equal as text is not equal as bytes, and to a file system these are two names.
        if let index = nodes.index(forKey: path), !nodes[index].key.utf8.elementsEqual(path.utf8) {
            throw TreeError("two files are called \(path), told apart only by how their letters are composed")
        }
        nodes[path] = node
    }

    /// Puts a whole tree below `folder`.
    package mutating func merge(_ tree: FileTree, at folder: String) throws(TreeError) {
        for (path, node) in tree.nodes { try set(node, at: "\(folder)/\(path)") }
    }

    /// The paths in the order of their bytes.
    package var paths: [String] { nodes.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// Its files, those with the same bytes once.
    package var blobs: Set<Blob> {
        Set(nodes.values.compactMap { node in if case .file(let blob, _) = node { blob } else { nil } })
    }

    /// The sum of the files' sizes.
    package var size: ByteCount {
        nodes.values.reduce(.zero) { sum, node in if case .file(let blob, _) = node { sum + blob.size } else { sum } }
    }

    /// The canonical bytes: a record a node, sorted by path, fields between spaces, each record ended by a NUL.
    package var serialized: [UInt8] {
        var bytes = Array("tree 1\0".utf8)
        for path in paths {
            switch nodes[path] {
            case .file(let blob, let isExecutable):
                bytes += "\(isExecutable ? "x" : "f") \(blob.digest.hex) \(blob.size.bytes) ".utf8
            case .link(let target):
                bytes += "l \(target.utf8.count) \(target) ".utf8
            case .emptyFolder, nil:
                bytes += "d ".utf8
            }
            bytes += path.utf8
            bytes.append(0)
        }
        return bytes
    }

    /// The address of `serialized`, worked out anew each time: of the list of the files, that is, not of what is in them.
    package var blob: Blob { Blob(of: serialized) }

    /// The tree that `bytes` serialise. Throws where they serialise none.
    package init(serialized bytes: [UInt8]) throws(TreeError) {
        self.init()
        let damaged = TreeError("these bytes are no file tree")
        var records = bytes.split(separator: 0, omittingEmptySubsequences: false)[...]
        guard records.popFirst().map({ $0.elementsEqual("tree 1".utf8) }) == true, records.popLast()?.isEmpty == true
        else {
            throw damaged
        }
        for record in records {
            let kind = record.first
            let rest = record.dropFirst(2)
            switch kind {
            case UInt8(ascii: "f"), UInt8(ascii: "x"):
                let fields = rest.split(separator: UInt8(ascii: " "), maxSplits: 2)
                guard fields.count == 3, let digest = Digest(hex: fields[0]),
                    let size = Int64(String(decoding: fields[1], as: UTF8.self))
                else { throw damaged }
                let blob = Blob(digest, size: ByteCount(size))
                let node = Node.file(blob, isExecutable: kind == UInt8(ascii: "x"))
                try set(node, at: String(decoding: fields[2], as: UTF8.self))
            case UInt8(ascii: "l"):
                let fields = rest.split(separator: UInt8(ascii: " "), maxSplits: 1)
                guard fields.count == 2, let length = Int(String(decoding: fields[0], as: UTF8.self)), length >= 0,
                    length < fields[1].count - 1
                else { throw damaged }
                try set(
                    .link(target: String(decoding: fields[1].prefix(length), as: UTF8.self)),
                    at: String(decoding: fields[1].dropFirst(length + 1), as: UTF8.self))
            case UInt8(ascii: "d"):
                try set(.emptyFolder, at: String(decoding: rest, as: UTF8.self))
            default: throw damaged
            }
        }
    }
}

/// A tree that can't be: a path that leaves it, or bytes that describe none.
package struct TreeError: UserError {
    package let what: String

    package init(_ what: String) { self.what = what }
}

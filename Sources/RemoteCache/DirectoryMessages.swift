import ContentStore
import Primitives

/// A `FileTree` as the Remote Execution API has it: a Directory message for each folder, which names those below it by digest.
struct DirectoryMessages {
    /// Of the topmost folder's message.
    private(set) var root = DigestMessage()
    /// Each folder's message, those that are alike once.
    private(set) var encoded: [Blob: [UInt8]] = [:]
    /// All of them in one.
    private(set) var tree = TreeMessage()

    /// A path of the tree, taken apart, and what lies there.
    private typealias Entry = (names: [Substring.UTF8View], node: FileTree.Node)

    init(_ tree: FileTree) {
        let entries = tree.nodes.map { path, node in
            (names: path.utf8.split(separator: UInt8(ascii: "/")).map { Substring($0).utf8 }, node: node)
        }.sorted { one, other in
            one.names.lexicographicallyPrecedes(other.names) { $0.lexicographicallyPrecedes($1) }
        }
        (self.tree.root, root) = folder(entries[...], depth: 0)
    }

    /// The folder that has `entries` below it, whose names at `depth` are in it.
    private mutating func folder(_ entries: ArraySlice<Entry>, depth: Int) -> (DirectoryMessage, DigestMessage) {
        var message = DirectoryMessage()
        var rest = entries
        while let first = rest.first {
            let name = first.names[depth]
            let group = rest.prefix { $0.names[depth].elementsEqual(name) }
            rest = rest.dropFirst(group.count)
            let text = String(Substring(name))
            switch first.node {
            case .file(let blob, let isExecutable) where first.names.count == depth + 1:
                message.files.append(FileNodeMessage(text, DigestMessage(blob), isExecutable: isExecutable))
            case .link(let target) where first.names.count == depth + 1:
                message.symlinks.append(SymlinkNodeMessage(text, target: target))
            default:
                let below = folder(group.filter { $0.names.count > depth + 1 }[...], depth: depth + 1)
                tree.children.append(below.0)
                message.directories.append(DirectoryNodeMessage(text, below.1))
            }
        }
        let bytes = message.encoded
        let blob = Blob(of: bytes)
        encoded[blob] = bytes
        return (message, DigestMessage(blob))
    }
}

extension FileTree {
    /// The folder that a Tree message describes. Throws `CallFailure` where it is not whole, or leaves itself.
    init(_ message: TreeMessage) throws(CallFailure) {
        var children: [DigestMessage: DirectoryMessage] = [:]
        for child in message.children { children[DigestMessage(of: child.encoded)] = child }
        self.init()
        do {
            try add(message.root, at: "", children)
        } catch let failure as CallFailure {
            throw failure
        } catch {
            throw CallFailure(.dataLoss, "the server has a folder that can't be: \(error)")
        }
    }

    private mutating func add(
        _ folder: DirectoryMessage, at path: String, _ children: [DigestMessage: DirectoryMessage]
    ) throws {
        func inside(_ name: String) throws -> String {
            guard !name.utf8.contains(UInt8(ascii: "/")) else { throw TreeError("\"\(name)\" is no name of a file") }
            return path.isEmpty ? name : "\(path)/\(name)"
        }
        for file in folder.files {
            guard let blob = file.digest.blob else { throw TreeError("\(file.name) has no digest") }
            try set(.file(blob, isExecutable: file.isExecutable), at: inside(file.name))
        }
        for link in folder.symlinks { try set(.link(target: link.target), at: inside(link.name)) }
        for node in folder.directories {
            guard let child = children[node.digest] else { throw TreeError("\(node.name) is missing") }
            if child == DirectoryMessage() {
                try set(.emptyFolder, at: inside(node.name))
            } else {
                try add(child, at: inside(node.name), children)
            }
        }
    }
}

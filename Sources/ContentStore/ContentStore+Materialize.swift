import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

extension ContentStore {
    /// Lays `tree` out as a real folder at `folder`: plain files are hard links into the store (read-only: mount or
    /// read them, never write), executables are copies with the bit set.
    ///
    /// Throws `TreeError` where something lies below a file or a link: through a link it would leave the folder.
    package func materialize(_ tree: FileTree, at folder: FilePath) async throws {
        try await BlockingWork.run { try self.layOut(tree, at: folder) }
    }

    private func layOut(_ tree: FileTree, at folder: FilePath) throws {
        try Files.createDirectory(folder)
        var madeFolders: Set<String> = []
        for path in tree.paths {
            let destination = folder.pushing(FilePath(path))
            if let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")),
                madeFolders.insert(String(path[..<slash])).inserted
            {
                for end in path.utf8.indices where path.utf8[end] == UInt8(ascii: "/") {
                    switch tree.nodes[String(path[..<end])] {
                    case .file, .link: throw TreeError("\(path) lies below something that is no folder")
                    case .emptyFolder, nil: continue
                    }
                }
                try Files.createDirectory(destination.removingLastComponent())
            }
            switch tree.nodes[path] {
            case .file(let blob, isExecutable: false): try FileCopy.link(self.path(of: blob.digest), to: destination)
            case .file(let blob, isExecutable: true):
                try FileCopy.copy(self.path(of: blob.digest), to: destination, permissions: 0o555)
            case .link(let target): try Files.makeLink(at: destination, to: target)
            case .emptyFolder, nil: try Files.createDirectory(destination)
            }
        }
    }

    /// Moves the folder at `folder`, on the store's file system, into the store and returns it as a tree.
    /// Sockets, devices and pipes are refused.
    package func insert(folder: FilePath) async throws -> FileTree {
        let tree = try await BlockingWork.run { try self.take(folder: folder) }
        try await insert(tree.serialized)
        return tree
    }

    private func take(folder: FilePath) throws -> FileTree {
        var tree = FileTree()
        func visit(_ path: FilePath, _ relative: String) throws {
            let names = try Files.list(path)
            if names.isEmpty, !relative.isEmpty { try tree.set(.emptyFolder, at: relative) }
            for name in names {
                let file = path.appending(name)
                let inside = relative.isEmpty ? name : "\(relative)/\(name)"
                guard let status = try FileStatus(at: file) else { continue }
                switch status.kind {
                case .directory: try visit(file, inside)
                case .symbolicLink: try tree.set(.link(target: try Files.readLink(file)), at: inside)
                case .regular:
                    let isExecutable = status.permissions & 0o111 != 0
                    let blob = try take(file, knownAs: nil)
                    try tree.set(.file(blob, isExecutable: isExecutable), at: inside)
                case .other: throw TreeError("\(inside) is neither file, folder nor link")
                }
            }
        }
        try visit(folder, "")
        return tree
    }
}

package import ContentStore
package import Primitives

/// A tree of the checkout as it comes to lie over the live root.
///
/// In a layer of its own, a folder hides a link of the same name: `lib/firmware/x` would be all that is left of `/lib`, which is
/// a link to `usr/lib`. So everything is put where it leads in the root below, as if it were copied into the running system.
package struct LiveOverlay: Sendable {
    /// The files where they belong.
    package private(set) var tree = FileTree()
    /// By path, what is neither root's nor 0755 (0644, where it can't be run).
    package private(set) var rights: [String: FileRights] = [:]
    /// What was written elsewhere, and where it went: folders.
    package private(set) var moved: [String: String] = [:]

    private let layout: RootLayout
    private let shownAs: String
    /// The source of each place, to tell who took it.
    private var sources: [String: String] = [:]

    /// Lays `includes` over `layout`. `modes` are those of files and folders in it that are unusual; `shownAs` is what people call
    /// the folder.
    ///
    /// Throws `UserErrors` with all that can't be laid there.
    package init(
        _ includes: FileTree, modes: [String: UInt16], over layout: RootLayout, shownAs: String
    ) throws(UserErrors) {
        self.layout = layout
        self.shownAs = shownAs
        var errors: [any UserError] = []
        for path in includes.paths {
            guard let node = includes.nodes[path] else { continue }
            do throws(Misplaced) {
                try place(node, path, modes)
            } catch {
                if !errors.contains(where: { $0.what == error.what }) { errors.append(error) }
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
    }

    private mutating func place(_ node: FileTree.Node, _ path: String, _ modes: [String: UInt16]) throws(Misplaced) {
        if case .emptyFolder = node {
            let place = try folder(path, modes)
            // One that is there already, and stays as it is, needs no place in the layer.
            if case .folder? = layout[place], rights[place] == nil { return }
            return try put(.emptyFolder, from: path, at: place)
        }
        let name = String(path.dropFirst(RootLayout.parent(of: path).count).drop { $0 == "/" })
        let place = RootLayout.join(try folder(RootLayout.parent(of: path), modes), name)
        switch layout[place] {
        case .folder:
            throw misplaced(
                path, "hides the folder /\(place) of the live root",
                "give it another name, or put what it brings into a folder \(path)")
        case .link(let target):
            if case .link(target) = node { return }
            if let hidden = layout.folder(place) {
                throw misplaced(
                    path, "hides the folder /\(hidden) of the live root, to which /\(place) is a link",
                    "give it another name, or put what it brings into a folder \(path)")
            }
        case .file, nil: break
        }
        try put(node, from: path, at: place)
        if let mode = modes[path], case .file = node { rights[place] = FileRights(mode: mode) }
    }

    /// Where the folder `path` of the tree is in the root, and there what rights it has.
    private mutating func folder(_ path: String, _ modes: [String: UInt16]) throws(Misplaced) -> String {
        guard !path.isEmpty else { return "" }
        var place = RootLayout.join(
            try folder(RootLayout.parent(of: path), modes), RootLayout.components(path).last ?? "")
        var below = FileRights.plainFolder
        switch layout[place] {
        case nil: break
        case .folder(let rights): below = rights
        case .file:
            throw misplaced(path, "is a folder, and in the live root /\(place) is a file", "give it another name")
        case .link(let target):
            guard let leads = layout.folder(place) else {
                throw misplaced(
                    path, "is a folder, and in the live root /\(place) is a link to \(target), where no folder is",
                    "write what is to be there below the folder that is meant")
            }
            moved[path] = leads
            place = leads
            if case .folder(let rights)? = layout[place] { below = rights }
        }
        if let mode = modes[path] { below.mode = mode }
        if below != .plainFolder { rights[place] = below }
        return place
    }

    /// What the kernel or systemd mounts something over.
    private static let volatile: Set<String> = ["dev", "proc", "run", "sys"]

    private mutating func put(_ node: FileTree.Node, from path: String, at place: String) throws(Misplaced) {
        if let top = RootLayout.components(place).first, place != top, Self.volatile.contains(top) {
            throw misplaced(
                RootLayout.parent(of: path),
                "would be seen by nobody: /\(top) is empty when the live system has booted",
                "have it made at each boot: etc/tmpfiles.d, tmpfiles.d(5)")
        }
        if let other = sources[place], tree.nodes[place] != node {
            throw misplaced(path, "and \(other) are the same file /\(place) in the live root", "keep one of them")
        }
        do throws(TreeError) {
            try tree.set(node, at: place)
        } catch {
            throw misplaced(path, "can't lie in the live root: \(error.what)", nil)
        }
        sources[place] = path
    }

    private func misplaced(_ path: String, _ what: String, _ hint: String?) -> Misplaced {
        Misplaced(what: "\(shownAs)/\(path) \(what)", hint: hint)
    }
}

/// Something of the checkout that can't be laid over the live root.
package struct Misplaced: UserError {
    package let what: String
    package let hint: String?
    package var isUsageError: Bool { true }
}

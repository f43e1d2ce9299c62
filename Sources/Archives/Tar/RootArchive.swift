private import Glibc
package import SystemPackage

/// Makes a root file system of packages, as one tar archive: what `podman import` takes.
package enum RootArchive {
    /// A file, folder or link that comes from no package.
    package struct Extra: Sendable, Equatable {
        /// What an extra is; a file has its bytes with it, a link its target.
        package enum Content: Sendable, Equatable {
            case directory
            case file([UInt8])
            case symbolicLink(String)
        }

        /// Relative to the root: "var/lib/dpkg/status".
        package var path: String
        /// What it is.
        package var content: Content
        /// The permission bits, 0o7777; those of a link are 0o777 whatever stands here.
        package var permissions: UInt16

        /// Belongs to root:root.
        package init(_ path: String, _ content: Content, permissions: UInt16 = 0o644) {
            self.path = path
            self.content = content
            self.permissions = permissions
        }

        /// A folder at `path`, "var/lib/dpkg/info".
        package static func directory(_ path: String, permissions: UInt16 = 0o755) -> Extra {
            Extra(path, .directory, permissions: permissions)
        }
    }

    /// Unpacks `packages`, in their order, into one uncompressed pax archive at `output`.
    ///
    /// Entries stand in the order of the packages, then of their members. A folder is written once, as the first
    /// package has it. As dpkg does: a link to a folder that is there stays when a package brings a folder of that name,
    /// and what lies below goes to where the link leads; a folder that is there stays when a package brings a link; any
    /// other name is replaced by the later package. Folders that nobody declares are root's, 0755. Owners, modes, links,
    /// devices and extended attributes are kept, and no time is later than `epoch`. The same input gives the same bytes.
    ///
    /// It works on the calling thread until it is done (seconds for a live root), and stops between entries when the
    /// current task is cancelled.
    ///
    /// `leading` is written before all packages, such as the links of a merged /usr, and `trailing` after them. `epoch`,
    /// seconds since 1970, is also the time of those and of undeclared folders.
    ///
    /// - Throws: `ArchiveError`; the output file is removed then.
    package static func write(
        packages: [FilePath], leading: [Extra] = [], trailing: [Extra] = [], epoch: Int64, to output: FilePath
    ) throws(ArchiveError) {
        let writer = try TarWriter(path: output)
        do throws(ArchiveError) {
            var root = RootWriter(writer: writer, epoch: epoch)
            for extra in leading { try root.add(extra) }
            for package in packages { try root.add(package) }
            for extra in trailing { try root.add(extra) }
            try writer.finish()
        } catch {
            _ = output.withPlatformString { unlink($0) }
            throw error
        }
    }
}

/// The state of a root being written: what is where.
private struct RootWriter {
    private enum Node {
        case directory
        case link([UInt8])
        case other
    }

    private let writer: TarWriter
    private let epoch: Int64
    /// By path without slashes at either end; with the package or extra it came from.
    private var nodes: [[UInt8]: (node: Node, origin: String)] = [:]

    init(writer: TarWriter, epoch: Int64) {
        self.writer = writer
        self.epoch = epoch
    }

    mutating func add(_ package: FilePath) throws(ArchiveError) {
        let origin = package.string
        let deb = try DebFile(package)
        let reader = try deb.openData()
        while let entry = try reader.nextEntry() {
            if Task.isCancelled { throw ArchiveError(origin, .cancelled) }
            guard let placed = try place(entry, origin) else { continue }
            try writer.writeHeader(placed)
            guard case .file(let size) = placed.kind else { continue }
            try writer.writeContent(of: reader, size: size, name: origin)
        }
    }

    mutating func add(_ extra: RootArchive.Extra) throws(ArchiveError) {
        let (kind, content): (ArchiveEntry.Kind, [UInt8]) =
            switch extra.content {
            case .directory: (.directory, [])
            case .file(let bytes): (.file(size: Int64(bytes.count)), bytes)
            case .symbolicLink(let target): (.symbolicLink(Array(target.utf8)), [])
            }
        let isLink = if case .symbolicLink = kind { true } else { false }
        let entry = ArchiveEntry(
            path: Array(extra.path.utf8), kind: kind, permissions: isLink ? 0o777 : extra.permissions, modified: epoch)
        guard let placed = try place(entry, extra.path) else { return }
        try writer.writeHeader(placed)
        try writer.write(content)
        try writer.pad(after: Int64(content.count))
    }

    /// The entry with the path it gets in the archive, its parents written before it; nil where nothing is to be written.
    private mutating func place(_ entry: ArchiveEntry, _ origin: String) throws(ArchiveError) -> ArchiveEntry? {
        let parts = try components(entry.path, entry, origin)
        var placed = entry
        placed.modified = min(max(entry.modified, 0), epoch)
        guard let last = parts.last else {
            guard entry.kind == .directory else { throw ArchiveError(origin, .unsafeName(entry.displayPath)) }
            guard nodes[[]] == nil else { return nil }
            nodes[[]] = (.directory, origin)
            placed.path = Array("./".utf8)
            return placed
        }
        var path = try resolve(parts.dropLast(), entry, origin)
        try declareParents(path, origin)
        path = join(path, last)
        let existing = nodes[path]
        if case .directory = entry.kind {
            switch existing?.node {
            case .directory: return nil
            case .link:
                // The link stays. Where it leads nowhere yet, the folder is made there.
                path = try resolve(parts[...], entry, origin)
                guard nodes[path] == nil else {
                    if case .directory? = nodes[path]?.node { return nil }
                    throw ArchiveError(
                        origin, .clash(path: entry.displayPath, other: nodes[path]?.origin ?? "another package"))
                }
                try declareParents(parent(path), origin)
            case .other:
                throw ArchiveError(
                    origin, .clash(path: entry.displayPath, other: existing?.origin ?? "another package"))
            case nil: break
            }
            nodes[path] = (.directory, origin)
            placed.path = path
            return placed
        }
        placed.path = path
        switch (entry.kind, existing?.node) {
        case (.symbolicLink, .directory?): return nil
        case (.symbolicLink(let target), .link(let old)?) where target == old: return nil
        case (_, .directory?):
            throw ArchiveError(origin, .clash(path: entry.displayPath, other: existing?.origin ?? "another package"))
        case (.symbolicLink(let target), _):
            try check(target, of: path, entry, origin)
            nodes[path] = (.link(target), origin)
        case (.hardLink(let target), _):
            let targetParts = try components(target, entry, origin)
            guard let name = targetParts.last else { throw ArchiveError(origin, .unsafeName(entry.displayPath)) }
            let resolved = join(try resolve(targetParts.dropLast(), entry, origin), name)
            guard let node = nodes[resolved]?.node, resolved != path else {
                throw ArchiveError(origin, .corrupt("\(entry.displayPath) is a hard link to what isn't there"))
            }
            if case .directory = node { throw ArchiveError(origin, .unsafeName(entry.displayPath)) }
            placed.kind = .hardLink(resolved)
            nodes[path] = (node, origin)
        default:
            nodes[path] = (.other, origin)
        }
        return placed
    }

    /// Checks a symbolic link's target: absolute ones are of the root made here, relative ones must stay in it.
    private func check(
        _ target: [UInt8], of path: [UInt8], _ entry: ArchiveEntry, _ origin: String
    ) throws(ArchiveError) {
        let isAbsolute = target.first == UInt8(ascii: "/")
        var depth = isAbsolute ? 0 : path.count { $0 == UInt8(ascii: "/") }
        for part in split(target) {
            depth += part.elementsEqual("..".utf8) ? -1 : 1
            guard depth >= 0 else { break }
        }
        guard depth >= 0, !target.isEmpty, !target.contains(0) else {
            let text = "\(entry.displayPath) -> \(String(decoding: target, as: UTF8.self))"
            throw ArchiveError(origin, .unsafeName(text))
        }
    }

    /// The components of a path or link, without empty ones and ".".
    private func split(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.split(separator: UInt8(ascii: "/")).filter { $0 != [UInt8(ascii: ".")] }
    }

    /// The components of a member's name, which must be relative (a "./" before it is fine) and without "..".
    private func components(
        _ path: [UInt8], _ entry: ArchiveEntry, _ origin: String
    ) throws(ArchiveError) -> [ArraySlice<UInt8>] {
        let parts = split(path)
        guard !path.isEmpty, path.first != UInt8(ascii: "/"), !path.contains(0),
            !parts.contains(where: { $0.elementsEqual("..".utf8) })
        else { throw ArchiveError(origin, .unsafeName(String(decoding: path, as: UTF8.self))) }
        return parts
    }

    /// Where `parts` lead when links among them are followed, within the root.
    private func resolve(
        _ parts: ArraySlice<ArraySlice<UInt8>>, _ entry: ArchiveEntry, _ origin: String
    ) throws(ArchiveError) -> [UInt8] {
        var pending = Array(parts.reversed())
        var path: [UInt8] = []
        var links = 0
        while let part = pending.popLast() {
            if part.elementsEqual("..".utf8) {
                path = parent(path)
                continue
            }
            let next = join(path, part)
            switch nodes[next]?.node {
            case .link(let target):
                links += 1
                guard links <= 40 else {
                    throw ArchiveError(origin, .unsafeName("\(entry.displayPath), a loop of links"))
                }
                if target.first == UInt8(ascii: "/") { path = [] }
                pending += split(target).reversed()
            case .other:
                let name = String(decoding: next, as: UTF8.self)
                throw ArchiveError(origin, .clash(path: name, other: nodes[next]?.origin ?? "another package"))
            case .directory, nil:
                path = next
            }
        }
        return path
    }

    /// Writes the folders above and at `path` that nobody declared.
    private mutating func declareParents(_ path: [UInt8], _ origin: String) throws(ArchiveError) {
        guard !path.isEmpty, nodes[path] == nil else { return }
        try declareParents(parent(path), origin)
        nodes[path] = (.directory, origin)
        try writer.writeHeader(ArchiveEntry(path: path, kind: .directory, permissions: 0o755, modified: epoch))
    }

    private func join(_ path: [UInt8], _ part: ArraySlice<UInt8>) -> [UInt8] {
        path.isEmpty ? Array(part) : path + [UInt8(ascii: "/")] + part
    }

    private func parent(_ path: [UInt8]) -> [UInt8] {
        path.lastIndex(of: UInt8(ascii: "/")).map { Array(path[..<$0]) } ?? []
    }
}

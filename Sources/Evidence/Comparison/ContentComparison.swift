import Archives
import Primitives
package import SystemPackage

/// Where two files that should be the same differ first, as deep as their formats let one look: "filesystem.squashfs, etc/shadow".
package struct ContentDifference: Sendable, Equatable {
    /// The file, and what it is in, from the outermost on.
    package var place: [String]
    /// What differs there: "modified 1700000000, 1700000001", "byte 4,711 of 9,000".
    package let what: String

    /// `what` differs at `place`.
    package init(_ place: [String], _ what: String) {
        self.place = place
        self.what = what
    }

    /// The same, seen from `folder`, in which it lies.
    func inside(_ folder: String) -> ContentDifference { ContentDifference([folder] + place, what) }
}

/// Compares files that should be the same.
package struct ContentComparison: Sendable {
    /// Where what is in archives is put for a while.
    private let folder: FilePath
    /// Archives in archives are opened so often: an image, a layer or a package on it, an archive of that, one in there.
    private static let depth = 5

    /// Works in `folder`, which is empty and there.
    package init(in folder: FilePath) { self.folder = folder }

    /// The first difference between the files at `first` and `second`; nil where they are the same. Archives and squashfs images are
    /// looked into, these by unsquashfs(1) where this machine has it.
    ///
    /// Throws `FileError`, `ArchiveError`, `CancellationError`.
    package func difference(_ first: FilePath, _ second: FilePath) async throws -> ContentDifference? {
        try await difference(first, second, depth: 0)
    }

    private func difference(
        _ first: FilePath, _ second: FilePath, depth: Int
    ) async throws -> ContentDifference? {
        guard let plain = try await BlockingWork.run({ try Self.bytes(first, second) }) else { return nil }
        guard depth < Self.depth else { return plain }
        if let inside = try await squashed(first, second, depth) { return inside }
        let contents = (first: folder.appending("\(depth)-first"), second: folder.appending("\(depth)-second"))
        let found = try? await BlockingWork.run {
            try ArchiveComparison(first, second).difference(contents: contents)
        }
        try Task.checkCancellation()
        switch found {
        case nil: return plain
        case .packing: return ContentDifference([], "\(plain.what); what is packed in it is the same")
        case .member(let mine, let other):
            return ContentDifference([], "\(mine ?? "nothing") stands where the other has \(other ?? "nothing")")
        case .header(let path, let facts): return ContentDifference([path], facts)
        case .content(let path):
            let inside = try await difference(contents.first, contents.second, depth: depth + 1)
            return (inside ?? ContentDifference([], "its content")).inside(path)
        }
    }

    /// The first byte that differs between two files.
    private static func bytes(_ first: FilePath, _ second: FilePath) throws -> ContentDifference? {
        let sizes = try [first, second].map { try FileStatus(at: $0, followsLinks: true)?.size ?? 0 }
        let files = try [first, second].map { try FileDescriptor.open($0, .readOnly, options: .closeOnExec) }
        defer { for file in files { try? file.close() } }
        var pieces = [[UInt8](repeating: 0, count: 1 << 20), [UInt8](repeating: 0, count: 1 << 20)]
        var offset: Int64 = 0
        while true {
            let counts = try files.indices.map { index in
                try pieces[index].withUnsafeMutableBytes { try files[index].read(fromAbsoluteOffset: offset, into: $0) }
            }
            let count = min(counts[0], counts[1])
            if let different = (0..<count).first(where: { pieces[0][$0] != pieces[1][$0] }) {
                return ContentDifference([], "byte \(offset + Int64(different)) of \(sizes[0])")
            }
            // A read may end early; at the end of the shorter one it says 0.
            guard count > 0 else {
                return sizes[0] == sizes[1] ? nil : ContentDifference([], "\(sizes[0]) bytes, \(sizes[1]) bytes")
            }
            offset += Int64(count)
        }
    }

    // MARK: Squashfs

    private static func isSquashfs(_ path: FilePath) -> Bool {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: .closeOnExec) else { return false }
        var magic = [UInt8](repeating: 0, count: 4)
        let count = try? file.closeAfter {
            try magic.withUnsafeMutableBytes { try file.read(fromAbsoluteOffset: 0, into: $0) }
        }
        return count == 4 && magic.elementsEqual("hsqs".utf8)
    }

    /// The first difference between two squashfs images; nil where they are none, or nothing here can read them.
    private func squashed(_ first: FilePath, _ second: FilePath, _ depth: Int) async throws -> ContentDifference? {
        guard Self.isSquashfs(first), Self.isSquashfs(second) else { return nil }
        let program = ChildProgram("unsquashfs", environment: nil, changes: ["TZ": "UTC", "LC_ALL": "C.UTF-8"])
        var listings: [[String]] = []
        for path in [first, second] {
            guard let outcome = try? await program.run(["-lln", path.string]), outcome.isSuccess else { return nil }
            listings.append(outcome.lines)
        }
        if let (mine, other) = zip(listings[0], listings[1]).first(where: { $0 != $1 }) {
            return ContentDifference([], "“\(mine)”, “\(other)”")
        }
        guard listings[0].count == listings[1].count else {
            return ContentDifference([], "\(listings[0].count) files and folders, \(listings[1].count)")
        }
        let roots = [folder.appending("\(depth)-first-root"), folder.appending("\(depth)-second-root")]
        defer { for root in roots { try? Files.remove(root) } }
        for (path, root) in zip([first, second], roots) {
            let arguments = ["-no-progress", "-no-xattrs", "-dest", root.string, path.string]
            guard let outcome = try? await program.run(arguments), outcome.isSuccess else { return nil }
        }
        return try await folders(roots[0], roots[1], "", depth)
    }

    /// The first file that differs below two folders which have the same names in them.
    private func folders(
        _ first: FilePath, _ second: FilePath, _ path: String, _ depth: Int
    ) async throws -> ContentDifference? {
        for name in try Files.list(first.pushing(FilePath(path))).sorted() {
            let inside = path.isEmpty ? name : "\(path)/\(name)"
            let (mine, other) = (first.pushing(FilePath(inside)), second.pushing(FilePath(inside)))
            switch try FileStatus(at: mine)?.kind {
            case .directory:
                if let found = try await folders(first, second, inside, depth) { return found }
            case .regular:
                if let found = try await difference(mine, other, depth: depth + 1) { return found.inside(inside) }
            case .symbolicLink, .other, nil: continue
            }
        }
        return nil
    }
}

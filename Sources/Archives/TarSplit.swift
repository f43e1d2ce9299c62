import Primitives
package import SystemPackage

/// Takes out of a tar archive the files that are to be had elsewhere just so.
package struct TarSplit {
    /// Where files are to be had.
    package enum Base: Sendable {
        /// A tar archive, of which any file can be taken.
        case archive(FilePath)
        /// A package, deb(5), that is taken whole or not at all: where all that it brings stands in the archive as the package has it,
        /// and at least so many bytes of that are to be had nowhere before.
        case package(FilePath, ofAtLeast: Int64)
    }

    /// What is to be taken from a base.
    package struct Share: Sendable, Equatable {
        /// The paths without a slash or "./" before them, in the order of their bytes.
        package var paths: [[UInt8]] = []
        /// Of the files together.
        package var size: Int64 = 0
    }

    /// What became of an archive.
    package struct Result: Sendable, Equatable {
        /// What each base has of it, in their order.
        package var shares: [Share]
        /// The size of the files that no base has, in bytes.
        package var rest: Int64
    }

    private let path: FilePath
    private let epoch: Int64
    /// What the archive has, by its path, but for what has several names.
    private var members: [[UInt8]: ArchiveEntry] = [:]

    /// Writes to `output` the tar archive at `path` without those files that one of `bases` has as well: at the same path, with the same
    /// content, owner, mode, time and attributes. The first that has a file is given it; from archives, files of `least` bytes or
    /// more are taken. Everything else is written as it stands, folders among it, and files with several names. Of times after
    /// `epoch`, in seconds since 1970, the archive knows no more than that.
    ///
    /// The same input gives the same bytes. It works on the calling thread until it is done, some seconds for a system, and
    /// stops between entries when the current task is cancelled. Throws `ArchiveError`.
    package static func write(
        _ path: FilePath, without bases: [Base], ofAtLeast least: Int64, epoch: Int64, to output: FilePath
    ) throws(ArchiveError) -> Result {
        let split = try TarSplit(path, epoch: epoch)
        var found: [[[UInt8]: Digest]] = []
        for base in bases {
            switch base {
            case .archive(let other): found.append(try split.alike(in: other, ofAtLeast: least))
            case .package(let package, _): found.append(try split.alike(inPackage: package))
            }
        }
        let names = found.reduce(into: Set<[UInt8]>()) { $0.formUnion($1.keys) }
        let digests = try split.digests(of: names)
        var taken: Set<[UInt8]> = []
        var shares: [Share] = []
        for (base, files) in zip(bases, found) {
            let share = split.share(of: base, files, digests, taken)
            taken.formUnion(share.paths)
            shares.append(share)
        }
        return Result(shares: shares, rest: try split.write(without: taken, to: output))
    }

    private init(_ path: FilePath, epoch: Int64) throws(ArchiveError) {
        self.path = path
        self.epoch = epoch
        var (members, linked): ([[UInt8]: ArchiveEntry], Set<[UInt8]>) = ([:], [])
        try TarListing.read(path) { entry in
            let name = Self.plain(entry.path)
            members[name] = entry
            if case .hardLink(let target) = entry.kind { linked.formUnion([name, Self.plain(target)]) }
        }
        for name in linked { members[name] = nil }
        self.members = members
    }

    /// Of the files in the archive `other` those whose headers are as here, with their digests.
    private func alike(in other: FilePath, ofAtLeast least: Int64) throws(ArchiveError) -> [[UInt8]: Digest] {
        var found: [[UInt8]: Digest] = [:]
        let contents = try Contents(archive: other)
        while let entry = try contents.next() {
            let name = Self.plain(entry.path)
            guard case .file(let size) = entry.kind, size >= least, isAlike(entry, name) else { continue }
            found[name] = try contents.digest()
        }
        return found
    }

    /// What the package brings but for folders, with the digests of files, and of links that of nothing; nothing where not all of it is
    /// here as the package has it.
    private func alike(inPackage package: FilePath) throws(ArchiveError) -> [[UInt8]: Digest] {
        var found: [[UInt8]: Digest] = [:]
        let deb = try DebFile(package)
        let contents = Contents(reader: try deb.openData(), name: package.string)
        while let entry = try contents.next() {
            let name = Self.plain(entry.path)
            switch entry.kind {
            case .directory: continue
            case .file where isAlike(entry, name): found[name] = try contents.digest()
            case .symbolicLink where isAlike(entry, name): found[name] = Self.noContent
            default: return [:]
            }
        }
        return found
    }

    private static let noContent = Digest(of: [])

    private func isAlike(_ entry: ArchiveEntry, _ name: [UInt8]) -> Bool {
        guard let here = members[name] else { return false }
        return here.kind == entry.kind && here.permissions == entry.permissions && here.user == entry.user
            && here.group == entry.group && here.modified == min(entry.modified, epoch)
            && here.attributes == entry.attributes
    }

    /// The digests of those members of the archive that `names` has.
    private func digests(of names: Set<[UInt8]>) throws(ArchiveError) -> [[UInt8]: Digest] {
        var digests: [[UInt8]: Digest] = [:]
        let contents = try Contents(archive: path)
        while let entry = try contents.next() {
            let name = Self.plain(entry.path)
            guard names.contains(name) else { continue }
            if case .file = entry.kind { digests[name] = try contents.digest() } else { digests[name] = Self.noContent }
        }
        return digests
    }

    /// What is taken from a base that has `files`, of what has `digests` here; others have `taken` before it.
    private func share(
        of base: Base, _ files: [[UInt8]: Digest], _ digests: [[UInt8]: Digest], _ taken: Set<[UInt8]>
    ) -> Share {
        let same = files.filter { digests[$0.key] == $0.value }
        var share = Share()
        switch base {
        case .archive: share.paths = same.keys.filter { !taken.contains($0) }
        case .package(_, let least):
            guard same.count == files.count, size(of: files.keys.filter { !taken.contains($0) }) >= least else {
                return share
            }
            share.paths = Array(files.keys)
        }
        share.paths.sort { $0.lexicographicallyPrecedes($1) }
        share.size = size(of: share.paths)
        return share
    }

    private func size(of names: [[UInt8]]) -> Int64 {
        names.reduce(0) { sum, name in
            if case .file(let size)? = members[name]?.kind { sum + size } else { sum }
        }
    }

    /// Writes the members whose path is none of `taken`; the size of their files, in bytes.
    private func write(without taken: Set<[UInt8]>, to output: FilePath) throws(ArchiveError) -> Int64 {
        let writer = try TarWriter(path: output)
        let contents = try Contents(archive: path)
        var written: Int64 = 0
        while let entry = try contents.next() {
            if taken.contains(Self.plain(entry.path)) { continue }
            try writer.writeHeader(entry)
            guard case .file(let size) = entry.kind else { continue }
            try writer.writeContent(of: contents.reader, size: size, name: path.string)
            written += size
        }
        try writer.finish()
        return written
    }

    /// A member's name without "./" before it.
    private static func plain(_ path: [UInt8]) -> [UInt8] {
        path.starts(with: "./".utf8) ? Array(path.dropFirst(2)) : path
    }
}

/// An archive that is read member by member.
private struct Contents: ~Copyable {
    let reader: ArchiveReader
    private let name: String
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)

    init(reader: ArchiveReader, name: String) {
        self.reader = reader
        self.name = name
    }

    init(archive path: FilePath) throws(ArchiveError) {
        let reader = try ArchiveReader(name: path.string)
        try reader.openTar(at: path)
        self.init(reader: reader, name: path.string)
    }

    deinit { buffer.deallocate() }

    /// The next member; nil after the last one.
    func next() throws(ArchiveError) -> ArchiveEntry? {
        if Task.isCancelled { throw ArchiveError(name, .cancelled) }
        return try reader.nextEntry()
    }

    /// The digest of the current member's content.
    func digest() throws(ArchiveError) -> Digest {
        var hasher = SHA256Hasher()
        while true {
            let count = try reader.readData(into: buffer)
            guard count > 0 else { break }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return hasher.finalize()
    }
}

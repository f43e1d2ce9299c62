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
        case deb(FilePath, ofAtLeast: Int64)
        /// An RPM package, that is unpacked whole or not at all, and before the rest. Its content does not say who owns a file and what
        /// the file is capable of, so what differs is in the rest as well, and is written over; but each file of the package must have a
        /// file here, each link a link, each folder a folder, and at least so many bytes must be as the package has them.
        case rpm(FilePath, ofAtLeast: Int64)
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
    /// The files with several names.
    private var linked: Set<[UInt8]> = []

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
        var found: [Offer] = []
        for base in bases {
            switch base {
            case .archive(let other): found.append(try split.alike(in: other, ofAtLeast: least))
            case .deb(let package, let least): found.append(try split.alike(inDeb: package, ofAtLeast: least))
            case .rpm(let package, let least): found.append(try split.alike(inRPM: package, ofAtLeast: least))
            }
        }
        let names = found.reduce(into: Set<[UInt8]>()) { $0.formUnion($1.files.keys) }
        let digests = try split.digests(of: names)
        var taken = Taken()
        let shares = found.map { split.share(of: $0, digests, &taken) }
        return Result(shares: shares, rest: try split.write(without: taken.names, to: output))
    }

    /// What a base has that may be as it is here.
    private struct Offer {
        /// What looks alike, with the digests of files, and of links that of nothing.
        var files: [[UInt8]: Digest] = [:]
        /// Whether all of it comes where any of it is wanted.
        var isWhole = false
        /// What comes with it and looks otherwise; nil where nothing may.
        var others: Set<[UInt8]>?
        /// So many bytes of it must be wanted.
        var least: Int64 = 0
    }

    /// What bases are to give.
    private struct Taken {
        var names: Set<[UInt8]> = []
        /// What packages write, in an order that nobody knows.
        var unpacked: Set<[UInt8]> = []
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
        self.linked = linked
    }

    /// Of the files in the archive `other` those whose headers are as here, with their digests.
    private func alike(in other: FilePath, ofAtLeast least: Int64) throws(ArchiveError) -> Offer {
        var offer = Offer()
        let contents = try Contents(archive: other)
        while let entry = try contents.next() {
            let name = Self.plain(entry.path)
            guard case .file(let size) = entry.kind, size >= least, isAlike(entry, name) else { continue }
            offer.files[name] = try contents.digest()
        }
        return offer
    }

    /// What the package brings but for folders; nothing where not all of it is here as the package has it.
    private func alike(inDeb package: FilePath, ofAtLeast least: Int64) throws(ArchiveError) -> Offer {
        var offer = Offer(isWhole: true, others: nil, least: least)
        let deb = try DebFile(package)
        let contents = Contents(reader: try deb.openData(), name: package.string)
        while let entry = try contents.next() {
            let name = Self.plain(entry.path)
            switch entry.kind {
            case .directory: continue
            case .file where isAlike(entry, name): offer.files[name] = try contents.digest()
            case .symbolicLink where isAlike(entry, name): offer.files[name] = Self.noContent
            default: return Offer()
            }
        }
        return offer
    }

    /// The files of an RPM package that look alike here, and what else it brings; nothing where something is of another kind here, or
    /// not here at all.
    ///
    /// What is written over must be of the same kind: a link would be followed, and a name of several would change the others. Links are
    /// always written again: what unpacks such a package, cpio(1), gives them no time.
    private func alike(inRPM package: FilePath, ofAtLeast least: Int64) throws(ArchiveError) -> Offer {
        var (files, others): ([[UInt8]: Digest], Set<[UInt8]>) = ([:], [])
        let reader = try ArchiveReader(name: package.string)
        try reader.openRPM(at: package)
        let contents = Contents(reader: reader, name: package.string)
        while let entry = try contents.next() {
            let name = Self.plain(entry.path)
            switch (entry.kind, members[name]?.kind) {
            case (.directory, .directory): continue
            case (.file, .file) where isAlike(entry, name): files[name] = try contents.digest()
            case (.file, .file), (.symbolicLink, .symbolicLink): others.insert(name)
            case (.file, nil) where linked.contains(name): others.insert(name)
            default: return Offer()
            }
        }
        return Offer(files: files, isWhole: true, others: others, least: least)
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

    /// What is taken of an offer, of what has `digests` here; others have `taken` before it.
    private func share(of offer: Offer, _ digests: [[UInt8]: Digest], _ taken: inout Taken) -> Share {
        let same = Set(offer.files.filter { digests[$0.key] == $0.value }.keys)
        let new = same.subtracting(taken.names)
        var share = Share()
        if offer.isWhole {
            let others = (offer.others ?? []).union(Set(offer.files.keys).subtracting(same))
            // What is otherwise than here must come again, from the rest; and no two packages may write the same at once.
            guard offer.others != nil || others.isEmpty, size(of: new) >= offer.least,
                taken.names.isDisjoint(with: others), taken.unpacked.isDisjoint(with: same.union(others))
            else { return share }
            taken.unpacked.formUnion(same.union(others))
            share.paths = Array(same)
        } else {
            share.paths = Array(new)
        }
        taken.names.formUnion(share.paths)
        share.paths.sort { $0.lexicographicallyPrecedes($1) }
        share.size = size(of: share.paths)
        return share
    }

    private func size(of names: some Sequence<[UInt8]>) -> Int64 {
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

    /// A member's name without "./" before it, and the slash after that of a folder.
    private static func plain(_ path: [UInt8]) -> [UInt8] {
        let name = path.starts(with: "./".utf8) ? path.dropFirst(2) : path[...]
        return Array(name.last == UInt8(ascii: "/") ? name.dropLast() : name)
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

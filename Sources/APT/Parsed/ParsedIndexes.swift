package import Archives
package import Primitives
package import SystemPackage

/// An index of an archive as a file, and what it is to people and to pins.
package struct IndexFile: Sendable {
    /// Of the bytes of the compressed file, which whoever reads them vouches for: they are not hashed again.
    package let digest: Digest
    /// How it is to be unpacked.
    package let compression: Compression
    /// "debian trixie/main"
    package let source: String
    /// What its packages have of their Release file, for pins.
    package let origin: IndexOrigin

    package init(digest: Digest, compression: Compression, source: String, origin: IndexOrigin) {
        self.digest = digest
        self.compression = compression
        self.source = source
        self.origin = origin
    }
}

/// A folder of indexes unpacked and of tables made of them, so that neither is done twice.
///
///     <digest>.text    an index, unpacked
///     <key>.table      a ``PackageTable`` of several; the key is of their digests in order, the architectures, and what
///                      else is in it
///
/// Files appear by rename. One that is missing, damaged or foreign is made again, and one that can't be written is done without:
/// nothing here is an error. A table counts only while the files of its texts are those it was made with, going by size,
/// inode and times; where they are not, or the machine was started anew since, their sums are looked at. Whoever may write to
/// the folder is trusted: sums protect from accidents only.
package struct ParsedIndexes: Sendable {
    private let files: ParsedFiles
    private var folder: FilePath { files.folder }

    /// `folder` need not be there.
    package init(folder: FilePath) { files = ParsedFiles(folder: folder) }

    /// The packages of `indexes`, of which an earlier one is the first origin of what it shares with a later one: from the
    /// folder if it has them, else made and put there. `read` gives the bytes of an index, which must have its digest.
    ///
    /// Throws what `read` throws, `ArchiveError` and `PackageIndexError` where an index can't be unpacked or understood.
    package func table(
        of indexes: [IndexFile], architecture: String, foreignArchitectures: [String] = [],
        read: (IndexFile) throws -> [UInt8]
    ) throws -> PackageTable {
        let architectures = PackageTable.order(architecture, foreignArchitectures)
        if let known = known(indexes, architectures) { return known }
        var texts: [Digest: ByteRegion] = [:]
        let sources = try indexes.map { index in
            let text = try texts[index.digest] ?? text(of: index, read)
            texts[index.digest] = text
            return (index: try PackageIndex(parsing: text, source: index.source), origin: index.origin)
        }
        let table = try PackageTable(
            sources, architecture: architecture, foreignArchitectures: foreignArchitectures)
        return kept(table, of: indexes, key: Self.key(indexes, architectures))
    }

    /// `table`, which is that of `indexes`, with the packages of `addition` after the others: from the folder, or made and put
    /// there. Throws where Provides means nothing.
    package func table(
        _ table: PackageTable, of indexes: [IndexFile], adding addition: PackageIndex, origin: IndexOrigin
    ) throws(PackageIndexError) -> PackageTable {
        let key = Self.key(indexes, table.architectures, addition: addition.text)
        // The texts of the table are as good as they were for it: only that it is of the same ones counts.
        if let file = TableFile(mapping: tablePath(key)), file.key == key,
            file.texts.map(\.index) == indexes.map(\.digest), let image = PackageTableImage(file.image)
        {
            // Whoever asks for this goes on with the larger table.
            table.image.region.releasePages()
            let source = PackageTable.Source(text: addition.text, name: addition.source, origin: origin)
            return PackageTable(image, sources: table.sources + [source], architectures: table.architectures)
        }
        return kept(try table.adding(addition, origin: origin), of: indexes, key: key)
    }

    /// The table of `indexes`, where the folder has it; nil where it would have to be made.
    package func known(
        _ indexes: [IndexFile], architecture: String, foreignArchitectures: [String] = []
    ) -> PackageTable? {
        known(indexes, PackageTable.order(architecture, foreignArchitectures))
    }

    /// The version of what is in a `.table`.
    package static var tableVersion: UInt64 { PackageTableImage.version }

    private func textPath(_ digest: Digest) -> FilePath { folder.appending("\(digest.hex).text") }
    private func tablePath(_ key: Digest) -> FilePath { folder.appending("\(key.hex).table") }

    private static func key(
        _ indexes: [IndexFile], _ architectures: [String], addition: ByteRegion? = nil
    ) -> Digest {
        var hasher = SHA256Hasher()
        hasher.update(Array("table \(PackageTableImage.version) \(architectures.count)\n".utf8))
        for architecture in architectures { hasher.update(Array("\(architecture.utf8.count) \(architecture)\n".utf8)) }
        hasher.update(Array("\(indexes.count)\n".utf8))
        for index in indexes { hasher.update(index.digest.bytes) }
        if let addition { hasher.update(addition.bytes) }
        return hasher.finalize()
    }

    private func known(_ indexes: [IndexFile], _ architectures: [String]) -> PackageTable? {
        let key = Self.key(indexes, architectures)
        guard let file = TableFile(mapping: tablePath(key)), file.key == key,
            file.texts.map(\.index) == indexes.map(\.digest), let image = PackageTableImage(file.image)
        else { return nil }
        let boot = Self.boot
        var texts: [Digest: IndexText] = [:]
        var isAsItWas = true
        for text in file.texts {
            if let other = texts[text.index] {
                isAsItWas = isAsItWas && text.file == other.region.identity
                continue
            }
            guard let found = IndexText(mapping: textPath(text.index), of: text.index),
                let identity = found.region.identity, identity.size == text.file.size
            else { return nil }
            let isSame = identity == text.file && boot != nil && boot == file.boot
            guard isSame || found.isWhole else { return nil }
            isAsItWas = isAsItWas && isSame
            texts[text.index] = found
        }
        var sources: [PackageTable.Source] = []
        var facts: [TableFile.Text] = []
        for index in indexes {
            guard let text = texts[index.digest], let identity = text.region.identity else { return nil }
            sources.append(PackageTable.Source(text: text.region, name: index.source, origin: index.origin))
            facts.append(TableFile.Text(index: index.digest, file: identity))
        }
        // The texts are whole, if not where they were: next time their sums need not be looked at.
        if !isAsItWas { write(file.image, facts, key: key) }
        return PackageTable(image, sources: sources, architectures: architectures)
    }

    /// The text of `index`, out of a file of the folder where that can be had.
    private func text(of index: IndexFile, _ read: (IndexFile) throws -> [UInt8]) throws -> ByteRegion {
        let path = textPath(index.digest)
        if let known = IndexText(mapping: path, of: index.digest), known.isWhole { return known.region }
        let bytes = try index.compression.decompress(
            read(index), name: index.source, limit: ByteCount(2_000_000_000))
        bytes.withUnsafeBytes { text in
            let footer = IndexText.footer(of: text, digest: index.digest)
            footer.withUnsafeBytes { files.put([text, $0], at: path) }
        }
        // Mapped, it needs no copy.
        if let stored = IndexText(mapping: path, of: index.digest), stored.region.count == bytes.count {
            return stored.region
        }
        return ByteRegion(bytes)
    }

    /// `table` with all that a kept one has; it is in the folder now, unless that can't be.
    private func kept(_ table: PackageTable, of indexes: [IndexFile], key: Digest) -> PackageTable {
        let texts = zip(indexes, table.sources).compactMap { index, source in
            source.text.identity.map { TableFile.Text(index: index.digest, file: $0) }
        }
        // A text that is in memory only is nothing to point into.
        guard texts.count == indexes.count else { return table }
        let ranked = table.rankingMentions()
        write(ranked.image.region, texts, key: key)
        return ranked
    }

    private func write(_ image: ByteRegion, _ texts: [TableFile.Text], key: Digest) {
        guard let boot = Self.boot else { return }
        let head = TableFile(key: key, boot: boot, texts: texts, image: image).head
        head.withUnsafeBytes { files.put([$0, image.bytes], at: tablePath(key)) }
    }

    /// Changes with every start of the machine; nil where it can't be known.
    private static var boot: Digest? {
        (try? Files.read("/proc/sys/kernel/random/boot_id")).map { Digest(of: $0) }
    }
}

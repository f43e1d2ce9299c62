package import Archives
package import Primitives

/// Makes the metadata of a mirror (rpm-md, as createrepo_c(8) writes it), in memory: repomd.xml, primary, filelists, and
/// where there are any groups and modules.
///
/// The same packages, in whatever order, with the same epoch give the same bytes. What is left out: changelogs (`other`),
/// which nothing needs to install, the databases, which dnf ignores, and updateinfo, since a mirror has one version of each package.
package struct RepodataWriter: Sendable {
    /// Seconds since 1970: the revision, and the time of every file in repomd.xml.
    package let epoch: Int64
    /// How indexes are packed: gzip, which every dnf reads, or zstd, which those of Fedora and EL 9 read, too.
    package let compression: Compression
    /// For 2,000 packages, level 6 of gzip takes 0.25 s of a core, 9 takes 0.6 s and saves 2 %.
    private var level: Int32 { compression == .gzip ? 6 : 9 }

    package init(epoch: Int64, compression: Compression) {
        self.epoch = epoch
        self.compression = compression
    }

    /// All files below repodata/, repomd.xml the last of them. Who signs it puts `repomd.xml.asc` beside it.
    ///
    /// Files are listed for all packages, or for none: then there is no index of files, and the paths in primary (commands and
    /// configuration) are the only ones that a relation can name.
    ///
    /// - Throws: `RepodataError` for a package that doesn't fit in, `ArchiveError`, `CancellationError`.
    package func files(
        of packages: [RepodataPackage], comps: [UInt8]? = nil, modules: [UInt8]? = nil
    ) async throws -> [RepositoryFile] {
        let packages = try ordered(packages)
        let hasFileLists = packages.contains { $0.fileList != nil }
        if hasFileLists, let one = packages.first(where: { $0.fileList == nil }) {
            throw RepodataError("\(one.name) \(one.version) \(one.architecture)", .noFileList)
        }
        return try await withThrowingTaskGroup(of: Index.self) { group in
            group.addTask {
                let head = "<metadata xmlns=\"\(XMLNamespace.common)\" xmlns:rpm=\"\(XMLNamespace.rpm)\""
                return try index(0, "primary", "xml", joined(head, "metadata", packages.map(\.primary)))
            }
            if hasFileLists {
                group.addTask {
                    let head = "<filelists xmlns=\"\(XMLNamespace.fileLists)\""
                    return try index(1, "filelists", "xml", joined(head, "filelists", packages.compactMap(\.fileList)))
                }
            }
            // Plain, as in every repository: not every reader of groups unpacks them.
            if let comps { group.addTask { index(2, "group", "comps.xml", packed: comps, plain: nil) } }
            if let modules { group.addTask { try index(3, "modules", "yaml", modules) } }
            var indexes: [Index] = []
            for try await made in group { indexes.append(made) }
            indexes.sort { $0.place < $1.place }
            return indexes.map(\.file) + [RepositoryFile(path: "repodata/repomd.xml", bytes: repomd(indexes))]
        }
    }

    private struct Index: Sendable {
        let place: Int
        let type: String
        let file: RepositoryFile
        /// Of the content before it was packed; nil where it is not.
        let plain: (digest: Digest, size: Int)?
    }

    private func index(_ place: Int, _ type: String, _ suffix: String, _ plain: [UInt8]) throws -> Index {
        try Task.checkCancellation()
        let packed = try compression.compress(plain, level: level)
        return index(
            place, type, "\(type).\(suffix)\(compression.suffix)", packed: packed,
            plain: compression == .none ? nil : (Digest(of: plain), plain.count))
    }

    private func index(
        _ place: Int, _ type: String, _ name: String, packed: [UInt8], plain: (digest: Digest, size: Int)?
    ) -> Index {
        let digest = Digest(of: packed)
        return Index(
            place: place, type: type, file: RepositoryFile(path: "repodata/\(digest.hex)-\(name)", bytes: packed),
            plain: plain)
    }

    private func joined(_ head: String, _ root: String, _ elements: [[UInt8]]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(elements.reduce(300) { $0 + $1.count + 1 })
        bytes += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(head) packages=\"\(elements.count)\">\n".utf8
        for element in elements {
            bytes += element
            bytes.append(0x0A)
        }
        bytes += "</\(root)>\n".utf8
        return bytes
    }

    private func repomd(_ indexes: [Index]) -> [UInt8] {
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<repomd xmlns=\"\(XMLNamespace.repomd)\" xmlns:rpm=\"\(XMLNamespace.rpm)\">",
            "  <revision>\(epoch)</revision>",
        ]
        for index in indexes {
            lines += [
                "  <data type=\"\(index.type)\">", "    <checksum type=\"sha256\">\(index.file.digest.hex)</checksum>",
            ]
            if let plain = index.plain {
                lines.append("    <open-checksum type=\"sha256\">\(plain.digest.hex)</open-checksum>")
            }
            lines += [
                "    <location href=\"\(index.file.path)\"/>", "    <timestamp>\(epoch)</timestamp>",
                "    <size>\(index.file.bytes.count)</size>",
            ]
            if let plain = index.plain { lines.append("    <open-size>\(plain.size)</open-size>") }
            lines.append("  </data>")
        }
        lines.append("</repomd>")
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }

    /// The packages in the order of name, version and architecture, each once.
    private func ordered(_ packages: [RepodataPackage]) throws(RepodataError) -> [RepodataPackage] {
        func key(_ package: RepodataPackage) -> (String, String, String) {
            (package.name, package.version, package.architecture)
        }
        var result: [RepodataPackage] = []
        result.reserveCapacity(packages.count)
        for package in packages.sorted(by: { key($0) < key($1) }) {
            if let last = result.last, key(last) == key(package) {
                guard last.digest == package.digest, last.path == package.path else {
                    throw RepodataError("\(package.name) \(package.version) \(package.architecture)", .twice)
                }
                continue
            }
            result.append(package)
        }
        return result
    }
}

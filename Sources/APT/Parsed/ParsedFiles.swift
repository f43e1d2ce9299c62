package import Primitives
package import SystemPackage

/// The folder of what is made of indexes, so that it is not made twice.
///
///     <digest>.text    an index, unpacked
///     <key>.NAME       a ``TableFile`` of several indexes
///
/// Files appear by rename. Nobody waits for the disk, and nothing that fails here is an error: then it is made again.
package struct ParsedFiles: Sendable {
    /// `parsed` of the store; it need not be there yet.
    package let folder: FilePath

    package init(folder: FilePath) { self.folder = folder }

    /// The file with this name.
    package func path(_ name: String) -> FilePath { folder.appending(name) }

    /// Writes `file` under `name`, or leaves it.
    package func put(_ file: TableFile, named name: String) {
        file.head.withUnsafeBytes { put([$0, file.image.bytes], at: path(name)) }
    }

    /// Everything but what belongs to the indexes in `kept`. `versions` are those that count, by the ending of a table's name:
    /// "table", without the dot.
    package func files(but kept: Set<Digest>, versions: [String: UInt64]) throws(FileError) -> [FilePath] {
        var others: [FilePath] = []
        guard Files.exists(folder) else { return others }
        for name in try Files.list(folder) {
            let path = path(name)
            let ending = path.extension ?? ""
            if ending == "text", let digest = Digest(hex: String(name.dropLast(5))), kept.contains(digest) { continue }
            if let version = versions[ending], let indexes = TableFile.indexes(of: path, version: version),
                kept.isSuperset(of: indexes)
            {
                continue
            }
            others.append(path)
        }
        return others
    }

    /// Linux keeps what is written at once in one piece, and maps the whole piece where one byte of it is looked at: a
    /// question to a few packages would take all of the texts into its memory.
    private static let chunkSize = 64 << 10

    /// Writes `parts` to a file at `path`, or leaves it. Nothing waits for the disk: what a power failure spoils is seen, since
    /// after a start of the machine sums are looked at.
    func put(_ parts: [UnsafeRawBufferPointer], at path: FilePath) {
        let temporary = folder.appending(".\(String(UInt64.random(in: 0 ... .max), radix: 36)).new")
        do {
            try Files.createDirectory(folder)
            let descriptor = try FileDescriptor.open(
                temporary, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                permissions: [.ownerRead, .groupRead, .otherRead])
            try descriptor.closeAfter {
                for part in parts {
                    for start in stride(from: 0, to: part.count, by: Self.chunkSize) {
                        try descriptor.writeAll(part[start..<min(part.count, start + Self.chunkSize)])
                    }
                }
            }
            try Files.rename(temporary, to: path)
        } catch {
            try? Files.remove(temporary)
        }
    }
}

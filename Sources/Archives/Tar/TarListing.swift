package import SystemPackage

/// What lies in an uncompressed tar archive.
package enum TarListing {
    /// Calls `visit` with each member of the archive at `path`, in its order. What files hold is not read.
    ///
    /// Throws `ArchiveError`.
    package static func read(_ path: FilePath, visit: (ArchiveEntry) -> Void) throws(ArchiveError) {
        let reader = try ArchiveReader(name: path.string)
        try reader.openTar(at: path)
        while let entry = try reader.nextEntry() {
            if Task.isCancelled { throw ArchiveError(path.string, .cancelled) }
            visit(entry)
        }
    }

    /// The same, with a function that reads what the member holds, for as long as it is visited.
    package static func readContents(
        _ path: FilePath, visit: (ArchiveEntry, _ contents: () throws(ArchiveError) -> [UInt8]) throws -> Void
    ) throws {
        let reader = try ArchiveReader(name: path.string)
        try reader.openTar(at: path)
        while let entry = try reader.nextEntry() {
            if Task.isCancelled { throw ArchiveError(path.string, .cancelled) }
            try visit(entry) { () throws(ArchiveError) in
                guard case .file(let size) = entry.kind else { return [] }
                var bytes = [UInt8](repeating: 0, count: Int(size))
                let count: Int
                do {
                    count = try bytes.withUnsafeMutableBytes { try reader.readData(into: $0) }
                } catch {
                    throw error as? ArchiveError ?? ArchiveError(path.string, .truncated)
                }
                guard count == bytes.count else { throw ArchiveError(path.string, .truncated) }
                return bytes
            }
        }
    }
}

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
}

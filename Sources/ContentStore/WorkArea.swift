package import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Where files and folders are made that a store is to take in: on its file system, so that they are moved and not copied.
///
///     ingest/    files on their way in
///     work/      folders of running steps
///
/// What the holder of the store's lock finds there is debris, but for files that end in `.part`: downloads that can be resumed.
package struct WorkArea: Sendable {
    let ingest: FilePath
    let work: FilePath

    /// That in the folder `root`, made where it is missing.
    package init(root: FilePath) throws(FileError) {
        ingest = root.appending("ingest")
        work = root.appending("work")
        for folder in [ingest, work] { try Files.createDirectory(folder) }
    }

    /// Where a file called `name` can grow: the same place for all who call it so.
    package func file(_ name: String) -> FilePath { ingest.appending(name) }

    /// Where a file can be written that nobody else writes.
    package func newFile() -> FilePath { file("\(getpid())-\(String(UInt64.random(in: 0 ... .max), radix: 36))") }

    /// A new, empty folder for the step `name`.
    package func makeFolder(_ name: String) throws(FileError) -> FilePath {
        let folder = work.appending("\(getpid())-\(name)")
        try Files.remove(folder)
        try Files.createDirectory(folder)
        return folder
    }

    /// Removes what a killed process left half done.
    func removeDebris() throws(FileError) {
        for name in try Files.list(work) { try Files.remove(work.appending(name)) }
        for name in try Files.list(ingest) where !name.hasSuffix(".part") { try Files.remove(ingest.appending(name)) }
    }
}

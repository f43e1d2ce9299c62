package import Archives
import Primitives

extension DebFile {
    /// The changelog of the Debian package called `package` that this file has for its users (Debian Policy 12.7); nil where it has
    /// none: many have a link in its place, to that of another package of the same source.
    ///
    /// - Throws: `ArchiveError` where the file is damaged.
    package func changelog(of package: String) throws -> DebianChangelog? {
        let folder = ["usr", "share", "doc", package]
        // Packages of Debian's own have no upstream, and their changelog the name that upstream's has otherwise.
        let names = ["changelog.Debian", "changelog"]
        var found: [String: DebianChangelog] = [:]
        do {
            try forEachEntry { entry, content in
                let parts = entry.displayPath.split(separator: "/").drop { $0 == "." }.map(String.init)
                guard parts.count == 5, Array(parts.dropLast()) == folder, case .file(let size) = entry.kind,
                    size <= Self.changelogLimit.bytes, let file = parts.last
                else { return }
                let name = file.hasSuffix(".gz") ? String(file.dropLast(3)) : file
                guard names.contains(name), let bytes = try Self.text(of: file, size: Int(size), content) else {
                    return
                }
                found[name] = DebianChangelog(bytes)
                if name == names[0], found[name] != nil { throw Found() }
            }
        } catch is Found {}
        return names.lazy.compactMap { found[$0] }.first
    }

    /// What was looked for is found: the rest need not be unpacked.
    private struct Found: Error {}

    /// Larger than any there is; glibc's has 2 MB.
    private static var changelogLimit: ByteCount { ByteCount(32_000_000) }

    /// The content of `file`, unpacked; nil where it is none that gzip made.
    private static func text(of file: String, size: Int, _ content: borrowing EntryContent) throws -> [UInt8]? {
        var failure: ArchiveError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            do throws(ArchiveError) {
                count = try content.read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return try? Compression(fileName: file).decompress(bytes, name: file, limit: changelogLimit)
    }
}

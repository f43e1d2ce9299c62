import Archives
import Primitives
import SystemPackage

/// What lies on an image, with the digest of every file.
struct ImageContent: Sendable {
    /// A file whose bytes could be read, or why they could not.
    typealias Read = Result<Digest, ArchiveError>

    let volume: DiscVolume
    /// By path.
    let entries: [String: DiscVolume.Entry]

    /// What can be read of a file that is evidence; in bytes.
    private static let limit = ByteCount(512 << 20)

    /// Throws `ArchiveError` where the folders of the image can't be read.
    init(_ volume: DiscVolume) throws(ArchiveError) {
        self.volume = volume
        entries = Dictionary(try volume.entries().map { ($0.path, $0) }) { first, _ in first }
    }

    /// The paths of all files, sorted.
    var files: [String] { entries.values.filter { $0.kind != .folder }.map(\.path).sorted() }

    /// Whether there is a file at `path`.
    func has(_ path: String) -> Bool { entries[path]?.kind == .file }

    /// The bytes of a file. Throws `EvidenceError` where there is none, and `ArchiveError`.
    func bytes(_ path: String) throws -> [UInt8] {
        guard let entry = entries[path], entry.kind == .file else {
            throw EvidenceError("\(path) is not on the image")
        }
        return try volume.bytes(of: entry, limit: Self.limit)
    }

    /// The names in `folder`, without those in folders below it.
    func names(in folder: String) -> [String] {
        let prefix = folder + "/"
        return entries.keys.filter { $0.hasPrefix(prefix) && !$0.dropFirst(prefix.count).contains("/") }
            .map { String($0.dropFirst(prefix.count)) }.sorted()
    }

    /// The digest of the whole image, and that of every file on it. Blocks.
    ///
    /// Two threads read the image from its beginning to its end side by side, one for each: so what one has read of a slow medium, the
    /// other finds in memory.
    func digests() -> (whole: Read, files: [String: Read]) {
        let files = entries.values.filter { $0.kind == .file }.sorted { place(of: $0) < place(of: $1) }
        let size = volume.size
        let results = BlockingWork.concurrently(2, threads: 2) { number -> [(String, Read)] in
            guard number == 1 else { return [("", digest(of: [0..<size]))] }
            return files.map { ($0.path, digest(of: $0.extents)) }
        }
        let whole = results.first?.first?.1 ?? .failure(ArchiveError(volume.path.string, .truncated))
        return (whole, Dictionary(results.last ?? []) { first, _ in first })
    }

    private func place(of entry: DiscVolume.Entry) -> Int64 { entry.extents.first?.lowerBound ?? 0 }

    private func digest(of extents: [Range<Int64>]) -> Read {
        var hasher = SHA256Hasher()
        do throws(ArchiveError) {
            for extent in extents { try volume.forEachPiece(of: extent) { hasher.update($0) } }
        } catch {
            return .failure(error)
        }
        return .success(hasher.finalize())
    }
}

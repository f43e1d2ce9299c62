import Primitives

/// Paths of files in one tree, of which several may ask for the same: a file is its digest, and archives call many of them
/// `latest_amd64.deb`.
struct DistinctPaths {
    private var contested: Set<String> = []

    /// `wanted` has the path that each file is to have.
    init(_ wanted: some Sequence<(path: String, digest: Digest)>) {
        var known: [String: Digest] = [:]
        for (path, digest) in wanted {
            if known.updateValue(digest, forKey: path).map({ $0 != digest }) ?? false { contested.insert(path) }
        }
    }

    /// `path`; where another file asks for it too, with the beginning of the digest before its last part.
    func path(_ path: String, of digest: Digest) -> String {
        guard contested.contains(path) else { return path }
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        return "\(path[..<start])\(digest.hex.prefix(16))-\(path[start...])"
    }
}

extension ArchiveFile {
    /// What `files` are called in a flat tree, by how they identify themselves: their own names, as far as those tell them apart.
    package static func names(of files: [ArchiveFile]) -> [ArchiveFile: String] {
        let paths = DistinctPaths(files.lazy.map { ($0.name, $0.digest) })
        return Dictionary(files.map { ($0, paths.path($0.name, of: $0.digest)) }) { first, _ in first }
    }
}

package import Primitives
package import SystemPackage

/// Files with the keys whose signatures count.
package struct KeyFiles: Hashable, Sendable {
    /// In any order; one may hold several keys.
    package let files: [FilePath]

    package init(_ files: [FilePath]) { self.files = files }

    /// Says which keys count, in whatever order and under whatever names: the digest of the file where there is one, else that of
    /// the files' digests.
    package func digest() throws(FileError) -> Digest {
        var digests: Set<Digest> = []
        for file in files { digests.insert(try Files.digest(file).digest) }
        if digests.count == 1, let only = digests.first { return only }
        return Digest(of: digests.map(\.hex).sorted().joined(separator: "\n").utf8)
    }
}

/// A file of a repository that is made here.
package struct RepositoryFile: Sendable, Equatable {
    /// Below the repository's root: "dists/trixie/InRelease".
    package let path: String
    /// All of it, packed where it is.
    package let bytes: [UInt8]
    /// Of `bytes`.
    package let digest: Digest

    /// The digest is worked out.
    package init(path: String, bytes: [UInt8]) { self.init(path: path, bytes: bytes, digest: Digest(of: bytes)) }

    /// With the digest of `bytes`, where it is known.
    package init(path: String, bytes: [UInt8], digest: Digest) {
        self.path = path
        self.bytes = bytes
        self.digest = digest
    }
}

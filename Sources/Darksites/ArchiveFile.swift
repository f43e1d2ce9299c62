import ContentStore
package import Primitives

/// A file of a repository whose bytes are known beforehand.
package struct ArchiveFile: Hashable, Sendable {
    package let repository: String
    /// Relative to the repository's address: "pool/main/z/zsh/zsh_5.9-8_amd64.deb".
    package let path: String
    package let digest: Digest
    package let size: ByteCount
    /// Other paths at which an archive may keep the same bytes ("…/by-hash/SHA256/…"), better ones first.
    package let otherPaths: [String]
    /// What it is called in a tree: its own file name, unless told otherwise.
    package let name: String

    package init(
        repository: String, path: String, digest: Digest, size: ByteCount, otherPaths: [String] = [],
        name: String? = nil
    ) {
        self.repository = repository
        self.path = path
        self.digest = digest
        self.size = size
        self.otherPaths = otherPaths
        self.name = name ?? path.split(separator: "/").last.map(String.init) ?? path
    }

    /// What people know it as.
    var shown: String { name == digest.hex ? "\(repository) \(path)" : name }

    /// A line that says all of it, for a step's input: where mirrors are is no part of it.
    package var line: String { "\(digest.hex) \(size.bytes) \(repository) \(path)" }
}

/// Where the repositories of a declaration are: for each by name, the addresses that have it, best first.
package struct RepositoryAddresses: Sendable {
    /// URLs or folders, without a slash at the end.
    package let byName: [String: [String]]

    package init(_ byName: [String: [String]]) { self.byName = byName }

    /// All places that may have `file`.
    func sources(of file: ArchiveFile) -> [String] {
        (byName[file.repository] ?? []).flatMap { address in
            (file.otherPaths + [file.path]).map { "\(address)/\($0)" }
        }
    }

    func sources(_ path: String, in repository: String) -> [String] {
        (byName[repository] ?? []).map { "\($0)/\(path)" }
    }
}

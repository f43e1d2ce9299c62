import APT
import ContentStore
package import Locking
package import Packages
package import Primitives
import RPM

/// A file of a repository whose bytes are known beforehand.
package struct ArchiveFile: Hashable, Sendable {
    /// The one that has it, as the declaration calls it.
    package let repository: String
    /// Relative to the repository's address: "pool/main/z/zsh/zsh_5.9-8_amd64.deb".
    package let path: String
    /// Of its bytes: what is fetched must have it.
    package let digest: Digest
    /// In bytes, just so many.
    package let size: ByteCount
    /// Other paths at which an archive may keep the same bytes ("…/by-hash/SHA256/…"), better ones first.
    package let otherPaths: [String]
    /// What it is called in a tree: its own file name, unless told otherwise.
    package let name: String

    /// Without a `name` it is called as the last part of `path` is.
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

    /// An index, called after its digest because all are called Packages. An archive that keeps indexes by their hash has this one as
    /// long as it has this snapshot; whether this one does, the signed file says (`byHash`), else it may where there are suites.
    package init(_ index: LockedIndex, byHash: Bool? = nil) {
        let byHash = byHash ?? (index.suite != nil)
        self.init(
            repository: index.repository, path: index.path, digest: index.digest, size: index.size,
            otherPaths: byHash ? [Release.byHashPath(of: index.path, index.digest)] : [], name: index.digest.hex)
    }

    /// What people know it as.
    var shown: String { isIndex ? "\(repository) \(path)" : name }

    /// Whether it is an index of a repository, which is called after its digest.
    var isIndex: Bool { name == digest.hex }

    /// A line that says all of it, for a step's input: where mirrors are is no part of it.
    package var line: String { "\(digest.hex) \(size.bytes) \(repository) \(path)" }
}

/// Where the repositories of a declaration are: for each by name, the addresses that have it, best first.
package struct RepositoryAddresses: Sendable {
    /// URLs or folders, without a slash at the end.
    private(set) package var byName: [String: [String]]
    /// What is asked when no mirror has a file any more.
    package let services: [String: SnapshotService]
    /// Repositories that could have one, and for which none is declared.
    package let withoutService: Set<String>
    /// Where the lists of those repositories are whose mirrors are found so. Where a repository has addresses, they count, and
    /// a metalink only vouches for what they have.
    package let lists: [String: MirrorListSource]
    /// Files of repositories of the user's own, by digest: URLs.
    package let files: [Digest: String]
    /// The dates of the locked snapshots of each repository, latest first: when to ask a service for a package of theirs.
    private(set) package var dates: [String: [LockDate]]
    /// The lists of mirrors of last time, which count where the server of lists does not answer.
    package let kept: KeptResults?

    package init(
        _ byName: [String: [String]], services: [String: SnapshotService] = [:], withoutService: Set<String> = [],
        lists: [String: MirrorListSource] = [:], files: [Digest: String] = [:], dates: [String: [LockDate]] = [:],
        kept: KeptResults? = nil
    ) {
        self.byName = byName
        self.files = files
        self.services = services
        self.withoutService = withoutService
        self.lists = lists
        self.dates = dates
        self.kept = kept
    }

    /// The same addresses for what `snapshots` have.
    package func at(_ snapshots: [LockedSnapshot]) -> RepositoryAddresses {
        var addresses = self
        addresses.dates = Dictionary(grouping: snapshots, by: \.repository)
            .mapValues { Set($0.map(\.date)).sorted(by: >) }
        return addresses
    }

    /// The same but for the addresses.
    func at(_ mirrors: [String: [String]]) -> RepositoryAddresses {
        var addresses = self
        addresses.byName = mirrors
        return addresses
    }

    /// All places that may have `file`: the mirrors, then the snapshot service.
    func sources(of file: ArchiveFile) -> [String] {
        if RepositoryPath.isAddress(file.path) { return [file.path] }
        let archives = (byName[file.repository] ?? []) + services(file.repository, dates[file.repository] ?? [])
        let exact = services[file.repository]?.address(of: file.digest)
        return (files[file.digest].map { [$0] } ?? [])
            + archives.flatMap { address in
                (file.otherPaths + [file.path]).map { Self.url(of: $0, at: address) }
            } + (exact.map { [$0] } ?? [])
    }

    /// Where the file called `path` is below `address`: its name as apt and dnf encode it. Of a folder's,
    /// the whole is encoded where it is asked for.
    package static func url(of path: String, at address: String) -> String {
        return "\(address)/" + (address.hasPrefix("/") ? path : PercentEncoding.path(path))
    }

    /// A place that may have a repository, or one file of it.
    struct Place {
        let address: String
        let isFile: Bool

        func url(_ path: String) -> String { isFile ? address : RepositoryAddresses.url(of: path, at: address) }
    }

    /// Where the signed file of a suite may be: today's on the mirrors, that of `known` with the snapshot service too.
    func places(of repository: String, known: LockedSnapshot?) -> [Place] {
        let mirrors = byName[repository] ?? []
        guard let known else { return mirrors.map { Place(address: $0, isFile: false) } }
        let exact = services[repository]?.address(of: known.digest)
        return (mirrors + services(repository, [known.date])).map { Place(address: $0, isFile: false) }
            + (exact.map { [Place(address: $0, isFile: true)] } ?? [])
    }

    private func services(_ repository: String, _ dates: [LockDate]) -> [String] {
        services[repository]?.archives(at: dates) ?? []
    }
}

import APT
import BuildGraph
import Locking
import Primitives

extension APTSnapshotFetch {
    static let suiteNoun = "suite"
    static let signedFile = "Release file"

    func holdsPackages(_ index: LockedIndex) -> Bool { true }

    func names(_ index: LockedIndex, in state: State) -> Bool { state.names(index) }

    func notices(on state: State, of source: APTRepositorySource) -> [String] { [] }

    func faults(of packages: [LockedPackage], in indexes: [LockedIndex]) async throws -> [ChainFault] {
        let table = try await VerifiedIndexes(store: access.store).table(of: indexes, architectures: architectures)
        return try await BlockingWork.run { try packages.compactMap { try table.fault(of: $0) } }
    }
}

extension APTSnapshotFetch.State {
    /// Whether the signed file names `index`, under its path and with its size and digest, as one of its component and
    /// architecture.
    fileprivate func names(_ index: LockedIndex) -> Bool {
        if indexes.contains(index) { return true }
        // Another form of one that is taken today: what an older deploy preferred.
        func stem(_ path: String) -> Substring {
            let file = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
            return path[..<(path[file...].firstIndex(of: ".") ?? path.endIndex)]
        }
        let folder = Release.folder(of: index.suite ?? "")
        guard index.path.hasPrefix(folder),
            let entry = release.entries[String(index.path.dropFirst(folder.utf8.count))],
            indexes.contains(where: {
                $0.component == index.component && $0.architecture == index.architecture
                    && stem($0.path) == stem(index.path)
            })
        else { return false }
        return entry.digest == index.digest && entry.size == index.size
    }
}

extension PackageTable {
    /// What is wrong with a locked package, going by this table of signed indexes; nil where nothing is.
    fileprivate func fault(of package: LockedPackage) throws(PackageIndexError) -> ChainFault? {
        let same = packages(named: package.name).filter {
            "\(version(of: $0))" == package.version && architecture(of: $0) == package.architecture
        }
        var candidates: [ChainFault.Candidate] = []
        for candidate in same {
            let details = try details(of: candidate)
            candidates.append(
                ChainFault.Candidate(
                    repositories: Set(origins(of: candidate).map(\.repository)), path: details.filename,
                    size: details.size, digest: details.sha256.hex))
        }
        return ChainFault.of(package, candidates: candidates)
    }
}

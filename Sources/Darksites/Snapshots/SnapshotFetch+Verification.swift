import APT
package import Locking
import Primitives

extension SnapshotFetch {
    /// Follows `locked` from the declared keys to each of its packages: who signed each Release file, that it names each index,
    /// and that an index of its repository has each package just as the lock says. What of it the store does not have is fetched.
    /// With `isStale` the lock fits another declaration: what is of repositories and suites that are not declared is passed over.
    ///
    /// Throws what stands in the way of that, as `SignatureError` and `SnapshotGone`; lines that do not hold are in the result.
    package func verify(
        _ locked: LockedDistribution, sources: [RepositorySource], architectures: [String], isStale: Bool
    ) async throws -> LockVerification {
        var result = LockVerification(isStale: isStale)
        var statements: [Part] = []
        for snapshot in locked.snapshots {
            guard let source = sources.first(where: { $0.name == snapshot.repository }),
                source.suites.contains(snapshot.suite)
            else {
                result.passOver(undeclared: snapshot, "suite")
                continue
            }
            // What is of files of the user's own is made of them again; where those changed, the lock is behind them.
            if let own = source.own, try await part(of: own, source, architectures).snapshot != snapshot, isStale {
                result.passedOver.insert(snapshot.repository)
                continue
            }
            let named = locked.indexes.filter { $0.repository == snapshot.repository && $0.suite == snapshot.suite }
            let part = try await part(snapshot, named, of: source, architectures: architectures)
            statements.append(part)
            result.note(
                snapshot, expiredSigner: part.expiredSigner, validUntil: part.release.validUntil, now: now)
            result.compare(snapshot, with: part.snapshot)
        }
        var named: [(index: LockedIndex, byHash: Bool)] = []
        for index in locked.indexes {
            let states = statements.filter {
                $0.snapshot.repository == index.repository && $0.snapshot.suite == index.suite
            }
            if let state = states.first(where: { $0.names(index) }) {
                named.append((index, state.byHash))
            } else if !states.isEmpty || !isStale {
                result.addUnnamed(index, by: "Release file")
            }
        }
        let fetch = PackageFetch(addresses: addresses.at([locked]), downloader: downloader)
        try await fetch.fetch(named.map { Self.file(of: $0.index, byHash: $0.byHash) }, into: store, areLocked: true)
        let indexes = named.map(\.index)
        let packages = result.packages(of: locked)
        let table = try await VerifiedIndexes(store: store).table(of: indexes, architectures: architectures)
        result.faults += try await BlockingWork.run { try packages.compactMap { try table.fault(of: $0) } }
        return result
    }
}

extension SnapshotFetch.Part {
    /// Whether the signed file names `index`, under its path and with its size and digest, as one of its component and
    /// architecture.
    fileprivate func names(_ index: LockedIndex) -> Bool {
        if indexes.contains(index) { return true }
        // Another form of one that is taken today: what an older deploy preferred.
        func stem(_ path: String) -> Substring {
            let file = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
            return path[..<(path[file...].firstIndex(of: ".") ?? path.endIndex)]
        }
        let folder = Release.folder(of: index.suite)
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
        let shown = ChainFault.shown(package)
        var seen: [String] = []
        for candidate in same {
            let details = try details(of: candidate)
            let repositories = Set(origins(of: candidate).map(\.repository))
            let isHere = repositories.contains(package.repository)
            if isHere, details.sha256 == package.digest, details.size == package.size, details.filename == package.path
            {
                return nil
            }
            let repository = isHere ? package.repository : repositories.sorted().joined(separator: ", ")
            seen.append(
                "\(repository) has it as \(details.filename), \(details.size.bytes) bytes, \(details.sha256.hex)")
        }
        guard same.isEmpty else {
            return ChainFault(
                subject: .package(package), what: "\(shown): no signed index of \(package.repository) has this file",
                details: [
                    "locked: \(package.path), \(package.size.bytes) bytes, \(package.digest.hex)"
                ] + seen)
        }
        return ChainFault(
            subject: .package(package), what: "\(shown): no signed index of \(package.repository) has it",
            mayBeMerged: true)
    }
}

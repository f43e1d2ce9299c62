import BuildGraph
import ContentStore
package import Locking
import Packages
import Primitives
import RPM

extension RPMSnapshotFetch {
    /// What `SnapshotFetch.verify` is for suites of Debian packages: from the declared keys over repomd.xml and the indexes to each
    /// package.
    ///
    /// Who trusts a metalink trusts what it says today: a locked state is one that this host saw vouched for, or that the
    /// metalink still knows. A state that it has forgotten is taken with a notice, because the packages of such repositories are
    /// signed one by one, and looked at so before they are put into a mirror.
    package func verify(
        _ locked: LockedDistribution, sources: [RPMRepositorySource], isStale: Bool
    ) async throws -> LockVerification {
        var result = LockVerification(isStale: isStale)
        var statements: [Part] = []
        for snapshot in locked.snapshots {
            guard let source = sources.first(where: { $0.name == snapshot.repository }),
                snapshot.suite == LockedSnapshot.noSuite
            else {
                result.passOver(undeclared: snapshot, "repository")
                continue
            }
            if let own = source.own, try await part(of: own, source).snapshot != snapshot, isStale {
                result.passedOver.insert(snapshot.repository)
                continue
            }
            let part = try await part(snapshot, locked.indexes.filter { $0.repository == source.name }, of: source)
            statements.append(part)
            result.note(snapshot, expiredSigner: part.expiredSigner, validUntil: nil, now: now)
            if source.trust == .metalink, try await !isVouchedFor(part, of: source) {
                result.notices.append(
                    "\(snapshot.shown): its metalink does not know the locked state of \(snapshot.date) any more: the signatures of its packages alone vouch for them"
                )
            }
            result.compare(snapshot, with: part.snapshot)
        }
        var named: [LockedIndex] = []
        for index in locked.indexes where !result.passesOver(index.repository) {
            let states = statements.filter { $0.source.name == index.repository }
            var isNamed = false
            for state in states where !isNamed { isNamed = try await state.names(index, fetch: self) }
            if isNamed {
                named.append(index)
            } else {
                result.addUnnamed(index, by: "repomd.xml")
            }
        }
        let primaries = named.filter { $0.component == "primary" }
        try await fetch(primaries, of: locked)
        let packages = result.packages(of: locked)
        let bytes = try await VerifiedIndexes(store: store).bytes(of: primaries)
        result.faults += try await BlockingWork.run {
            let table = try RPMTable(
                primaries.map { index in
                    let source = "\(index.repository) \(index.path)"
                    return (
                        index: try PrimaryIndex(reading: bytes[index.digest] ?? [], source: source),
                        repository: index.repository
                    )
                })
            return packages.compactMap(table.fault)
        }
        return result
    }

    func fetch(_ indexes: [LockedIndex], of locked: LockedDistribution) async throws {
        try await PackageFetch(addresses: addresses.at([locked]), downloader: downloader).fetch(
            indexes.map { SnapshotFetch.file(of: $0, byHash: false) }, into: store, areLocked: true)
    }

    // MARK: Metalinks

    private func vouchedName(_ part: Part) -> String { "\(part.snapshot.digest.hex)-metalink-\(part.source.name)" }

    /// Keeps that the metalink vouched for a state.
    func keepVouched(_ part: Part) { kept?.keep([], as: vouchedName(part), in: .signed) }

    private func isVouchedFor(_ part: Part, of source: RPMRepositorySource) async throws -> Bool {
        if kept?.content(vouchedName(part), in: .signed) != nil { return true }
        let bytes = SignedFile(stored: try await store.bytes(of: part.snapshot.blob)).bytes
        // A server of metalinks that does not answer vouches for nothing.
        guard let mirrors = try? await mirrors(of: source), (try? mirrors.rank(of: bytes, of: source.name)) != nil
        else {
            return false
        }
        keepVouched(part)
        return true
    }
}

extension RPMSnapshotFetch.Part {
    /// Whether repomd.xml names `index`, under its path and with its size and digest, as what the lock says it is.
    fileprivate func names(_ locked: LockedIndex, fetch: RPMSnapshotFetch) async throws -> Bool {
        let files = locked.component == "group" ? index.groups : [index.file(locked.component)].compactMap { $0 }
        guard let file = files.first(where: { $0.location == locked.path }), file.checksumKind.isTrusted,
            file.size.map({ ByteCount($0) == locked.size }) ?? true
        else { return false }
        if let digest = file.sha256 { return digest == locked.digest }
        // Of another kind of digest the bytes say whether it is theirs.
        let one = LockedDistribution(
            name: "", family: .rpm, architecture: locked.architecture, asked: nil, snapshots: [snapshot],
            indexes: [locked],
            packages: [])
        try await fetch.fetch([locked], of: one)
        guard try await fetch.store.fetch(locked.blob) else { return false }
        return file.checksumKind.digits(of: try await fetch.store.bytes(of: locked.blob)) == file.checksum
    }
}

extension RPMTable {
    /// What is wrong with a locked package, going by this table of signed indexes; nil where nothing is.
    fileprivate func fault(of package: LockedPackage) -> ChainFault? {
        let same = packages(named: package.name).filter {
            version(of: $0).text == package.version && architecture(of: $0) == package.architecture
        }
        let shown = ChainFault.shown(package)
        var seen: [String] = []
        for candidate in same {
            let details = details(of: candidate)
            let isHere = details.repository == package.repository
            if isHere, details.checksumKind == .sha256, details.checksum == package.digest.hex,
                details.size == package.size, details.location == package.path, details.base == nil
            {
                return nil
            }
            seen.append(
                "\(details.repository) has it as \(details.location), \(details.size.bytes) bytes, \(details.checksum)")
        }
        guard same.isEmpty else {
            return ChainFault(
                subject: .package(package), what: "\(shown): no signed index of \(package.repository) has this file",
                details: ["locked: \(package.path), \(package.size.bytes) bytes, \(package.digest.hex)"] + seen)
        }
        return ChainFault(
            subject: .package(package), what: "\(shown): no signed index of \(package.repository) has it",
            mayBeMerged: true)
    }
}

import BuildGraph
import ContentStore
import Declaration
import Locking
import Primitives
import RPM

extension RPMSnapshotFetch {
    static let suiteNoun = "repository"
    static let signedFile = "repomd.xml"

    func holdsPackages(_ index: LockedIndex) -> Bool { index.component == "primary" }

    /// Who trusts a metalink trusts what it says today: a locked state is one that this host saw vouched for, or that the
    /// metalink still knows. A state that it has forgotten is taken with a notice, because the packages of such repositories are
    /// signed one by one, and looked at so before they are put into a mirror.
    func notices(on state: State, of source: RPMRepositorySource) async throws -> [String] {
        guard source.trust == .metalink, try await !isVouchedFor(state, of: source) else { return [] }
        return [
            "\(state.snapshot.shown): its metalink does not know the locked state of \(state.snapshot.date) any more: the signatures of its packages alone vouch for them"
        ]
    }

    /// Whether repomd.xml names `locked`, under its path and with its size and digest, as what the lock says it is.
    func names(_ locked: LockedIndex, in state: State) async throws -> Bool {
        let index = state.index
        let files =
            locked.component == "group" ? index.groups : [locked.component.flatMap(index.file)].compactMap { $0 }
        guard let file = files.first(where: { $0.location == locked.path }), file.checksumKind.isTrusted,
            file.size.map({ ByteCount($0) == locked.size }) ?? true
        else { return false }
        if let digest = file.sha256 { return digest == locked.digest }
        // Of another kind of digest the bytes say whether it is theirs.
        try await PackageFetch(addresses: access.addresses.at([state.snapshot]), downloader: access.downloader).fetch(
            [state.file(of: locked)], into: access.store, areLocked: true)
        guard try await access.store.fetch(locked.blob) else { return false }
        return file.checksumKind.digits(of: try await access.store.bytes(of: locked.blob)) == file.checksum
    }

    func faults(of packages: [LockedPackage], in indexes: [LockedIndex]) async throws -> [ChainFault] {
        let bytes = try await VerifiedIndexes(store: access.store).bytes(of: indexes)
        return try await BlockingWork.run {
            let table = try RPMTable(
                indexes.map { index in
                    let source = "\(index.repository) \(index.path)"
                    return (
                        index: try PrimaryIndex(reading: bytes[index.digest] ?? [], source: source),
                        repository: index.repository
                    )
                })
            return packages.compactMap(table.fault)
        }
    }

    // MARK: Metalinks

    private func vouchedName(_ state: State) -> String { "\(state.snapshot.digest.hex)-metalink-\(state.source.name)" }

    /// Keeps that the metalink vouched for a state.
    func keepVouched(_ state: State) { access.kept?.keep([], as: vouchedName(state), in: .signed) }

    private func isVouchedFor(_ state: State, of source: RPMRepositorySource) async throws -> Bool {
        if access.kept?.content(vouchedName(state), in: .signed) != nil { return true }
        let bytes = SignedFile(stored: try await access.store.bytes(of: state.snapshot.blob)).bytes
        // A server of metalinks that does not answer vouches for nothing.
        guard let mirrors = try? await mirrors(of: source), (try? mirrors.rank(of: bytes, of: source.name)) != nil
        else {
            return false
        }
        keepVouched(state)
        return true
    }
}

extension RPMTable {
    /// What is wrong with a locked package, going by this table of signed indexes; nil where nothing is.
    fileprivate func fault(of package: LockedPackage) -> ChainFault? {
        let same = packages(named: package.name).filter {
            version(of: $0).text == package.version && architecture(of: $0) == package.architecture
        }
        return ChainFault.of(
            package,
            candidates: same.map { candidate in
                let details = details(of: candidate)
                return ChainFault.Candidate(
                    repositories: [details.repository],
                    path: RepositoryPath.joined(details.location, base: details.base) ?? details.location,
                    size: details.size, digest: details.checksum)
            })
    }
}

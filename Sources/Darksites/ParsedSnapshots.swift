package import APT
import Archives
package import ContentStore
package import Primitives
import SystemPackage

/// What a store keeps of indexes and signatures beside the blobs, so that no question has to read them anew. All of it can be
/// made again.
package struct ParsedSnapshots: Sendable {
    private let store: ContentStore
    private var folder: FilePath { store.root.appending("parsed") }
    private var files: ParsedFiles { ParsedFiles(folder: folder, ingest: store.ingestFolder) }
    package var indexes: ParsedIndexes { ParsedIndexes(folder: folder, ingest: store.ingestFolder) }
    var packages: ParsedRPMSnapshots { ParsedRPMSnapshots(folder: files) }

    package init(store: ContentStore) { self.store = store }

    /// `index` as a file of the store.
    package func file(_ index: LockedIndex, origin: IndexOrigin) -> IndexFile {
        IndexFile(
            path: store.path(of: index.digest), digest: index.digest, compression: Compression(fileName: index.path),
            source: "\(index.repository) \(index.path)", origin: origin)
    }

    /// The packages of all indexes of `snapshot`, which the store must hold intact.
    package func table(of snapshot: Snapshot, architectures: [String]) throws -> PackageTable {
        try indexes.table(
            of: files(of: snapshot), architecture: architectures[0],
            foreignArchitectures: Array(architectures.dropFirst()))
    }

    /// The table of `snapshot`, where it was made before and the store still has the indexes, whose bytes are not looked at.
    func known(_ snapshot: Snapshot, architectures: [String]) -> PackageTable? {
        guard snapshot.indexes.allSatisfy({ store.contains($0.digest, size: $0.size.bytes) }) else { return nil }
        return indexes.known(
            files(of: snapshot), architecture: architectures[0], foreignArchitectures: Array(architectures.dropFirst()))
    }

    /// `table`, which is that of `snapshot`, with the packages of one more index.
    func table(
        _ table: PackageTable, of snapshot: Snapshot, adding index: PackageIndex, origin: IndexOrigin
    ) throws(PackageIndexError) -> PackageTable {
        try indexes.table(table, of: files(of: snapshot), adding: index, origin: origin)
    }

    private func files(of snapshot: Snapshot) -> [IndexFile] {
        snapshot.indexes.map { index in
            let release = snapshot.release(index.repository, index.suite)
            let origin = IndexOrigin(
                repository: index.repository, site: snapshot.sites[index.repository] ?? "", suite: index.suite,
                component: index.component == LockedIndex.none ? "" : index.component,
                architecture: index.architecture == LockedIndex.none ? "" : index.architecture,
                origin: release?.origin ?? "",
                label: release?.label ?? "", archive: release?.suite ?? "",
                codename: release?.codename ?? "", version: release?.version ?? "",
                notAutomatic: release?.notAutomatic ?? false,
                butAutomaticUpgrades: release?.butAutomaticUpgrades ?? false,
                generation: snapshot.generations[index.digest] ?? 0)
            return file(index, origin: origin)
        }
    }

    /// Removes all that is not of the indexes and signed files in `kept`; returns the size of that.
    package func removeAll(but kept: Set<Digest>) throws(FileError) -> ByteCount {
        var removed = try files.removeAll(
            but: kept,
            versions: ["table": ParsedIndexes.tableVersion, ParsedRPMSnapshots.ending: ParsedRPMSnapshots.version])
        guard Files.exists(signedFolder) else { return removed }
        for name in try Files.list(signedFolder) {
            if let digest = Digest(hex: String(name.prefix(64))), kept.contains(digest) { continue }
            let path = signedFolder.appending(name)
            if let status = try FileStatus(at: path) { removed += ByteCount(status.size) }
            try Files.remove(path)
        }
        return removed
    }

    // MARK: Signatures

    /// What gpgv found in a signed file with a keyring.
    struct Signed: Hashable {
        let payload: [UInt8]
        /// Their user ids.
        let signers: [String]
    }

    private var signedFolder: FilePath { store.root.appending("signed") }

    private func signedPath(_ file: Digest, _ keyring: Digest) -> FilePath {
        signedFolder.appending("\(file.hex)-\(keyring.hex)")
    }

    /// What gpgv finds in `file` with `keys`; for a locked one, what it found when the same bytes were verified against the same
    /// keys. `name` is what errors call it.
    func verified(_ file: SignedFile, keys: KeyFiles, _ name: String, isLocked: Bool) async throws -> Signed {
        let digest = Digest(of: file.stored)
        let keyring = try? keys.digest()
        if isLocked, let keyring, let known = signed(digest, keyring: keyring) { return known }
        let verifier = SignatureVerifier(keyrings: keys.files)
        let verified =
            if let signature = file.signature {
                try await verifier.verify(release: file.bytes, signature: signature, source: name)
            } else {
                try await verifier.verify(inRelease: file.bytes, source: name)
            }
        let found = Signed(payload: verified.payload, signers: verified.signers.map(\.name))
        if let keyring { keep(found, of: digest, keyring: keyring) }
        return found
    }

    /// What was found when the signed file with this digest was verified against the keyring with this digest; nil where that
    /// never happened, or can't be read any more.
    func signed(_ file: Digest, keyring: Digest) -> Signed? {
        guard let bytes = try? Files.read(signedPath(file, keyring)), bytes.count > 64,
            Digest(hex: bytes[..<64]) == Digest(of: bytes[64...])
        else { return nil }
        // The signers, a line each; an empty line; the payload.
        var signers: [String] = []
        var rest = bytes[64...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<newline]
            rest = rest[(newline + 1)...]
            if line.isEmpty { return Signed(payload: Array(rest), signers: signers) }
            signers.append(String(decoding: line, as: UTF8.self))
        }
        return nil
    }

    /// Keeps what was found. That it can't be kept is no error: then it is found again.
    func keep(_ signed: Signed, of file: Digest, keyring: Digest) {
        guard !signed.signers.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "\n")) }) else { return }
        let content = Array((signed.signers + ["", ""]).joined(separator: "\n").utf8) + signed.payload
        guard (try? Files.createDirectory(signedFolder)) != nil else { return }
        try? Files.write(Array(Digest(of: content).hex.utf8) + content, to: signedPath(file, keyring))
    }
}

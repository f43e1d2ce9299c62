import ContentStore
import Darksites
import Declaration
import Locking
import Packages
import Primitives
import RPM
import SystemPackage
import Transfer

/// Opens RPM repositories, which are folders with `repodata`, as the tool does: fetched the first time, locked and from what the
/// store has read before from then on.
struct RPMSnapshotTiming {
    let store: FilePath
    let folders: [FilePath]

    func run() async throws -> Int {
        let names = folders.map { $0.lastComponent?.string ?? "" }
        let addresses = Dictionary(zip(names, folders.map { ["file://\($0)"] })) { first, _ in first }
        let fetch = SnapshotFetch(
            names.map { RPMRepositorySource(name: $0, trust: .unsigned) }, architecture: "x86_64",
            access: ArchiveAccess(
                store: try ContentStore(root: store), derived: DerivedResults(root: store.appending("derived")),
                addresses: RepositoryAddresses(addresses), downloader: Downloader(), now: 0))
        let file = store.appending("deploy.lock")
        guard Files.exists(file) else {
            let snapshot = try await fetch.latest()
            let locked = LockedDistribution(
                name: "rpm", family: .rpm, architecture: "x86_64", asked: nil, snapshots: snapshot.snapshots,
                indexes: snapshot.indexes, packages: [])
            try Files.write(try LockWriter.text(of: Lock([locked])), to: file)
            return try Self.packages(of: snapshot)
        }
        let lock = try LockReader.read(try Files.read(file), file: file.string)
        guard let locked = lock["rpm"] else { throw Benchmarks.Usage() }
        return try Self.packages(of: await fetch.locked(locked))
    }

    private static func packages(of snapshot: Snapshot) throws -> Int {
        guard case .rpm(let content) = snapshot.content else { throw Benchmarks.Usage() }
        return content.table.packageCount
    }
}

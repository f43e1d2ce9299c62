import APT
package import BuildGraph
package import ContentStore
import Declaration
import Locking
import Packages
import Primitives
import Solver

/// Reads the packages of a snapshot, so that profiles can be resolved in them.
package struct CatalogReader: Sendable {
    private let store: any ArtifactStore
    private let derived: DerivedResults

    package init(store: any ArtifactStore, derived: DerivedResults) {
        self.store = store
        self.derived = derived
    }

    /// Reads the packages of `snapshot`, from what was parsed before, else from its indexes, and finds out which kernels
    /// its OpenZFS supports where a profile wants that; for this one package may have to be fetched. `hold` is what of an earlier
    /// resolution is to stay.
    ///
    /// Throws `PackageIndexError` where an index can't be understood, `ArchiveError` where it can't be unpacked, and what
    /// `fetch` throws.
    package func catalog(
        of snapshot: Snapshot, for request: ResolutionRequest, keeping hold: LockHold = LockHold(),
        fetch: PackageFetch
    ) async throws -> Catalog {
        switch (snapshot.content, request.rules) {
        case (.apt(let content), .apt(let rules)):
            let apt = try await catalog(of: snapshot, content, for: request, rules, keeping: hold, fetch: fetch)
            return Catalog(snapshot: snapshot, content: .apt(apt), hold: hold)
        case (.rpm(let content), .rpm(let rules)):
            return Catalog(
                snapshot: snapshot, content: .rpm(RPMCatalog(content: content, rules: rules)), hold: hold)
        case (.apt, .rpm), (.rpm, .apt): throw OtherFamily(distribution: request.distribution)
        }
    }

    private func catalog(
        of snapshot: Snapshot, _ content: APTSnapshotContent, for request: ResolutionRequest, _ rules: APTRules,
        keeping hold: LockHold, fetch: PackageFetch
    ) async throws -> APTCatalog {
        let parsed = ParsedSnapshots(store: store, derived: derived)
        let table =
            if let known = content.parsed {
                known
            } else {
                try await parsed.table(
                    of: snapshot, content, architectures: [request.architecture] + rules.foreignArchitectures)
            }
        let universe = hold.universe(of: table, in: snapshot, pins: rules.pins)
        var kernels: ZFSKernelRange?
        if let (file, version) = try zfsPackage(request, universe) {
            kernels = try await ZFSKernelRangeFetch(store: store, derived: derived, fetch: fetch)
                .range(of: file, version: version)
        }
        guard rules.prebuildsZFS, let module = modulePackage(request, universe, kernels) else {
            return APTCatalog(table: table, rules: rules, zfsKernels: kernels)
        }
        let index = try PackageIndex(parsing: module.stanza, source: "the zfs module")
        let origin = IndexOrigin(repository: Resolver.builtHere, suite: Resolver.builtHere, component: "main")
        return APTCatalog(
            table: try parsed.table(table, of: snapshot, content, adding: index, origin: origin), rules: rules,
            module: module, zfsKernels: kernels)
    }

    /// The module for the kernel that linux-image-<architecture> stands for, in the version of zfs-dkms.
    private func modulePackage(
        _ request: ResolutionRequest, _ universe: DebianUniverse, _ kernels: ZFSKernelRange?
    ) -> ZFSModulePackage? {
        if let kernels { _ = APTKernelChoice(kernels, in: universe) }
        guard let meta = universe.candidate(of: "linux-image-\(request.architecture)"),
            let zfs = universe.candidate(of: "zfs-dkms")
        else {
            return nil
        }
        let images = universe.requirements(of: meta).compactMap(\.candidates.first)
        guard let kernel = images.lazy.compactMap({ KernelPackage.release(ofImage: universe.table.name(of: $0)) }).first
        else { return nil }
        return ZFSModulePackage(
            kernel: kernel, version: "\(universe.table.version(of: zfs))", architecture: request.architecture)
    }

    /// The file and version of the zfs-dkms that profiles which want ZFS get; nil where none does, or there is none.
    private func zfsPackage(
        _ request: ResolutionRequest, _ universe: DebianUniverse
    ) throws -> (ArchiveFile, String)? {
        let asking = request.profiles.filter(\.wantsZFS)
        guard !asking.isEmpty else { return nil }
        let lines = asking.flatMap(\.sets.wanted).filter { ProfileRequest.zfsNames.contains($0.name) }
        let special = lines.first { ($0.version ?? $0.suite) != nil }
        let asked = PackageRequest(name: "zfs-dkms", version: special?.version, suite: special?.suite)
        // What can't be had is said with the line that asks for it.
        guard let package = try? universe.requirement(for: asked, label: 0).candidates.first,
            let origin = universe.table.origins(of: package).first
        else { return nil }
        let details = try universe.table.details(of: package)
        let file = ArchiveFile(
            repository: origin.repository, path: details.filename, digest: details.sha256, size: details.size)
        return (file, "\(details.version)")
    }
}

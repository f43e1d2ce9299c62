package import APT

/// The packages of a distribution's snapshot, and the prebuilt ZFS module beside them: what can be resolved and asked about.
package struct Catalog: Sendable {
    package let snapshot: Snapshot
    package let table: PackageTable
    /// nil where none is wanted, or the snapshot has no kernel or no ZFS.
    package let module: ZFSModulePackage?
    /// What an earlier resolution decided.
    package let hold: LockHold
    /// The kernels that the snapshot's OpenZFS supports; nil where no profile wants it, or it does not say.
    package let zfsKernels: ZFSKernelRange?

    package init(
        snapshot: Snapshot, table: PackageTable, module: ZFSModulePackage?, hold: LockHold = LockHold(),
        zfsKernels: ZFSKernelRange? = nil
    ) {
        self.snapshot = snapshot
        self.table = table
        self.module = module
        self.hold = hold
        self.zfsKernels = zfsKernels
    }

    /// The packages under `pins`, with the candidates that the lock holds.
    package func universe(pins: [Pin], includesRecommends: Bool = false) -> DebianUniverse {
        Self.universe(table, snapshot, hold, pins: pins, includesRecommends: includesRecommends)
    }

    static func universe(
        _ table: PackageTable, _ snapshot: Snapshot, _ hold: LockHold, pins: [Pin], includesRecommends: Bool = false
    ) -> DebianUniverse {
        let holdsVersions = hold.holdsVersions(in: snapshot)
        let universe = DebianUniverse(
            table, pins: pins, includesRecommends: includesRecommends, offersOtherVersions: holdsVersions)
        if holdsVersions { hold.apply(to: universe) }
        return universe
    }
}

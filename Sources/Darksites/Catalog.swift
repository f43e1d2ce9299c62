package import APT

/// The packages of a distribution's snapshot, and the prebuilt ZFS module beside them: what can be resolved and asked about.
package struct Catalog: Sendable {
    package let snapshot: Snapshot
    package let table: PackageTable
    /// nil where none is wanted, or the snapshot has no kernel or no ZFS.
    package let module: ZFSModulePackage?

    package init(snapshot: Snapshot, table: PackageTable, module: ZFSModulePackage?) {
        self.snapshot = snapshot
        self.table = table
        self.module = module
    }
}

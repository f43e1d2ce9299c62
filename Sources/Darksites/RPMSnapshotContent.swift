package import RPM

/// What the repositories of an RPM distribution have.
package struct RPMSnapshotContent: Sendable {
    /// What a lock has in the place of a suite.
    package static let suite = "-"

    package let table: RPMTable
    package let modules: ModuleMetadata
    package let groups: Comps
    /// By number of a repository of the table; see ``Snapshot/State``.
    package let generations: [Int]

    package init(table: RPMTable, modules: ModuleMetadata, groups: Comps, generations: [Int]) {
        self.table = table
        self.modules = modules
        self.groups = groups
        self.generations = generations
    }
}

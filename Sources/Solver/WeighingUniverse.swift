/// A universe whose package manager weighs all candidates anew whenever it chooses, as libsolv does.
package protocol WeighingUniverse: PackageUniverse {
    /// Packages that other packages bring in by being installed (Supplements), in order.
    var supplementing: [PackageID] { get }

    /// Those of several candidates that are good enough: of the best repository and architecture, the best version of each
    /// name, and none that another one obsoletes. By name.
    func narrowed(_ candidates: [PackageID]) -> [PackageID]

    /// Candidates of different names, the most wanted first.
    func ordered(_ candidates: [PackageID], isInstalled: (PackageID) -> Bool) -> [PackageID]

    /// By which installed package `package` is supplemented, and a label for it as of a requirement of that package; nil where
    /// it is not.
    func supplement(_ package: PackageID, isInstalled: (PackageID) -> Bool) -> (package: PackageID, label: Int32)?

    /// Whether `package` is not brought in by Supplements because another version, or it for another architecture, is
    /// installed.
    func isKeptOut(_ package: PackageID, isInstalled: (PackageID) -> Bool) -> Bool
}

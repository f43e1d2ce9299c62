package import Solver

/// Candidates that are decided from outside: what a lock holds, and what an update moves.
extension DebianUniverse {
    /// Makes `package` the candidate of its name, whatever its priority.
    package func hold(_ package: PackageID) { makeCandidate(package.index, followingSuite: nil) }

    /// Makes the version of `name` the candidate that apt would install if it knew every state of the suites; returns it, or
    /// nil where there is none.
    package func moveCandidate(of name: String) -> PackageID? {
        guard let number = table.names.find(name), let package = findCandidate(number, 0, acrossGenerations: true)
        else {
            return nil
        }
        makeCandidate(package, followingSuite: nil)
        return PackageID(package)
    }

    /// The other versions of a package's name and architecture that pins do not forbid, latest first.
    package func otherVersions(of package: PackageID) -> [PackageID] {
        let entry = table.entries[Int(package.index)]
        let others = table.packages(of: entry.name).filter { other in
            other != package.index && table.entries[Int(other)].slot == entry.slot && priority(other) >= 0
        }
        return others.sorted { DebianVersion.compare(table.versionBytes($0), table.versionBytes($1)) > 0 }
            .map { PackageID($0) }
    }
}

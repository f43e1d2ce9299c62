import APT
import Packages
import Solver

/// What our solver says of a list of packages: whether they need nothing but each other.
package enum ListedClosure {
    /// Nothing is missing.
    case closed
    /// One of them is not to be had at all.
    case absent(DistributionDelta.Package)
    /// They can't be installed together; the steps of the proof.
    case impossible([String])
    /// What they need besides.
    case open([String])

    /// Of the packages of `list` in `universe`, installed onto nothing; in a proof they are called "`owner`'s NAME".
    ///
    /// Throws `SolverLimitReached` where the solver gave up.
    package init(of list: [DistributionDelta.Package], in universe: any CatalogPackages, owner: String) throws {
        var items: [Requirement] = []
        var wanted: Set<PackageID> = []
        for (number, listed) in list.enumerated() {
            let package = universe.packages(named: listed.name).first {
                universe.version(of: $0) == listed.version && universe.architecture(of: $0) == listed.architecture
            }
            guard let package else {
                self = .absent(listed)
                return
            }
            wanted.insert(package)
            let architecture = listed.architecture == "all" ? nil : listed.architecture
            let request = PackageRequest(name: listed.name, architecture: architecture, version: listed.version)
            items += try universe.requirements(for: request, label: Int32(number), isOptional: false)
        }
        var solver = Solver(universe: universe)
        switch try solver.solve(SolverRequest(items: items)) {
        case .impossible(let explanation):
            self = .impossible(explanation.steps(in: universe) { "\(owner)'s \(list[Int($0)].name)" })
        case .solved(let solution):
            let more = Set(solution.packages).subtracting(wanted).map { universe.describe($0) }.sorted()
            self = more.isEmpty ? .closed : .open(more)
        }
    }
}

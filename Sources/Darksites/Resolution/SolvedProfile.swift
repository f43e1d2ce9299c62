package import Declaration
import Primitives
package import Solver

/// What one profile resolved to, and why. It keeps the universe it was solved in, to say things in words.
package struct SolvedProfile {
    /// What an item of the request stands for; its place in `wishes` is the item's label.
    package enum Wish: Hashable, Sendable {
        /// A package of the base system.
        case base(String)
        case line(PackageSetEntry)
        /// The prebuilt ZFS module.
        case module(String)
        /// A package that an update moves.
        case update(String)

        /// "\"htop\" (package-sets/debian/server.txt:41)"
        package var words: String {
            switch self {
            case .base(let name): "the base system's \(name)"
            case .line(let entry): "\"\(entry.text)\" (\(entry.location.file):\(entry.location.line))"
            case .module(let name): "the prebuilt \(name)"
            case .update(let name): "the update of \(name)"
            }
        }
    }

    /// "server"
    package let name: String
    /// What it was solved in: numbers of packages and labels mean something here only.
    package let universe: any CatalogPackages
    /// What is installed, and why.
    package let solution: Solution
    /// The items of the request, in its order.
    package let wishes: [Wish]
    /// By wish: the packages of the solution that answer it, several for a group; none for an optional line that could not be
    /// had.
    package let answers: [[PackageID]]
    /// Those without which dpkg does not run.
    package let essential: Set<PackageID>
    /// Optional lines that could not be had, with the reason.
    package let remarks: [String]

    /// What is installed, sorted by number.
    package var packages: [PackageID] { solution.packages }

    /// Those of the profile that `package` depends on, as far as anything in it meets what it requires.
    package func needs(of package: PackageID) -> Set<PackageID> {
        let binding = universe.requirements(of: package).filter { requirement in
            !requirement.isOptional && requirement.given.allSatisfy(solution.contains)
        }
        return Set(binding.flatMap(\.candidates).filter(solution.contains)).subtracting([package])
    }
}

import Declaration
import Solver

/// What could be changed so that a request which can't be met can: as far as the facts that make it impossible tell.
struct UnsolvableHints {
    let packages: any CatalogPackages
    let explanation: Explanation
    let wishes: [SolvedProfile.Wish]
    /// The lines that keep packages out.
    let forbidding: [PackageSetEntry]

    /// Sentences without full stops, the likeliest way out first; empty where the facts offer none.
    var lines: [String] {
        var lines: [String] = []
        for package in explanation.forbiddenPackages {
            let entry = forbidding.first { $0.name == packages.name(of: package) }
            if let entry { lines.append("\"\(entry.text)\" (\(entry.place)) keeps it out: remove that line") }
        }
        for fact in explanation.facts {
            switch fact {
            case .nothingProvides(let package, let label), .requires(let package, let label, [], _):
                lines += packages.remedies(forRequirement: label, of: package, wishes: wishes)
            default: break
            }
        }
        var seen: Set<String> = []
        return lines.filter { seen.insert($0).inserted }
    }
}

import APT
import Primitives
import Solver

/// What could be changed so that a request which can't be met can: as far as the facts that make it impossible tell.
struct UnsolvableHints {
    let universe: DebianUniverse
    let explanation: Explanation
    let wishes: [SolvedProfile.Wish]
    /// The lines that keep packages out.
    let forbidding: [PackageSetEntry]

    private var table: PackageTable { universe.table }

    /// Sentences without full stops, the likeliest way out first; empty where the facts offer none.
    var lines: [String] {
        var lines: [String] = []
        for package in explanation.forbiddenPackages {
            let entry = forbidding.first { $0.name == table.name(of: package) }
            if let entry { lines.append("\"\(entry.text)\" (\(place(entry))) keeps it out: remove that line") }
        }
        for fact in explanation.facts {
            switch fact {
            case .nothingProvides(let package, let label), .requires(let package, let label, [], _):
                lines += universe.nearMisses(ofRequirement: label, of: package).map(sentence)
            default: break
            }
        }
        var seen: Set<String> = []
        return lines.filter { seen.insert($0).inserted }
    }

    private func sentence(_ miss: NearMiss) -> String {
        switch miss {
        case .unknown(let name): return "no package is called \(name), and none provides it, in the declared suites"
        case .unversioned(let package, let name): return "\(described(package)) provides \(name) without a version"
        case .otherVersion(let package):
            return "there is \(described(package)) (\(suites(package))), and that is no other version"
        case .otherArchitecture(let package):
            return
                "\(table.name(of: package)) is there for \(table.architecture(of: package)), which does not serve here"
        case .notCandidate(let package, let chosen):
            guard let chosen else {
                return "the pins forbid every version of \(table.name(of: package)), such as \(described(package)) "
                    + "(\(suites(package))): change the pins"
            }
            let there = "\(described(package)) (\(suites(package))) would do, but \(described(chosen)) is the candidate"
            if let entry = asked(for: chosen) {
                return "\(there), because \"\(entry.text)\" (\(place(entry))) asks for it: change that line"
            }
            return "\(there): ask for \(request(for: package, insteadOf: chosen)), or pin it"
        }
    }

    /// The words that make `package` the candidate.
    private func request(for package: PackageID, insteadOf chosen: PackageID) -> String {
        let suites = Set(table.origins(of: package).map(\.suite))
        let name = table.name(of: package)
        guard let suite = suites.subtracting(table.origins(of: chosen).map(\.suite)).sorted().first else {
            return "\(name)=\(table.version(of: package))"
        }
        return "\(name)/\(suite)"
    }

    /// The line that asks for just this version of a name.
    private func asked(for package: PackageID) -> PackageSetEntry? {
        let name = table.name(of: package)
        for case .line(let entry) in wishes where entry.name == name && (entry.version ?? entry.suite) != nil {
            return entry
        }
        return nil
    }

    private func described(_ package: PackageID) -> String {
        "\(table.name(of: package)) \(table.version(of: package))"
    }

    private func suites(_ package: PackageID) -> String {
        var seen: Set<String> = []
        return table.origins(of: package).map(\.suite).filter { seen.insert($0).inserted }.joined(separator: ", ")
    }

    private func place(_ entry: PackageSetEntry) -> String { "\(entry.location.file):\(entry.location.line)" }
}

import Solver

/// Checks every package of a snapshot that pins, modules and excludes let be chosen.
package struct InstallabilityCheck {
    private let universe: any CatalogPackages
    private let packages: [PackageID]

    /// Throws where the declared streams of modules can't be had.
    package init(_ catalog: Catalog, _ request: ResolutionRequest) throws {
        (universe, packages) = try catalog.separatePackages()
    }

    /// Throws `SolverLimitReached`.
    package func report() throws -> InstallabilityReport {
        var solver = Solver(universe: universe)
        var causes: [String: [InstallabilityReport.Package]] = [:]
        for package in try solver.uninstallable(among: packages) {
            let request = SolverRequest(items: [Requirement(candidates: [package], label: 0)])
            guard case .impossible(let explanation) = try solver.solve(request) else { continue }
            causes[cause(explanation), default: []].append(describe(package, explanation))
        }
        return InstallabilityReport(
            checked: packages.count,
            causes: causes.map { what, packages in
                InstallabilityReport.Cause(
                    what: what,
                    packages: packages.sorted { ($0.name, $0.architecture) < ($1.name, $1.architecture) })
            }.sorted { ($1.packages.count, $0.what) < ($0.packages.count, $1.what) })
    }

    private func describe(_ package: PackageID, _ explanation: Explanation) -> InstallabilityReport.Package {
        // That the package itself was asked for is no news.
        let facts = explanation.facts.filter { if case .requested = $0 { false } else { true } }
        return InstallabilityReport.Package(
            name: universe.name(of: package), version: universe.version(of: package),
            architecture: universe.architecture(of: package),
            steps: Explanation(facts: facts).steps(in: universe) { _ in "" },
            chain: chain(from: package, facts))
    }

    /// The way down while each fact leads to one more package; where it forks, the end is left out.
    private func chain(from package: PackageID, _ facts: [Explanation.Fact]) -> [String] {
        var chain = [universe.name(of: package)]
        var current = package
        for fact in facts {
            guard case .requires(current, _, let candidates, _) = fact, candidates.count == 1 else { break }
            current = candidates[0]
            chain.append(universe.name(of: current))
        }
        return chain
    }

    /// What ends the explanation, as many packages may share it.
    private func cause(_ explanation: Explanation) -> String {
        var causes: Set<String> = []
        for fact in explanation.facts {
            switch fact {
            case .nothingProvides(let package, let label):
                let alternatives = universe.alternatives(ofRequirement: label, of: package)
                causes.insert(missing(alternatives, of: package))
            case .conflicts(let package, let label, let other):
                let conflict = "\(universe.describe(package)) \(universe.describe(conflict: label, of: package))"
                causes.insert("\(conflict): not together with \(universe.describe(other))")
            default: break
            }
        }
        return causes.sorted().joined(separator: "; ")
    }

    private func missing(_ alternatives: [(name: String, text: String)], of package: PackageID) -> String {
        guard !alternatives.isEmpty else { return "\(universe.describe(package)) has relations that can't be read" }
        let unknown = alternatives.filter { !universe.isProvided($0.name) }
        if unknown.count == alternatives.count {
            var names: [String] = []
            for (name, _) in alternatives where !names.contains(name) { names.append(name) }
            return "nothing is called or provides \(names.joined(separator: " or "))"
        }
        var texts: [String] = []
        for (_, text) in alternatives where !texts.contains(text) { texts.append(text) }
        let wanted = texts.joined(separator: " | ")
        let there = alternatives.compactMap { alternative -> String? in
            guard let candidate = universe.candidate(of: alternative.name) else { return nil }
            return "\(alternative.name) \(universe.version(of: candidate))"
        }
        return "nothing satisfies \(wanted)" + (there.isEmpty ? "" : "; there is \(there.joined(separator: ", "))")
    }
}

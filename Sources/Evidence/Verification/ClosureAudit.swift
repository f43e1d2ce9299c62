import APT
import Darksites
import Packages
import Primitives
import Solver

/// Whether each profile that an image carries can be installed from its mirror alone, onto nothing, by our solver.
struct ClosureAudit {
    let image: ImageContent

    /// A line of a profile's list: `name version architecture`.
    struct Line: Hashable {
        let name: String
        let version: String
        let architecture: String
    }

    /// What is wrong with the profiles of `mirror`.
    ///
    /// Throws `EvidenceError`, `ArchiveError`, and `SolverLimitReached` where the solver gave up.
    func findings(of mirror: CarriedMirror) throws -> [ImageReport.Finding] {
        var findings: [ImageReport.Finding] = []
        for profile in mirror.facts.profiles {
            let place = DarksitePlace(mirror.facts.name).packages(of: profile)
            let lines = try lines(place, of: mirror.facts.family)
            if let finding = try finding(place, profile, lines, in: mirror) { findings.append(finding) }
        }
        return findings
    }

    private func lines(_ place: String, of family: PackageFamily) throws -> [Line] {
        try String(decoding: image.bytes(place), as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3 else { throw EvidenceError("\(place) has a line that names no package: \(line)") }
            // As our lists have the versions of RPM packages, and metadata have not.
            let version = family == .rpm && words[1].hasPrefix("0:") ? String(words[1].dropFirst(2)) : words[1]
            return Line(name: words[0], version: version, architecture: words[2])
        }
    }

    private func finding(
        _ place: String, _ profile: String, _ lines: [Line], in mirror: CarriedMirror
    ) throws -> ImageReport.Finding? {
        let universe = mirror.universe
        var items: [Requirement] = []
        var wanted: Set<PackageID> = []
        for (number, line) in lines.enumerated() {
            let package = universe.packages(named: line.name).first {
                universe.version(of: $0) == line.version && universe.architecture(of: $0) == line.architecture
            }
            guard let package else {
                return ImageReport.Finding(
                    place, "names \(line.name) \(line.version) \(line.architecture), which is not in \(mirror.folder)")
            }
            wanted.insert(package)
            let architecture = line.architecture == "all" ? nil : line.architecture
            let request = PackageRequest(name: line.name, architecture: architecture, version: line.version)
            items += try universe.requirements(for: request, label: Int32(number), isOptional: false)
        }
        var solver = Solver(universe: universe)
        switch try solver.solve(SolverRequest(items: items)) {
        case .impossible(let explanation):
            let steps = explanation.steps(in: universe) { "the list's \(lines[Int($0)].name)" }
            return ImageReport.Finding(place, "can't be installed from \(mirror.folder) alone", details: steps)
        case .solved(let solution):
            let more = Set(solution.packages).subtracting(wanted).map { universe.describe($0) }.sorted()
            guard !more.isEmpty else { return nil }
            return ImageReport.Finding(place, "lacks what its packages need: \(more.joined(separator: ", "))")
        }
    }
}

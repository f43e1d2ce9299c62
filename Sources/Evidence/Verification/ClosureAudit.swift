import Darksites
import Packages

/// Whether each profile that an image carries can be installed from its mirror alone, onto nothing, by our solver.
struct ClosureAudit {
    let image: ImageContent

    /// What is wrong with the profiles of `mirror`.
    ///
    /// Throws `EvidenceError`, `ArchiveError`, and `SolverLimitReached` where the solver gave up.
    func findings(of mirror: CarriedMirror) throws -> [ImageReport.Finding] {
        var findings: [ImageReport.Finding] = []
        for profile in mirror.facts.profiles {
            let place = DarksitePlace(mirror.facts.name).packages(of: profile)
            let lines = try lines(place, of: mirror.facts.family)
            if let finding = try finding(place, lines, in: mirror) { findings.append(finding) }
        }
        return findings
    }

    private func lines(_ place: String, of family: PackageFamily) throws -> [DistributionDelta.Package] {
        try String(decoding: image.bytes(place), as: UTF8.self).split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3 else { throw EvidenceError("\(place) has a line that names no package: \(line)") }
            // As our lists have the versions of RPM packages, and metadata have not.
            let version = family == .rpm && words[1].hasPrefix("0:") ? String(words[1].dropFirst(2)) : words[1]
            return DistributionDelta.Package(name: words[0], architecture: words[2], version: version)
        }
    }

    private func finding(
        _ place: String, _ lines: [DistributionDelta.Package], in mirror: CarriedMirror
    ) throws -> ImageReport.Finding? {
        switch try ListedClosure(of: lines, in: mirror.universe, owner: "the list") {
        case .closed: nil
        case .absent(let line):
            ImageReport.Finding(
                place, "names \(line.name) \(line.version) \(line.architecture), which is not in \(mirror.folder)")
        case .impossible(let steps):
            ImageReport.Finding(place, "can't be installed from \(mirror.folder) alone", details: steps)
        case .open(let more):
            ImageReport.Finding(place, "lacks what its packages need: \(more.joined(separator: ", "))")
        }
    }
}

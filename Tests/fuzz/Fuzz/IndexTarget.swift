import Primitives
import Solver

@testable import APT

/// An index of packages: it is read or refused, and whatever is asked of one that was read has an answer.
enum IndexTarget {
    private static let origin = IndexOrigin(
        repository: "made", site: "example.org", suite: "stable", component: "main", origin: "Made", label: "Made",
        archive: "stable", codename: "trixie", version: "13.2")

    static func run(_ input: UnsafeRawBufferPointer) {
        let text = Array(input)
        _ = try? Release(payload: text, source: "made")
        // The index passes over what is no field and no package, as apt does; where the strict reader takes all of it, both agree.
        let stanzas = try? Deb822Stanza.all(in: text).filter {
            $0["Version"] ?? "" != "" && $0["Architecture"] ?? "" != ""
        }
        guard let index = try? PackageIndex(parsing: text, source: "made") else { return }
        if let stanzas {
            require(stanzas.count == index.count, "the two readers see \(stanzas.count) and \(index.count) packages")
        }
        for number in 0..<index.count {
            let record = index.records[number]
            let stanza = Array(index.text.bytes[Int(record.start)..<Int(record.end)])
            let alone = try? PackageIndex(parsing: stanza, source: "alone")
            require(alone?.count == 1, "stanza \(number) alone is not one")
            let name = index.text.text(index.records[number].name)
            if let stanzas { require(stanzas[number]["Package"] == name, "stanza \(number) is called \(name)") }
        }
        guard
            let table = try? PackageTable(
                [(index, origin)], architecture: "amd64", foreignArchitectures: ["i386"])
        else { return }
        ask(table)
    }

    private static func ask(_ table: PackageTable) {
        let universe = DebianUniverse(table, pins: pins(), includesRecommends: true)
        for number in 0..<min(table.packageCount, 100) {
            let package = PackageID(number)
            for requirement in universe.requirements(of: package) {
                _ = universe.describe(requirement: requirement.label, of: package)
                require(
                    requirement.candidates.allSatisfy { (0..<table.packageCount).contains(Int($0.index)) },
                    "a candidate that is none")
            }
            for conflict in universe.conflicts(of: package) {
                _ = universe.describe(conflict: conflict.label, of: package)
                require(!conflict.packages.contains(package), "\(universe.describe(package)) conflicts with itself")
            }
            if let details = try? table.details(of: package) {
                _ = try? MirrorPackage(
                    stanza: table.stanzaBytes(of: package), path: details.filename, size: details.size,
                    digest: details.sha256)
            }
            _ = table.nearestNames(to: table.name(of: package))
            _ = universe.priority(of: package)
        }
        let wanted = universe.allCandidates.prefix(20).enumerated().map {
            Requirement(candidates: [$1], label: Int32($0), isOptional: !$0.isMultiple(of: 3))
        }
        var solver = Solver(universe: universe)
        let limits = SolverLimits(decisions: 2000, conflicts: 200)
        _ = try? solver.solve(SolverRequest(items: wanted, takesOptionalRequirements: true, limits: limits))
    }

    private static func pins() -> [Pin] {
        let texts = [("src:a* b:any", "version 1*", 900), ("*", "release a=stable", 400)]
        return texts.compactMap { try? Pin(packages: $0.0, pin: $0.1, priority: $0.2) }
    }
}

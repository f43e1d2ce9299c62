import Primitives
import Solver

@testable import RPM

/// A primary.xml: it is read or refused, and whatever is asked of one that was read has an answer.
enum PrimaryTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        guard let index = try? PrimaryIndex(reading: Array(input), source: "made", openSize: 1 << 24),
            let table = try? RPMTable([(index: index, repository: "one"), (index: index, repository: "two")])
        else { return }
        require(table.packageCount == 2 * index.count, "\(table.packageCount) packages of \(index.count) twice")
        let copy = RPMTable(stored: ByteRegion(Array(table.storedBytes)), repositories: ["one", "two"])
        _ = table.missingFiles
        let universe = RPMUniverse(table, rules: RPMPolicy(architecture: "x86_64"))
        for number in 0..<min(table.packageCount, 100) {
            let package = PackageID(number)
            let details = table.details(of: package)
            require(copy?.details(of: package) == details, "package \(number) is another one when it was stored")
            require(
                !details.location.hasPrefix("/") && !details.location.contains("../"), "\(details.location) is outside")
            require(
                details.element.upperBound <= input.count || input.starts(with: [0x1F, 0x8B]), "an element outside")
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
            _ = try? universe.requirements(for: RPMRequest(table.name(of: package)), label: 0)
        }
        let wanted = universe.allCandidates.prefix(20).enumerated().map {
            Requirement(candidates: [$1], label: Int32($0), isOptional: !$0.isMultiple(of: 3))
        }
        var solver = Solver(universe: universe)
        let limits = SolverLimits(decisions: 2000, conflicts: 200)
        let request = SolverRequest(items: wanted, takesOptionalRequirements: true, limits: limits)
        guard case .solved(let solution)? = try? solver.solve(request) else { return }
        let chosen = Set(solution.packages)
        for package in chosen {
            for conflict in universe.conflicts(of: package) {
                require(chosen.isDisjoint(with: conflict.packages), "a solution with a conflict")
            }
            for requirement in universe.requirements(of: package)
            where !requirement.isOptional && requirement.given.allSatisfy(chosen.contains) {
                require(!chosen.isDisjoint(with: requirement.candidates), "a solution without what it requires")
            }
        }
    }
}

/// The other files of a repository: the first line says which.
enum MetadataTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        let end = input.firstIndex(of: 0x0A) ?? input.count
        let bytes = Array(input.dropFirst(end + 1))
        switch String(decoding: input.prefix(end), as: UTF8.self) {
        case "repomd": _ = try? RepositoryIndex(reading: bytes, source: "made")
        case "comps":
            guard let comps = try? Comps(reading: bytes, source: "made") else { return }
            for group in comps.groups { _ = comps.members(of: group.id) }
            require(comps.merged(with: comps) == comps.merged(with: comps), "two merged groups differ")
        case "metalink": _ = try? MirrorList(metalink: bytes, source: "made")
        case "mirrorlist": _ = try? MirrorList(list: bytes, source: "made")
        case "filelists": _ = try? FileList(reading: bytes, source: "made", wanted: ["/a", "/usr/bin/b"])
        case "modules":
            guard let modules = try? ModuleMetadata(reading: bytes, source: "made") else { return }
            require(
                ModuleMetadata(stored: ByteRegion(modules.storedBytes))?.builds.count == modules.builds.count, "lost")
            _ = try? ModuleSelection(modules, platform: "el9")
        default: _ = ModuleMetadata(stored: ByteRegion(bytes))
        }
    }
}

/// The text of a relation: every place must lie in it.
enum RichRelationTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        do throws(RichRelationError) {
            for name in try RichRelationParser.parse(input).names {
                require(!name.isEmpty && name.upperBound <= input.count, "a name outside of the text")
            }
        } catch {
            require((0...input.count).contains(error.offset), "an error outside of the text")
        }
    }
}

/// Three versions, a line each: their order must be one.
enum RPMVersionTarget {
    static func run(_ input: UnsafeRawBufferPointer) {
        let lines = input.split(separator: 0x0A, maxSplits: 2, omittingEmptySubsequences: false).map(Array.init)
        let versions = (0..<3).map { RPMVersion(String(decoding: $0 < lines.count ? lines[$0] : [], as: UTF8.self)) }
        for a in versions {
            _ = (a.epoch, a.version, a.release)
            for b in versions {
                require([a < b, a == b, a > b].count { $0 } == 1, "\(a) and \(b) have no order")
                require(a != b || a.hashValue == b.hashValue, "\(a) and \(b) are equal with different hashes")
                for c in versions where a <= b && b <= c { require(a <= c, "\(a), \(b), \(c) are in no order") }
            }
        }
    }
}

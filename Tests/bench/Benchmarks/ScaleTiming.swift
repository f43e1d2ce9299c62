import APT
import Archives
import Darksites
import Primitives
import Solver
import SystemPackage

/// What grows with the size of an archive: medians of reading a plain index, of finding it read, and of two questions.
struct ScaleTiming {
    let index: FilePath
    /// For what was parsed.
    let folder: FilePath

    /// Prints a line, tab-separated: packages, then milliseconds for a table from the text, the same from what was parsed
    /// before, a solution for the base system and the names that the file lists, and a check of every package.
    func run(rounds: Int, names: FilePath) throws {
        let names = try Files.readText(names).split(separator: "\n").map(String.init)
        let origin = IndexOrigin(repository: "made", suite: "", component: "")
        let table = try Benchmarks.parsedTable(in: folder, indexes: [index.string])
        let parsing = try median(rounds) {
            let text = try ByteRegion(mapping: index)
            _ = try PackageTable(
                [(index: PackageIndex(parsing: text, source: "made"), origin: origin)], architecture: "amd64")
        }
        let loading = try median(rounds) {
            _ = try Benchmarks.parsedTable(in: folder, indexes: [index.string])
        }
        let solving = try median(rounds) {
            let universe = DebianUniverse(table)
            var items = universe.basePackages().map { Requirement(candidates: [$0], label: 0) }
            for name in names {
                // Some are of other components.
                if let item = try? universe.requirement(for: PackageRequest(name: name), label: 0) {
                    items.append(item)
                }
            }
            var solver = Solver(universe: universe)
            _ = try Benchmarks.size(of: solver.solve(SolverRequest(items: items)))
        }
        let checking = try median(max(1, rounds / 5)) {
            let universe = DebianUniverse(table)
            var solver = Solver(universe: universe)
            _ = try solver.uninstallable(among: universe.allCandidates)
        }
        let times = [parsing, loading, solving, checking].map { time in
            let thousandths = Int((time / .milliseconds(1) * 1000).rounded())
            return "\(thousandths / 1000).\(String(1000 + thousandths % 1000).dropFirst())"
        }
        print("\(table.packageCount)\t\(times.joined(separator: "\t"))")
    }

    private func median(_ rounds: Int, _ body: () throws -> Void) rethrows -> Duration {
        Benchmarks.median(
            try (0..<rounds).map { _ in
                let start = ContinuousClock.now
                try body()
                return ContinuousClock.now - start
            })
    }
}

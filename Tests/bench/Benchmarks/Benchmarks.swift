import APT
import Archives
import Primitives
import RPM
import Solver
import SystemPackage

/// Runs parts of the tool alone, so that `Tests/bench/run` can time them: as processes, or in here where a process would be
/// too coarse.
@main
struct Benchmarks {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch (arguments.first, arguments.count) {
        case ("nothing", 1): break
        case ("table", 2...):
            let table = try table(of: arguments.dropFirst())
            print("\(table.packageCount) packages")
        case ("parsed", 3...):
            let table = try parsedTable(in: FilePath(arguments[2]), indexes: arguments.dropFirst(2))
            print("\(table.packageCount) packages")
        case ("profiles", 3...): try await ProfileTiming.run(folder: arguments[2], of: Array(arguments.dropFirst(2)))
        case ("solve", 4...):
            guard let rounds = Int(arguments[2]), rounds > 0 else { throw Usage() }
            try solve(rounds: rounds, names: FilePath(arguments[3]), indexes: arguments.dropFirst(3))
        case ("mirror", 5...):
            guard let count = Int(arguments[2]), let rounds = Int(arguments[3]), rounds > 0 else { throw Usage() }
            let timing = MirrorTiming(
                table: try parsedTable(in: FilePath(arguments[4]), indexes: arguments.dropFirst(4)), count: count)
            try await timing.run(rounds: rounds)
        case ("repodata", 3):
            try await RepodataTiming(folder: FilePath(arguments[2]), output: FilePath(arguments[3])).run()
        case ("scale", 5):
            guard let rounds = Int(arguments[2]), rounds > 0 else { throw Usage() }
            try ScaleTiming(index: FilePath(arguments[5]), folder: FilePath(arguments[3]))
                .run(rounds: rounds, names: FilePath(arguments[4]))
        case ("rpm-table", 2...):
            let table = try RPMTiming(arguments.dropFirst()).table(withFiles: false)
            print("\(table.packageCount) packages")
        case ("rpm-parsed", 3...):
            let universe = try RPMTiming(arguments.dropFirst(2)).universe(cache: FilePath(arguments[2]))
            print("\(universe.packageCount) packages")
        case ("rpm-snapshot", 3...):
            let timing = RPMSnapshotTiming(
                store: FilePath(arguments[2]), folders: arguments.dropFirst(2).map { FilePath($0) })
            let start = ContinuousClock.now
            let count = try await timing.run()
            print("\(count) packages in \((ContinuousClock.now - start) / .milliseconds(1)) ms")
        case ("rpm-check", 3...): try RPMTiming(arguments.dropFirst(2)).check(cache: FilePath(arguments[2]))
        case ("rpm-solve", 5...):
            try RPMTiming(arguments.dropFirst(4)).solve(
                FilePath(arguments[3]), cache: FilePath(arguments[4]), recommends: arguments[2] == "recommends")
        default: throw Usage()
        }
    }

    struct Usage: Error, CustomStringConvertible {
        let description = """
            usage: Benchmarks table INDEX… | parsed FOLDER INDEX… | solve ROUNDS FILE-OF-NAMES INDEX…
                   | profiles CHECKOUT DISTRIBUTION[/PROFILE]…
                   | mirror COUNT ROUNDS FOLDER INDEX… | scale ROUNDS FOLDER FILE-OF-NAMES INDEX
                   | rpm-table FOLDER… | rpm-parsed CACHE FOLDER… | rpm-check CACHE FOLDER…
                   | rpm-snapshot STORE FOLDER…
                   | rpm-solve depends|recommends FILE-OF-NAMES CACHE FOLDER…
                   | repodata FOLDER OUTPUT | nothing
            """
    }

    /// The packages of indexes as archives publish them, compressed or not.
    private static func table(of indexes: some Sequence<String>) throws -> PackageTable {
        let sources = try indexes.map { path in
            let text = try Compression(fileName: path).decompress(file: FilePath(path), limit: ByteCount(2_000_000_000))
            let index = try PackageIndex(parsing: ByteRegion(text), source: path)
            return (index: index, origin: IndexOrigin(repository: path, suite: "", component: ""))
        }
        return try PackageTable(sources, architecture: "amd64")
    }

    /// The same from `folder`, where they are parsed already, or are put for the next time.
    static func parsedTable(in folder: FilePath, indexes: some Sequence<String>) throws -> PackageTable {
        let files = indexes.map { path in
            // Taken on trust, as a store does with what it hashed when it came in.
            IndexFile(
                digest: Digest(of: path.utf8), compression: Compression(fileName: path),
                source: path, origin: IndexOrigin(repository: path, suite: "", component: ""))
        }
        return try ParsedIndexes(folder: folder).table(of: files, architecture: "amd64") {
            try Files.read(FilePath($0.source))
        }
    }

    /// Solves for the base system and the names that the file lists, a line each, and prints medians: with nothing known of any
    /// relation, and once more with what the first time read.
    private static func solve(rounds: Int, names: FilePath, indexes: some Sequence<String>) throws {
        let start = ContinuousClock.now
        let table = try table(of: indexes)
        let reading = ContinuousClock.now - start
        let names = try Files.readText(names).split(separator: "\n").map(String.init)
        var cold: [Duration] = []
        var warm: [Duration] = []
        var count = 0
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            let universe = DebianUniverse(table)
            var items = universe.basePackages().map { Requirement(candidates: [$0], label: 0) }
            for name in names { items.append(try universe.requirement(for: PackageRequest(name: name), label: 0)) }
            let request = SolverRequest(items: items)
            var solver = Solver(universe: universe)
            count = try size(of: solver.solve(request))
            cold.append(ContinuousClock.now - start)
            let second = ContinuousClock.now
            _ = try solver.solve(request)
            warm.append(ContinuousClock.now - second)
        }
        print("| \(names.count) names, \(count) packages of \(table.packageCount); medians of \(rounds) | time |")
        print("|---|---:|")
        print("| reading the indexes (once) | \(shown(reading)) |")
        print("| solving, with relations parsed on the way | \(shown(median(cold))) |")
        print("| solving again | \(shown(median(warm))) |")
    }

    static func size(of outcome: SolverOutcome) throws -> Int {
        switch outcome {
        case .solved(let solution): return solution.packages.count
        case .impossible: throw Impossible()
        }
    }

    struct Impossible: Error {}

    static func median(_ times: [Duration]) -> Duration { times.sorted()[times.count / 2] }

    static func shown(_ time: Duration) -> String {
        let tenths = Int((time / .milliseconds(1) * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) ms"
    }
}

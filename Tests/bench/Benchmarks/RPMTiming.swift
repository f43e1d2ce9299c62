import Primitives
import RPM
import Solver
import SystemPackage

/// What is measured and judged of RPM repositories. Each is a folder with `repodata`, named by its last part; the first comes
/// first in libsolv's order.
struct RPMTiming {
    private let folders: [FilePath]

    init(_ folders: some Sequence<String>) { self.folders = folders.map { FilePath($0) } }

    private var names: [String] { folders.map { $0.lastComponent?.string ?? "" } }

    private func read(_ file: RepositoryIndex.File, in folder: FilePath) throws -> [UInt8] {
        try Files.read(folder.pushing(FilePath(file.location)))
    }

    private func index(of folder: FilePath) throws -> RepositoryIndex {
        let name = folder.lastComponent?.string ?? ""
        let path = folder.appending("repodata").appending("repomd.xml")
        return try RepositoryIndex(reading: try Files.read(path), source: "\(name), repomd.xml")
    }

    /// The packages of all, the indexes read at the same time; with what filelists.xml must add.
    func table(withFiles: Bool = true) throws -> RPMTable {
        let found = BlockingWork.concurrently(folders.count, threads: folders.count) { number in
            Result {
                let folder = folders[number]
                let index = try index(of: folder)
                guard let primary = index.file("primary") else { throw Benchmarks.Usage() }
                return (
                    try PrimaryIndex(
                        reading: try read(primary, in: folder), source: "\(names[number]), primary.xml",
                        openSize: primary.openSize), index
                )
            }
        }
        var indexes = try found.map { try $0.get() }
        let table = try RPMTable(zip(indexes, names).map { (index: $0.0.0, repository: $0.1) })
        let missing = withFiles ? table.missingFiles : []
        guard !missing.isEmpty else { return table }
        for number in indexes.indices {
            guard let file = indexes[number].1.file("filelists") else { continue }
            let list = try? FileList(
                reading: try read(file, in: folders[number]), source: "\(names[number]), filelists.xml", wanted: missing
            )
            if let list { indexes[number].0.add(list) }
        }
        return try RPMTable(zip(indexes, names).map { (index: $0.0.0, repository: $0.1) })
    }

    /// The same table from `cache`, where it was put before.
    func table(cache: FilePath) throws -> RPMTable {
        if Files.exists(cache), let table = RPMTable(stored: try ByteRegion(mapping: cache), repositories: names) {
            return table
        }
        let table = try table()
        try Files.write(Array(table.storedBytes), to: cache)
        return table
    }

    /// As dnf has it by default on x86_64.
    private static let rules = RPMPolicy(architecture: "x86_64", keepsOneKernel: false)

    private func modules() throws -> ModuleMetadata {
        var modules = ModuleMetadata()
        for (folder, name) in zip(folders, names) {
            guard let file = try index(of: folder).file("modules") else { continue }
            modules = modules.merged(
                with: try ModuleMetadata(reading: try read(file, in: folder), source: "\(name), modules.yaml"))
        }
        return modules
    }

    /// The universe from `cache` alone, where all of it was put before.
    func universe(cache: FilePath, rules: RPMPolicy = Self.rules) throws -> RPMUniverse {
        let table = try table(cache: cache)
        let beside = FilePath(cache.string + ".modules")
        var stored: ModuleMetadata?
        if Files.exists(beside) { stored = ModuleMetadata(stored: try ByteRegion(mapping: beside)) }
        let metadata = try stored ?? modules()
        if stored == nil { try Files.write(metadata.storedBytes, to: beside) }
        return RPMUniverse(
            table, rules: RPMPolicy(architecture: "x86_64", keepsOneKernel: false),
            modules: try ModuleSelection(metadata))
    }

    private func answer(_ names: [String], recommends: Bool, _ universe: RPMUniverse) throws -> String {
        var items: [Requirement] = []
        for (number, name) in names.enumerated() {
            do throws(RPMRequestError) {
                items += try universe.requirements(for: RPMRequest(name), label: Int32(number))
            } catch {
                return "no \(error.what)"
            }
        }
        var solver = Solver(universe: universe)
        switch try solver.solve(SolverRequest(items: items, takesOptionalRequirements: recommends)) {
        case .solved(let solution):
            return "yes \(solution.packages.map(universe.describe).sorted().joined(separator: " "))"
        case .impossible(let explanation):
            return "no \(explanation.steps(in: universe) { names[Int($0)] }.joined(separator: " "))"
        }
    }

    /// Prints every package that can't be installed, and their number last.
    func check(cache: FilePath) throws {
        var rules = Self.rules
        rules.keepsArchitecturesInStep = false
        let universe = try universe(cache: cache, rules: rules)
        var solver = Solver(universe: universe)
        let packages = universe.allCandidates
        let broken = try solver.uninstallable(among: packages)
        for package in broken { Swift.print(universe.describe(package)) }
        Swift.print("\(broken.count) of \(packages.count) can't be installed")
    }

    /// Solves for the names that `file` lists, a line each.
    func solve(_ file: FilePath, cache: FilePath, recommends: Bool) throws {
        let universe = try universe(cache: cache)
        let names = try Files.readText(file).split(whereSeparator: \.isWhitespace).map(String.init)
        Swift.print(try answer(names, recommends: recommends, universe).split(separator: " ").count - 1)
    }
}

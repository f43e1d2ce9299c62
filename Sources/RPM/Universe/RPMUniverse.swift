import Primitives
package import Solver

/// The packages of a table as the solver sees them: what dnf and libsolv make of their relations.
///
/// A universe is for one request: what is asked for and preferred decides about more than that, so all of it has to be said before
/// a solver is made. Not shared between tasks: it remembers what it looked up.
package final class RPMUniverse: PackageUniverse {
    /// All packages there are, hidden or not.
    package let table: RPMTable
    /// dnf's settings.
    package let rules: RPMPolicy
    /// Which streams are active: packages of others are hidden.
    package let modules: ModuleSelection
    /// By package: whether it can be chosen; not where modules hide it, where it is excluded or for another architecture.
    private(set) var isConsidered: [Bool]
    /// By package: why it can't be chosen.
    enum Hidden: UInt8 { case no, otherArchitecture, byModules, excluded }
    private(set) var hidden: [Hidden]
    /// By number of the text of an architecture.
    private let scores: [Int32: UInt32]
    /// By repository: dnf's priority, and the cost.
    let priorities: [Int]
    let costs: [Int]
    /// By package: whether several versions of it may be installed.
    let isInstallOnly: [Bool]
    /// In order: the packages that have relations of these kinds.
    package let supplementing: [PackageID]
    let enhancing: Set<Int32>
    let suggesting: [Int32]
    /// Packages by what they obsolete: the name's number.
    private(set) lazy var obsoleters: [Int32: [Int32]] = findObsoleters()
    /// By package: its Supplements.
    private(set) lazy var supplementConditions: [Int32: [PackageCondition]] = findSupplements()
    /// What `@name` in a request can mean.
    package let groups: Comps
    /// By repository of the table: which state of it that is, where there are several; 0 for all where nothing is said.
    private let generations: [Int]
    /// Names that are asked for: packages of another architecture that are called so need none of the target's beside them.
    private(set) var asked: Set<Int32> = []
    /// Packages that are taken before all others that would do, such as those of a lock.
    private(set) var preferred: Set<Int32> = []

    /// The universe of `table` under `rules`. `modules` says which modular packages are there at all.
    package init(
        _ table: RPMTable, rules: RPMPolicy, modules: ModuleSelection = ModuleSelection(), groups: Comps = Comps(),
        generations: [Int] = []
    ) {
        self.table = table
        self.rules = rules
        self.modules = modules
        self.groups = groups
        self.generations = generations
        let weights = table.repositories.map { rules.repositories[$0] ?? RPMPolicy.Repository() }
        priorities = weights.map(\.priority)
        costs = weights.map(\.cost)
        let architectures = ArchitectureScores(target: rules.architecture)
        var scores: [Int32: UInt32] = [:]
        let count = table.packageCount
        var hidden = [Hidden](repeating: .no, count: count)
        var supplementing: [PackageID] = []
        var enhancing: Set<Int32> = []
        var suggesting: [Int32] = []
        for package in 0..<Int32(count) {
            let record = table.record(package)
            var score = scores[record.architecture]
            if score == nil {
                score = architectures.score(table.string(record.architecture))
                scores[record.architecture] = score
            }
            if score == ArchitectureScores.none { hidden[Int(package)] = .otherArchitecture }
            if !record.relations(.supplements).isEmpty { supplementing.append(PackageID(package)) }
            if !record.relations(.enhances).isEmpty { enhancing.insert(package) }
            if !record.relations(.suggests).isEmpty { suggesting.append(package) }
        }
        self.scores = scores
        self.supplementing = supplementing
        self.enhancing = enhancing
        self.suggesting = suggesting
        var isInstallOnly = [Bool](repeating: false, count: count)
        for name in rules.installOnly {
            guard let number = table.find(name) else { continue }
            for provider in table.providers(of: number) { isInstallOnly[Int(provider.package)] = true }
        }
        self.isInstallOnly = isInstallOnly
        let hotfixes = weights.map(\.isModuleHotfix)
        ModuleFilter(table, modules).hide { package, isByModule in
            if hidden[Int(package)] == .no, !isByModule || !hotfixes[Int(table.record(package).repository)] {
                hidden[Int(package)] = .byModules
            }
        }
        let excludes =
            rules.excludes.map { (pattern: $0, repository: Int?.none) }
            + weights.enumerated().flatMap { number, weight in weight.excludes.map { ($0, number) } }
        for (pattern, repository) in excludes {
            for package in table.packages(matching: pattern) where hidden[Int(package.index)] == .no {
                if let repository, Int(table.record(package.index).repository) != repository { continue }
                hidden[Int(package.index)] = .excluded
            }
        }
        self.hidden = hidden
        isConsidered = hidden.map { $0 == .no }
    }

    /// How many the table has: its numbers are the solver's.
    package var packageCount: Int { table.packageCount }
    /// That of dnf.
    package var policy: ChoicePolicy { .dnf }

    @inline(__always)
    func score(_ package: Int32) -> UInt32 { scores[table.record(package).architecture] ?? ArchitectureScores.none }

    /// All packages that can be chosen.
    package var allCandidates: [PackageID] {
        (0..<packageCount).filter { isConsidered[$0] }.map { PackageID($0) }
    }

    /// Whether `package` can be chosen: modules, excludes and the architecture allow it.
    package func canBeChosen(_ package: PackageID) -> Bool { isConsidered[Int(package.index)] }

    /// Which state of its repository a package is from.
    package func generation(of package: PackageID) -> Int {
        generations.isEmpty ? 0 : generations[Int(table.record(package.index).repository)]
    }

    func ask(for name: Int32) { asked.insert(name) }

    /// Keeps to `packages` wherever one of them will do, whatever else there is. To be said before a solver is made.
    package func prefer(_ packages: some Sequence<PackageID>) { preferred.formUnion(packages.lazy.map(\.index)) }

    private func findSupplements() -> [Int32: [PackageCondition]] {
        var result: [Int32: [PackageCondition]] = [:]
        for package in supplementing where isConsidered[Int(package.index)] {
            result[package.index] = table.relations(.supplements, of: package.index).map(condition)
        }
        return result
    }

    private func findObsoleters() -> [Int32: [Int32]] {
        var result: [Int32: [Int32]] = [:]
        for package in 0..<Int32(packageCount) {
            for relation in table.relations(.obsoletes, of: package)
            where result[relation.name]?.last != package {
                result[relation.name, default: []].append(package)
            }
        }
        return result
    }
}

import Declaration
import Primitives
import RPM
import Solver

/// How a profile of RPM packages is solved.
struct RPMProfile: ProfileFamily {
    private let hold: LockHold
    private let profile: ProfileRequest
    private let universe: RPMUniverse
    private var kernels: RPMKernelChoice?

    /// Throws where the declared streams of modules can't be had.
    init(_ rpm: RPMCatalog, in catalog: Catalog, _ profile: ProfileRequest) throws {
        hold = catalog.hold
        self.profile = profile
        universe = try rpm.universe()
    }

    var packages: any CatalogPackages { universe }
    var updates: [String] { hold.moving(in: profile.name) }
    var forbidden: [PackageID] {
        profile.sets.forbidden.flatMap { universe.packages(named: $0.name) } + (kernels?.excluded ?? [])
    }

    /// A set names everything.
    func foundation(label: Int32) -> [(SolvedProfile.Wish, Requirement)] { [] }

    func requirements(for entry: PackageSetEntry, label: Int32) throws -> [Requirement] {
        try universe.requirements(for: entry, label: label)
    }

    /// The universe weighs, and prefers by itself.
    func inOrder(_ requirement: Requirement) -> Requirement { requirement }

    mutating func solver() -> Solver {
        universe.prefer(hold.packages(of: profile.name, in: universe))
        kernels = RPMKernelChoice(in: universe, profile)
        return Solver(universe: universe)
    }

    func check(_ solution: Solution, _ wishes: [SolvedProfile.Wish]) throws {
        try kernels?.check(solution.packages, in: universe)
    }

    /// rpm unpacks and configures one after the other.
    func essential(of solution: Solution) -> Set<PackageID> { [] }
    func remarks(on solution: Solution) -> [String] { [] }

    func error(_ plain: Unsolvable, _ explanation: Explanation) -> any UserError {
        var error = plain
        error.hints = (kernels?.hints(explanation) ?? []) + error.hints
        return error
    }
}

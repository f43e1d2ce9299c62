import APT
import Declaration
import Primitives
import Solver

/// How a profile of APT's packages is solved.
struct APTProfile: ProfileFamily {
    private let apt: APTCatalog
    private let hold: LockHold
    private let profile: ProfileRequest
    private let universe: DebianUniverse
    /// `universe` with what is held first.
    private let kept: PreferringUniverse
    private let kernels: APTKernelChoice?
    private let base: [PackageID]
    /// Whether the lock has several states of a suite.
    private let offersOthers: Bool

    private var table: PackageTable { apt.table }

    init(_ apt: APTCatalog, in catalog: Catalog, _ profile: ProfileRequest) {
        self.apt = apt
        self.profile = profile
        hold = catalog.hold
        universe = hold.universe(
            of: apt.table, in: catalog.snapshot, pins: apt.rules.pins, includesRecommends: profile.includesRecommends)
        kept = PreferringUniverse(universe, preferring: hold.packages(of: profile.name, in: universe))
        universe.keptOut = Set(profile.sets.forbidden.flatMap { apt.table.packages(named: $0.name) })
        offersOthers = hold.holdsVersions(in: catalog.snapshot)
        kernels = profile.wantsZFS ? apt.zfsKernels.map { [universe] in APTKernelChoice($0, in: universe) } : nil
        base = universe.basePackages(upTo: profile.base == .installation ? .important : .unknown)
    }

    // MARK: What is asked for

    var packages: any CatalogPackages { universe }
    var updates: [String] { offersOthers ? hold.moving(in: profile.name) : [] }
    var forbidden: [PackageID] { universe.keptOut.sorted() + (kernels?.excluded ?? []) }

    func foundation(label: Int32) throws -> [(SolvedProfile.Wish, Requirement)] {
        var wishes: [(SolvedProfile.Wish, Requirement)] = []
        var next: Int32 { label + Int32(wishes.count) }
        for package in base {
            let requirement = Requirement(candidates: [package], label: next)
            wishes.append((.base(table.name(of: package)), withOthers(requirement)))
        }
        if let module = apt.module, profile.sets.wanted.contains(where: { $0.name == "zfsutils-linux" }) {
            let requirement = try universe.requirement(for: PackageRequest(name: module.name), label: next)
            wishes.append((.module(module.name), requirement))
        }
        return wishes
    }

    func requirements(for entry: PackageSetEntry, label: Int32) throws -> [Requirement] {
        if entry.kind == .wanted, let problem = kernels?.problem(entry) { throw problem }
        let requirements = try universe.requirements(for: entry, label: label)
        return entry.version == nil && entry.suite == nil ? requirements.map(withOthers) : requirements
    }

    /// `requirement`, and after its candidates the other versions of the same packages, where the lock has several states
    /// of a suite: one that is held may have to move for one that is updated.
    private func withOthers(_ requirement: Requirement) -> Requirement {
        guard offersOthers else { return requirement }
        var result = requirement
        result.candidates += requirement.candidates.flatMap(universe.otherVersions)
        return result
    }

    func inOrder(_ requirement: Requirement) -> Requirement { kept.inOrder(requirement) }
    func solver() -> Solver { Solver(universe: kept) }

    // MARK: What was found

    func check(_ solution: Solution, _ wishes: [SolvedProfile.Wish]) throws {
        try checkKernel(solution.packages)
        try DpkgRules.check(solution, of: profile.name, wishes, universe)
    }

    func essential(of solution: Solution) throws -> Set<PackageID> {
        // Of several packages that would do, those count that were chosen.
        let chosen = PreferringUniverse(universe, preferring: Set(solution.packages))
        var solver = Solver(universe: chosen)
        let core = universe.basePackages(upTo: .unknown).enumerated().map { number, package in
            chosen.inOrder(withOthers(Requirement(candidates: [package], label: Int32(number))))
        }
        let outcome = try profile.run { () throws(SolverLimitReached) in
            try solver.solve(SolverRequest(items: core))
        }
        guard case .solved(let essentials) = outcome else {
            throw UserErrors([KernelCount(profile: profile.name, kernels: [])])
        }
        return Set(essentials.packages).intersection(solution.packages)
    }

    /// What is in for its Priority alone, and not from where dpkg is: with one's own package, it may not be meant.
    func remarks(on solution: Solution) -> [String] {
        func repositories(of name: String) -> Set<String> {
            Set(table.packages(named: name).flatMap { table.origins(of: $0).map(\.repository) })
        }
        let distributions = repositories(of: "dpkg")
        guard !distributions.isEmpty else { return [] }
        return base.compactMap { package in
            let name = table.name(of: package)
            guard !table.origins(of: package).contains(where: { distributions.contains($0.repository) }),
                distributions.isDisjoint(with: repositories(of: name)),
                !profile.sets.wanted.contains(where: { $0.name == name })
            else { return nil }
            let origin = table.origins(of: package).first?.name ?? ""
            return "\(name) (\(origin)) is in though no set names it: its index says "
                + "\(universe.baseField(of: name)), as of a package of the base system"
        }
    }

    /// A profile that has a kernel has one, and no modules of another; where it has ZFS, the module for that kernel too.
    private func checkKernel(_ packages: [PackageID]) throws {
        let names = Set(packages.map { table.name(of: $0) })
        let kernels = Set(names.compactMap(KernelPackage.release(ofImage:))).sorted()
        guard kernels.count <= 1 else { throw UserErrors([KernelCount(profile: profile.name, kernels: kernels)]) }
        guard let kernel = kernels.first else { return }
        let others = Set(names.compactMap(KernelPackage.release(ofModules:))).subtracting([kernel])
        guard others.isEmpty else {
            throw UserErrors([KernelCount(profile: profile.name, kernels: [kernel] + others.sorted())])
        }
        guard names.contains("zfsutils-linux"), names.isDisjoint(with: KernelPackage.zfs(for: kernel)) else { return }
        throw UserErrors([
            NoZFSModule(
                profile: profile.name, kernel: kernel, userland: "zfsutils-linux",
                modules: KernelPackage.zfs(for: kernel))
        ])
    }

    // MARK: Why nothing was found

    /// A kernel that was left out for ZFS's sake is the reason, where it is among the facts; so are relations that can't be
    /// read.
    func error(_ plain: Unsolvable, _ explanation: Explanation) -> any UserError {
        let excluded = Set(kernels?.excluded ?? [])
        if let kernels, let kernel = explanation.forbiddenPackages.first(where: excluded.contains) {
            let name = table.name(of: kernel)
            return KernelOutOfRange(
                range: kernels.range, kernel: KernelPackage.release(ofImage: name) ?? "\(table.version(of: kernel))",
                entry: plain.entries.last, steps: plain.steps)
        }
        let spoken = explanation.spokenOf(in: universe)
        var error = plain
        error.steps += universe.errors.filter { $0.package.map(spoken.contains) ?? false }.map { "because \($0.what)" }
        return error
    }
}

extension Explanation {
    /// The names of the packages that its facts are about.
    fileprivate func spokenOf(in universe: DebianUniverse) -> Set<String> {
        Set(
            facts.flatMap { fact -> [PackageID] in
                switch fact {
                case .requested(_, let candidates): candidates
                case .requires(let package, _, let candidates, _): [package] + candidates
                case .nothingProvides(let package, _), .forbidden(let package): [package]
                case .conflicts(let package, _, let other): [package, other]
                }
            }.map { universe.table.name(of: $0) })
    }
}

import APT
import Declaration
import Primitives
import Solver

/// Solves one profile: everything it asks for, together, on an empty system.
struct ProfileResolver {
    let apt: APTCatalog
    let catalog: Catalog
    let request: ResolutionRequest
    let profile: ProfileRequest

    private var table: PackageTable { apt.table }

    /// Throws `UserErrors`.
    func solve() throws -> SolvedProfile {
        let universe = catalog.hold.universe(
            of: table, in: catalog.snapshot, pins: apt.rules.pins, includesRecommends: profile.includesRecommends)
        let kept = PreferringUniverse(
            universe, preferring: catalog.hold.packages(of: profile.name, in: universe))
        universe.keptOut = Set(profile.sets.forbidden.flatMap { table.packages(named: $0.name) })
        let offersOthers = catalog.hold.holdsVersions(in: catalog.snapshot)
        var wishes: [SolvedProfile.Wish] = []
        var items: [Requirement] = []
        var errors: [any UserError] = []
        func add(_ wish: SolvedProfile.Wish, _ item: (Int32) throws -> Requirement) rethrows {
            items.append(kept.inOrder(try item(Int32(wishes.count))))
            wishes.append(wish)
        }
        /// `requirement`, and after its candidates the other versions of the same packages, where the lock has several states
        /// of a suite: one that is held may have to move for one that is updated.
        func withOthers(_ requirement: Requirement) -> Requirement {
            guard offersOthers else { return requirement }
            var result = requirement
            result.candidates += requirement.candidates.flatMap(universe.otherVersions)
            return result
        }
        if offersOthers {
            for name in catalog.hold.moving(in: profile.name) {
                guard let package = universe.candidate(of: name) else { continue }
                add(.update(name)) { Requirement(candidates: [package], label: $0) }
            }
        }
        var kernels: KernelChoice?
        if profile.wantsZFS, let range = apt.zfsKernels { kernels = KernelChoice(range, in: universe) }
        let base = universe.basePackages(upTo: profile.base == .installation ? .important : .unknown)
        for package in base {
            add(.base(table.name(of: package))) { withOthers(Requirement(candidates: [package], label: $0)) }
        }
        if let module = apt.module, profile.sets.wanted.contains(where: { $0.name == "zfsutils-linux" }) {
            try add(.module(module.name)) {
                try universe.requirement(for: PackageRequest(name: module.name), label: $0)
            }
        }
        var remarks: [String] = []
        for entry in profile.sets.entries where entry.kind != .forbidden {
            if entry.kind == .wanted, let problem = kernels?.problem(entry) {
                errors.append(problem)
                continue
            }
            let asked = PackageRequest(
                name: entry.name, architecture: entry.architecture, version: entry.version, suite: entry.suite)
            do {
                try add(.line(entry)) {
                    let requirement = try universe.requirement(
                        for: asked, label: $0, isOptional: entry.kind == .optional)
                    return entry.version == nil && entry.suite == nil ? withOthers(requirement) : requirement
                }
            } catch let error as PackageRequestError {
                if entry.kind == .optional {
                    remarks.append(profile.remark(onMissing: entry, error))
                } else {
                    errors.append(
                        UnknownPackage(
                            entry: entry, distribution: request.distribution, error: error, isUnknown: error.isUnknown,
                            lockedDate: catalog.hold.lockedDate))
                }
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        let forbidden = universe.keptOut.sorted() + (kernels?.excluded ?? [])
        var solver = Solver(universe: kept)
        let outcome = try profile.run { () throws(SolverLimitReached) in
            try solver.solve(
                SolverRequest(items: items, forbidden: forbidden, takesOptionalRequirements: profile.includesRecommends)
            )
        }
        switch outcome {
        case .impossible(let explanation):
            throw UserErrors([impossible(explanation, wishes, universe, kernels)])
        case .solved(let solution):
            remarks += profile.remarks(onDropped: solution, wishes)
            remarks += basePackagesOfOthers(base, universe)
            try check(solution.packages)
            try checkByDpkgsRules(solution, wishes, universe)
            // Of several packages that would do, those count that were chosen.
            let chosen = PreferringUniverse(universe, preferring: Set(solution.packages))
            var essentialSolver = Solver(universe: chosen)
            let core = universe.basePackages(upTo: .unknown).enumerated().map { number, package in
                chosen.inOrder(withOthers(Requirement(candidates: [package], label: Int32(number))))
            }
            let essential = try profile.run { () throws(SolverLimitReached) in
                try essentialSolver.solve(SolverRequest(items: core))
            }
            guard case .solved(let essentials) = essential else {
                throw UserErrors([KernelCount(profile: profile.name, kernels: [])])
            }
            return SolvedProfile(
                name: profile.name, universe: universe, solution: solution, wishes: wishes,
                answers: items.map { $0.candidates.first(where: solution.contains).map { [$0] } ?? [] },
                essential: Set(essentials.packages).intersection(solution.packages), remarks: remarks)
        }
    }

    /// What is in for its Priority alone, and not from where dpkg is: with one's own package, it may not be meant.
    private func basePackagesOfOthers(_ base: [PackageID], _ universe: DebianUniverse) -> [String] {
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
    private func check(_ packages: [PackageID]) throws {
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

    private func impossible(
        _ explanation: Explanation, _ wishes: [SolvedProfile.Wish], _ universe: DebianUniverse,
        _ kernels: KernelChoice?
    ) -> any UserError {
        let lines = explanation.involvedRequestLabels.compactMap { label -> PackageSetEntry? in
            if case .line(let entry) = wishes[Int(label)] { entry } else { nil }
        }
        let steps = explanation.steps(in: universe) { wishes[Int($0)].words }
        let excluded = kernels.map { Set($0.excluded) } ?? []
        if let kernels, let kernel = explanation.forbiddenPackages.first(where: excluded.contains) {
            let name = table.name(of: kernel)
            return KernelOutOfRange(
                range: kernels.range, kernel: KernelPackage.release(ofImage: name) ?? "\(table.version(of: kernel))",
                entry: lines.last, steps: steps)
        }
        let spoken = explanation.spokenOf(in: universe)
        let hints = UnsolvableHints(
            packages: universe, explanation: explanation, wishes: wishes, forbidding: profile.sets.forbidden)
        return Unsolvable(
            profile: profile.name, entries: lines,
            steps: steps
                + universe.errors.filter { $0.package.map(spoken.contains) ?? false }.map { "because \($0.what)" },
            hints: hints.lines)
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

import APT
import Primitives
import Solver

/// Solves one profile: everything it asks for, together, on an empty system.
struct ProfileResolver {
    let catalog: Catalog
    let request: ResolutionRequest
    let profile: ProfileRequest

    private var table: PackageTable { catalog.table }

    /// Throws `UserErrors`.
    func solve() throws -> SolvedProfile {
        let universe = catalog.universe(pins: request.pins, includesRecommends: profile.includesRecommends)
        let kept = PreferringUniverse(
            universe, preferring: catalog.hold.packages(of: profile.name, in: table))
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
        if profile.wantsZFS, let range = catalog.zfsKernels { kernels = KernelChoice(range, in: universe) }
        let base = universe.basePackages(upTo: profile.base == .installation ? .important : .unknown)
        for package in base {
            add(.base(table.name(of: package))) { withOthers(Requirement(candidates: [package], label: $0)) }
        }
        if let module = catalog.module, profile.sets.wanted.contains(where: { $0.name == "zfsutils-linux" }) {
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
                    remarks.append(
                        "\(entry.location): \(profile.name) goes without the optional \(entry.text): \(error.what)")
                } else {
                    errors.append(UnknownPackage(entry: entry, distribution: request.distribution, error: error))
                }
            }
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        let forbidden =
            profile.sets.forbidden.flatMap { table.packages(named: $0.name) } + (kernels?.excluded ?? [])
        var solver = Solver(universe: kept)
        let outcome = try run { () throws(SolverLimitReached) in
            try solver.solve(
                SolverRequest(items: items, forbidden: forbidden, takesOptionalRequirements: profile.includesRecommends)
            )
        }
        switch outcome {
        case .impossible(let explanation):
            throw UserErrors([impossible(explanation, wishes, universe, kernels)])
        case .solved(let solution):
            for dropped in solution.dropped {
                guard case .requested(let label) = dropped.source else { continue }
                remarks.append(
                    "\(profile.name) goes without \(wishes[Int(label)].words): it can't be had beside the rest")
            }
            try check(solution.packages)
            // Of several packages that would do, those count that were chosen.
            let chosen = PreferringUniverse(universe, preferring: Set(solution.packages))
            var essentialSolver = Solver(universe: chosen)
            let core = universe.basePackages(upTo: .unknown).enumerated().map { number, package in
                chosen.inOrder(withOthers(Requirement(candidates: [package], label: Int32(number))))
            }
            let essential = try run { () throws(SolverLimitReached) in
                try essentialSolver.solve(SolverRequest(items: core))
            }
            guard case .solved(let essentials) = essential else {
                throw UserErrors([KernelCount(profile: profile.name, kernels: [])])
            }
            return SolvedProfile(
                name: profile.name, universe: universe, solution: solution, wishes: wishes,
                answers: items.map { $0.candidates.first(where: solution.contains) },
                essential: Set(essentials.packages).intersection(solution.packages), remarks: remarks)
        }
    }

    private func run(_ body: () throws(SolverLimitReached) -> SolverOutcome) throws -> SolverOutcome {
        do {
            return try body()
        } catch {
            throw UserErrors([ResolutionTooHard(profile: profile.name, limit: "\(error)")])
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
        throw UserErrors([NoZFSModule(profile: profile.name, kernel: kernel)])
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
            universe: universe, explanation: explanation, wishes: wishes, forbidding: profile.sets.forbidden)
        return Unsolvable(
            profile: profile.name, entries: lines,
            steps: steps
                + universe.errors.filter { $0.package.map(spoken.contains) ?? false }.map { "because \($0.what)" },
            hints: hints.lines)
    }
}

/// A line of a package set that no package answers.
struct UnknownPackage: UserError {
    let entry: PackageSetEntry
    let distribution: String
    let error: PackageRequestError

    var what: String {
        if case .unknownName = error.problem { return "no package is called \"\(entry.name)\" in \(distribution)" }
        return error.what
    }
    var location: SourceLocation? { entry.location }
    var details: [String] { entry.excerpt(note: error.hint) }
    var isUsageError: Bool { true }
}

/// Lines that can't be had together, or one that can't be had at all.
struct Unsolvable: UserError {
    let profile: String
    let entries: [PackageSetEntry]
    let steps: [String]
    /// What could be changed, as far as the facts tell.
    let hints: [String]

    var what: String {
        let names = entries.map(\.text)
        return switch names.count {
        case 0: "profile \(profile): the base system can't be installed"
        case 1: "profile \(profile): \(names[0]) can't be installed"
        default: "profile \(profile): \(names.joined(separator: " and ")) can't be installed together"
        }
    }
    var location: SourceLocation? { entries.last?.location }
    var details: [String] { entries.reversed().flatMap { $0.excerpt() } + steps }
    var hint: String? {
        let separation = entries.count > 1 ? ["remove one of them, or put them into different profiles"] : []
        let all = hints + separation
        return all.isEmpty ? nil : all.joined(separator: "\n")
    }
    var isUsageError: Bool { true }
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

/// A profile with more than one kernel, or with a module that does not fit its kernel.
struct KernelCount: UserError {
    let profile: String
    let kernels: [String]
    var what: String {
        "profile \(profile) must have one kernel with one matching zfs module, and has \(kernels.joined(separator: " and "))"
    }
    var hint: String? {
        "name linux-image-<architecture> (Ubuntu: linux-image-generic) in the sets, and no kernel of a fixed version beside it"
    }
    var isUsageError: Bool { true }
}

/// A profile with ZFS and a kernel that has no module for it.
struct NoZFSModule: UserError {
    let profile: String
    let kernel: String
    var what: String { "profile \(profile) has zfsutils-linux, and no zfs module for its kernel \(kernel)" }
    var hint: String? {
        let packages = KernelPackage.zfs(for: kernel).joined(separator: ", ")
        return "one of \(packages) must be in it: declare zfs-module, or put what brings one into the sets"
    }
    var isUsageError: Bool { true }
}

/// A set of requests on which the solver gave up.
struct ResolutionTooHard: UserError {
    let profile: String
    let limit: String
    var what: String { "profile \(profile): the resolution was given up (\(limit))" }
    var hint: String? { "name fewer alternatives: pin versions or name packages instead of what they provide" }
}

import APT
import Declaration
import Primitives
import Solver

/// Answers ad-hoc requests against the packages of a snapshot.
package struct AdHocResolver {
    private let catalog: Catalog
    /// Of the distribution; its profiles are not resolved but where the ad-hoc request builds on one.
    private let distribution: ResolutionRequest

    package init(catalog: Catalog, distribution: ResolutionRequest) {
        self.catalog = catalog
        self.distribution = distribution
    }

    /// What an item of the request stands for.
    private enum Wish {
        case asked(PackageRequest)
        case ground(SolvedProfile.Wish)

        var words: String {
            switch self {
            case .asked(let request): "\"\(request)\""
            case .ground(let wish): wish.words
            }
        }
    }

    /// Solves `request` as one whole: its ground and what it asks for.
    ///
    /// Throws `UserErrors` with all names that mean nothing, `AdHocImpossible`, and `SolverLimitReached`.
    package func solve(_ request: AdHocRequest) throws -> AdHocAnswer {
        let ground = try solvedGround(request.ground)
        // A profile that has what its packages recommend has that of those, too, that join it.
        let followsAll = request.ground.profile?.includesRecommends ?? false
        let includesRecommends = request.includesRecommends || followsAll
        let universe = try catalog.packages(includesRecommends: includesRecommends)
        let excluded = request.ground.profile?.sets.forbidden.flatMap { universe.packages(named: $0.name) } ?? []
        if let debian = universe as? DebianUniverse {
            debian.keptOut = Set(excluded + request.forbidden.flatMap(universe.packages(named:)))
        }
        var (items, forbidden) = try asked(request, universe)
        var wishes = request.wanted.map { Wish.asked($0) }
        var groundItems: [Requirement] = []
        for wish in ground.map({ wishesOfGround($0, request) }) ?? [] {
            groundItems += requirements(for: wish, Int32(wishes.count), universe)
            wishes.append(.ground(wish))
        }
        let before = Set(ground?.packages ?? [])
        var solver = Solver(universe: ContentUniverse(base: universe, content: followsAll ? [] : before))
        forbidden += excluded
        // What was there before is decided first, as on a system that has it.
        let outcome = try solver.solve(
            SolverRequest(
                items: groundItems + items, forbidden: forbidden,
                takesOptionalRequirements: includesRecommends))
        switch outcome {
        case .impossible(let explanation): throw impossible(explanation, wishes, request, universe)
        case .solved(let solution):
            let requested = requestsAnswered(by: solution, request.wanted, items)
            return try answer(solution, requested, ground, request, universe)
        }
    }

    /// What the ground comes to by itself; nil where it is nothing.
    private func solvedGround(_ ground: AdHocRequest.Ground) throws -> SolvedProfile? {
        let profile: ProfileRequest
        switch ground {
        case .nothing: return nil
        case .base:
            let noSets = try PackageSetUnion(
                of: [], files: [], family: distribution.family, architecture: distribution.architecture)
            profile = ProfileRequest(name: "base", base: .installation, sets: noSets)
        case .profile(let wanted): profile = wanted
        }
        var alone = distribution
        alone.profiles = [profile]
        return try Resolver().resolve(alone, in: catalog).profiles.first
    }

    /// As the sets of the profile would have it if what is asked for stood in them.
    private func wishesOfGround(_ ground: SolvedProfile, _ request: AdHocRequest) -> [SolvedProfile.Wish] {
        guard case .apt(let apt) = catalog.content, let module = apt.module, request.ground.profile != nil,
            request.wanted.contains(where: { $0.name == "zfsutils-linux" }),
            !ground.wishes.contains(.module(module.name))
        else { return ground.wishes }
        return ground.wishes + [.module(module.name)]
    }

    /// What was asked for as items, which must be taken in before all others: a version or suite makes another candidate.
    /// And the packages that must not be in. Throws every name that means nothing.
    private func asked(
        _ request: AdHocRequest, _ universe: any CatalogPackages
    ) throws(UserErrors) -> (items: [Requirement], forbidden: [PackageID]) {
        var items: [Requirement] = []
        var forbidden: [PackageID] = []
        var errors: [any UserError] = []
        for (label, wanted) in request.wanted.enumerated() {
            do {
                items += try universe.requirements(for: wanted, label: Int32(label), isOptional: false)
            } catch let error as any UserError {
                errors.append(error)
            } catch {
                errors.append(Mistake("\(error)", at: nil))
            }
        }
        for name in request.forbidden {
            let named = universe.packages(named: name)
            forbidden += named
            guard named.isEmpty else { continue }
            let providers = universe.providers(of: name)
            guard providers.isEmpty else {
                errors.append(
                    Mistake(
                        "\"-\(name)\" excludes nothing: no package is called so", at: nil,
                        hint: "it is provided by \(providers.map(universe.name).joined(separator: ", "))"))
                continue
            }
            errors.append(
                PackageRequestError(request: name, problem: .unknownName(nearest: universe.nearestNames(to: name))))
        }
        guard errors.isEmpty else { throw UserErrors(errors) }
        return (items, forbidden)
    }

    private func requirements(
        for wish: SolvedProfile.Wish, _ label: Int32, _ universe: any CatalogPackages
    ) -> [Requirement] {
        switch wish {
        case .base(let name), .update(let name):
            universe.candidate(of: name).map { [Requirement(candidates: [$0], label: label)] } ?? []
        case .module(let name):
            (try? universe.requirements(for: PackageRequest(name: name), label: label, isOptional: false)) ?? []
        // The profile was resolved with this line before, or went without it.
        case .line(let entry): (try? universe.requirements(for: entry, label: label)) ?? []
        }
    }
}

// MARK: - answers

extension AdHocResolver {
    private func answer(
        _ solution: Solution, _ requested: [PackageID: String], _ ground: SolvedProfile?, _ request: AdHocRequest,
        _ universe: any CatalogPackages
    ) throws -> AdHocAnswer {
        let before = Set(ground?.packages ?? [])
        func package(_ id: PackageID, in solution: Solution?) throws -> AdHocAnswer.Package {
            let file = try universe.file(of: id)
            var parent: String?
            if case .required(let by, _, _) = solution?.reason(for: id) { parent = universe.name(of: by) }
            return AdHocAnswer.Package(
                name: universe.name(of: id), version: universe.version(of: id),
                architecture: universe.architecture(of: id),
                size: file?.size ?? .zero, installedSize: file?.installedSize ?? .zero,
                request: solution == nil ? nil : requested[id], isAdded: !before.contains(id), neededBy: parent)
        }
        func sorted(_ packages: [AdHocAnswer.Package]) -> [AdHocAnswer.Package] {
            packages.sorted { ($0.name, $0.architecture, $0.version) < ($1.name, $1.architecture, $1.version) }
        }
        let after = Set(solution.packages)
        var remarks = ground?.remarks ?? []
        for dropped in solution.dropped {
            guard case .required(let by, let label, _) = dropped.source, !before.contains(by) else { continue }
            let why = dropped.hasCandidates ? "it can't be had beside the rest" : "nothing satisfies that"
            remarks.append("\(universe.name(of: by)) \(universe.describe(requirement: label, of: by)): \(why)")
        }
        if universe is DebianUniverse {
            for id in solution.packages where !before.contains(id) {
                let objection = DpkgRules.objection(toName: universe.name(of: id), version: universe.version(of: id))
                if let objection { remarks.append("dpkg refuses to install \(universe.describe(id)): \(objection)") }
            }
        }
        let kernels = solution.packages.compactMap { KernelPackage.release(ofImage: universe.name(of: $0)) }
        if let profile = request.ground.profile, kernels.count > 1 {
            remarks.append(KernelCount(profile: profile.name, kernels: kernels).what)
        }
        return AdHocAnswer(
            ground: ground.map { _ in request.ground.words },
            packages: sorted(try solution.packages.map { try package($0, in: solution) }),
            replaced: sorted(try before.filter { !after.contains($0) }.map { try package($0, in: nil) }),
            groundTotal: AdHocAnswer.Total(try before.map { try package($0, in: nil) }), remarks: remarks)
    }

    /// The package that answers each request: what it asks for may be in for other reasons too.
    private func requestsAnswered(
        by solution: Solution, _ wanted: [PackageRequest], _ items: [Requirement]
    ) -> [PackageID: String] {
        var answered: [PackageID: String] = [:]
        for item in items {
            if let package = item.candidates.first(where: solution.contains) {
                answered[package] = "\(wanted[Int(item.label)])"
            }
        }
        return answered
    }

    private func impossible(
        _ explanation: Explanation, _ wishes: [Wish], _ request: AdHocRequest, _ universe: any CatalogPackages
    ) -> AdHocImpossible {
        var requests: [String] = []
        var remedies: [String] = []
        var blamesBase = false
        for label in explanation.involvedRequestLabels {
            switch wishes[Int(label)] {
            case .asked(let wanted):
                requests.append("\(wanted)")
                if wanted.version != nil || wanted.suite != nil {
                    remedies.append("ask for \(wanted.name) without a fixed version or suite")
                }
            case .ground(.line(let entry)):
                remedies.append("change \(entry.location.file):\(entry.location.line) (\(entry.text))")
            case .ground(.base): blamesBase = true
            case .ground(.module), .ground(.update): break
            }
        }
        if requests.count > 1 { remedies.insert("leave out \(requests.joined(separator: " or "))", at: 0) }
        let excluded = Set(explanation.forbiddenPackages.map(universe.name))
        for name in excluded.sorted() {
            if request.forbidden.contains(name) { remedies.append("leave out -\(name)") }
            if let line = request.ground.profile?.sets.forbidden.first(where: { $0.name == name }) {
                remedies.append("change \(line.location.file):\(line.location.line) (\(line.text))")
            }
        }
        if blamesBase { remedies.append("ask without the base system (--empty)") }
        return AdHocImpossible(
            requests: requests, ground: request.ground.shownBeside,
            steps: explanation.steps(in: universe) { wishes[Int($0)].words }, remedies: remedies)
    }
}

extension AdHocRequest.Ground {
    fileprivate var profile: ProfileRequest? {
        if case .profile(let profile) = self { profile } else { nil }
    }

    fileprivate var shownBeside: String? {
        if case .nothing = self { nil } else { words }
    }
}

/// A universe in which packages that are there already recommend nothing more.
private struct ContentUniverse: WeighingUniverse {
    let base: any CatalogPackages
    let content: Set<PackageID>

    var packageCount: Int { base.packageCount }
    var policy: ChoicePolicy { base.policy }
    /// nil where the base does not weigh: then nobody asks for any of it.
    private var weighing: (any WeighingUniverse)? { base as? any WeighingUniverse }

    func requirements(of package: PackageID) -> [Requirement] {
        let all = base.requirements(of: package)
        return content.contains(package) ? all.filter { !$0.isOptional } : all
    }

    func conflicts(of package: PackageID) -> [Conflict] { base.conflicts(of: package) }
    func describe(_ package: PackageID) -> String { base.describe(package) }
    func describe(requirement label: Int32, of package: PackageID) -> String {
        base.describe(requirement: label, of: package)
    }
    func describe(conflict label: Int32, of package: PackageID) -> String {
        base.describe(conflict: label, of: package)
    }

    var supplementing: [PackageID] { weighing?.supplementing ?? [] }
    func narrowed(_ candidates: [PackageID]) -> [PackageID] { weighing?.narrowed(candidates) ?? candidates }
    func ordered(_ candidates: [PackageID], isInstalled: (PackageID) -> Bool) -> [PackageID] {
        weighing?.ordered(candidates, isInstalled: isInstalled) ?? candidates
    }
    func supplement(_ package: PackageID, isInstalled: (PackageID) -> Bool) -> (package: PackageID, label: Int32)? {
        weighing?.supplement(package) { !content.contains($0) && isInstalled($0) }
    }
    func isKeptOut(_ package: PackageID, isInstalled: (PackageID) -> Bool) -> Bool {
        weighing?.isKeptOut(package, isInstalled: isInstalled) ?? false
    }
}

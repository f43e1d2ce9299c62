import Primitives
package import Solver

/// From what people ask for to packages, as dnf's Subject does it.
extension RPMUniverse {
    /// What `request` asks of a solution: one requirement, or one for each member of a group; `label` and `isOptional` go into
    /// each. Members of a group that no repository has are left out, as dnf does. It has to be asked before a solver is made.
    /// Throws where nothing answers the request.
    package func requirements(
        for request: RPMRequest, label: Int32, isOptional: Bool = false
    ) throws(RPMRequestError) -> [Requirement] {
        if let group = request.group {
            return try requirements(forGroup: group, request, label: label, isOptional: isOptional)
        }
        let found = try packages(for: request)
        return [requirement(found, label: label, isOptional: isOptional)]
    }

    private func requirement(_ packages: [Int32], label: Int32, isOptional: Bool) -> Requirement {
        let candidates =
            rules.takesBestOnly ? narrowed(packages.map { PackageID($0) }).map(\.index) : packages
        for package in candidates { ask(for: table.record(package).name) }
        return Requirement(
            candidates: bestFirst(candidates).map { PackageID($0) }, label: label, isOptional: isOptional)
    }

    private func requirements(
        forGroup name: String, _ request: RPMRequest, label: Int32, isOptional: Bool
    ) throws(RPMRequestError) -> [Requirement] {
        guard let members = groups.members(of: name, includesOptional: request.includesOptional) else {
            let known = groups.groups.map(\.id) + groups.environments.map(\.id)
            throw RPMRequestError(
                request: name, problem: .unknownGroup(nearest: EditDistance.nearest(to: name, among: known)))
        }
        var result: [Requirement] = []
        for member in members {
            guard let found = try? packages(for: RPMRequest(member.name)) else { continue }
            var requirement = requirement(found, label: label, isOptional: isOptional)
            // Only mandatory members have to be there.
            if member.membership != .mandatory { requirement.isOptional = true }
            if member.membership == .conditional {
                guard let condition = member.condition else { continue }
                let conditions = table.packages(named: condition).filter(canBeChosen)
                for one in conditions {
                    requirement.given = [one]
                    result.append(requirement)
                }
            } else {
                result.append(requirement)
            }
        }
        return result
    }

    /// The packages that answer `request`, ascending. Throws where there is none.
    func packages(for request: RPMRequest) throws(RPMRequestError) -> [Int32] {
        func fail(_ problem: RPMRequestError.Problem) -> RPMRequestError {
            RPMRequestError(request: request.text, problem: problem)
        }
        let all = named(request)
        let chosen = all.packages.filter { isConsidered[Int($0)] }
        if !chosen.isEmpty {
            guard all.isJustName else { return chosen }
            // What obsoletes it answers, too.
            let named = Set(chosen)
            var obsoleting: Set<Int32> = []
            for name in Set(chosen.map { table.record($0).name }) {
                for other in obsoleters[name] ?? [] where isConsidered[Int(other)] {
                    let isMeant = table.relations(.obsoletes, of: other).contains { relation in
                        relation.name == name && packages(namedIn: relation).contains(where: named.contains)
                    }
                    if isMeant { obsoleting.insert(other) }
                }
            }
            return named.union(obsoleting).sorted()
        }
        if let first = all.packages.first {
            switch hidden[Int(first)] {
            case .byModules: throw fail(.hiddenByModules(streams: streams(of: all.packages)))
            case .excluded: throw fail(.excluded)
            default:
                throw fail(
                    .notForArchitecture(Set(all.packages.map { table.architecture(of: PackageID($0)) }).sorted()))
            }
        }
        let spelled = table.packages(named: request.name)
        guard !spelled.isEmpty else {
            throw fail(.unknown(nearest: nearestNames(to: request.name)))
        }
        if let repository = request.repository, !spelled.contains(where: { table.repository(of: $0) == repository }) {
            throw fail(.notInRepository(available: Set(spelled.map { table.repository(of: $0) }).sorted()))
        }
        if let architecture = request.architecture,
            !spelled.contains(where: { table.architecture(of: $0) == architecture })
        {
            let builds = modules.active + modules.inactive
            if builds.contains(where: { $0.name == request.name && $0.stream == architecture }) {
                throw fail(.stream)
            }
            throw fail(.notForArchitecture(Set(spelled.map { table.architecture(of: $0) }).sorted()))
        }
        let versions = Set(spelled.map { table.version(of: $0) }).sorted()
        throw fail(.noSuchVersion(available: versions.map(\.text)))
    }

    var considerableNames: [String] {
        var known: Set<Int32> = []
        for package in 0..<Int32(packageCount) where isConsidered[Int(package)] {
            known.insert(table.record(package).name)
        }
        return known.map { table.string($0) }
    }

    /// "name:stream" of each module that has one of `packages`.
    func streams(of packages: [Int32]) -> [String] {
        let wanted = Set(packages.map { table.string(table.record($0).name) + "-" })
        return Set(
            modules.inactive.filter { build in
                build.artifacts.contains { artifact in wanted.contains { artifact.hasPrefix($0) } }
            }.map { "\($0.name):\($0.stream)" }
        ).sorted()
    }

    /// All packages that a request may mean, those that can't be chosen, too.
    private func named(_ request: RPMRequest) -> (packages: [Int32], isJustName: Bool) {
        if request.architecture != nil || request.version != nil || request.repository != nil {
            let packages = table.packages(named: request.name).filter { package in
                (request.architecture.map { table.architecture(of: package) == $0 } ?? true)
                    && (request.repository.map { table.repository(of: package) == $0 } ?? true)
                    && (request.version.map { isVersion(package.index, $0) } ?? true)
            }
            return (packages.map(\.index), false)
        }
        let text = request.name
        // The order of libdnf's forms: name-version-release.arch, name.arch, name, name-version-release, name-version.
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count > 1, let last = parts.last {
            let architecture = String(last)
            let rest = text.dropLast(architecture.utf8.count + 1)
            let isKnown = ArchitectureScores(target: rules.architecture).score(architecture) != ArchitectureScores.none
            if isKnown {
                let exact = versioned(String(rest), dashes: 2).filter {
                    table.architecture(of: PackageID($0)) == architecture
                }
                if !exact.isEmpty { return (exact, false) }
                let named = table.packages(named: String(rest)).filter { table.architecture(of: $0) == architecture }
                if !named.isEmpty { return (named.map(\.index), false) }
            }
        }
        let plain = table.packages(named: text).map(\.index)
        if plain.contains(where: { isConsidered[Int($0)] }) { return (plain, true) }
        for dashes in [2, 1] {
            let exact = versioned(text, dashes: dashes)
            if !exact.isEmpty { return (exact, false) }
        }
        let provided = provided(text)
        if provided.contains(where: { isConsidered[Int($0)] }) || plain.isEmpty { return (provided, false) }
        return (plain, true)
    }

    /// The packages that `name-version-release` (two hyphens) or `name-version` (one) spells.
    private func versioned(_ text: String, dashes: Int) -> [Int32] {
        var end = text.endIndex
        for _ in 0..<dashes {
            guard let dash = text[..<end].lastIndex(of: "-") else { return [] }
            end = dash
        }
        guard end > text.startIndex, end < text.endIndex else { return [] }
        let version = String(text[text.index(after: end)...])
        return table.packages(named: String(text[..<end])).map(\.index).filter { isVersion($0, version) }
    }

    /// Whether a package is of a version that may lack epoch and release.
    private func isVersion(_ package: Int32, _ wanted: String) -> Bool {
        let own = table.version(of: PackageID(package))
        let asked = RPMVersion(wanted)
        if let epoch = asked.epoch, epoch != own.epoch { return false }
        return asked.version == own.version && (asked.release == nil || asked.release == own.release)
    }

    /// The packages that provide what `text` spells, or have the file.
    private func provided(_ text: String) -> [Int32] {
        var text = text
        return text.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            guard let relation = try? RichRelationParser.parse(bytes),
                case .name(let name, let flags, let version) = relation,
                let number = table.find(bytes.slice(name))
            else { return [] }
            return providers(of: number, flags, version: bytes.slice(version))
        }
    }
}

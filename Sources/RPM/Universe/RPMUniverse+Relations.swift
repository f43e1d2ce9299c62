package import Solver

/// Requirements and conflicts.
extension RPMUniverse {
    /// Labels of what no relation declares. All others are numbers of relations, from the package's first one on.
    static let otherVersion: Int32 = -1
    static let sameVersionOfOtherArchitecture: Int32 = -2

    /// A clause of a package on its way to the solver.
    private struct Row {
        /// As libsolv orders rules: the literals without the package's own, ascending.
        var key: [Int32]
        var requirement: Requirement
    }

    /// What `package` requires, in libsolv's order of rules; then what it recommends, as written.
    package func requirements(of package: PackageID) -> [Requirement] {
        let own = package.index
        let first = Int(table.record(own).relationStart)
        let range = table.record(own).relations(.requires)
        var rows: [Row] = []
        rows.reserveCapacity(range.count)
        for place in range {
            append(table.image.relations[place], of: own, label: Int32(place - first), to: &rows)
        }
        for place in table.record(own).relations(.conflicts) where table.image.relations[place].isRich {
            appendOpposite(table.image.relations[place], of: own, label: Int32(place - first), to: &rows)
        }
        if let row = lockStep(own) { rows.append(row) }
        rows.sort { $0.key.lexicographicallyPrecedes($1.key) }
        var result = rows.map(\.requirement)
        for place in table.record(own).relations(.recommends) {
            var optional: [Row] = []
            append(table.image.relations[place], of: own, label: Int32(place - first), to: &optional)
            result += optional.map { row in
                var requirement = row.requirement
                requirement.isOptional = true
                return requirement
            }
        }
        return result
    }

    private func append(_ relation: StoredRelation, of own: Int32, label: Int32, to rows: inout [Row]) {
        if relation.isRich {
            guard let rich = parsed(relation) else { return }
            append(clauses(rich, in: table.bytes(relation.name)), of: own, label: label, to: &rows)
            return
        }
        let providers = providers(of: relation)
        if providers.isEmpty, SystemProvides.contains(table.bytes(relation.name)) { return }
        if providers.contains(own) { return }
        rows.append(row(providers.map { $0 + 1 }, label: label))
    }

    /// A conflict with what a rich relation says: its opposite has to hold.
    private func appendOpposite(_ relation: StoredRelation, of own: Int32, label: Int32, to rows: inout [Row]) {
        guard let rich = parsed(relation) else { return }
        append(
            clauses(rich, in: table.bytes(relation.name), isDisjunction: true).inverted, of: own, label: label,
            to: &rows)
    }

    private func append(_ clauses: RelationClauses, of own: Int32, label: Int32, to rows: inout [Row]) {
        switch clauses {
        case .always: return
        case .never: rows.append(row([], label: label))
        case .clauses(let all):
            for literals in all where !literals.contains(own + 1) {
                rows.append(row(literals.filter { $0 != -own - 1 }, label: label))
            }
        }
    }

    private func row(_ literals: [Int32], label: Int32) -> Row {
        var candidates: [Int32] = []
        var given: [PackageID] = []
        for literal in literals {
            if literal > 0 {
                if isConsidered[Int(literal - 1)] { candidates.append(literal - 1) }
            } else {
                given.append(PackageID(-literal - 1))
            }
        }
        return Row(
            key: literals,
            requirement: Requirement(
                candidates: bestFirst(candidates).map { PackageID($0) }, label: label, given: given))
    }

    /// A package of another kind of architecture than the target's comes beside the target's own of the very same version, if
    /// there is one of its name and nobody asked for the name: libsolv's rule for inferior architectures, which keeps i686
    /// packages in step on x86_64.
    private func lockStep(_ own: Int32) -> Row? {
        let score = score(own)
        guard rules.keepsArchitecturesInStep, score > ArchitectureScores.independent,
            !asked.contains(table.record(own).name)
        else { return nil }
        let named = table.packages(named: table.record(own).name)
        var best = UInt32.max
        for other in named where isConsidered[Int(other)] {
            let score = self.score(other)
            if score > ArchitectureScores.independent { best = min(best, score) }
        }
        guard best >> 16 != score >> 16, best != .max else { return nil }
        let twins = named.filter { other in
            let score = self.score(other)
            return other != own && table.record(other).architecture != table.record(own).architecture
                && table.compareVersions(other, own) == 0
                && (score == ArchitectureScores.independent || score >> 16 == best >> 16)
        }
        return row(twins.map { $0 + 1 }, label: Self.sameVersionOfOtherArchitecture)
    }

    /// The order of candidates where nothing else speaks for one: priority of the repository, architecture, name, then the
    /// newest first.
    func bestFirst(_ candidates: [Int32]) -> [Int32] {
        guard candidates.count > 1 else { return candidates }
        return candidates.sorted { a, b in
            let (isKept, isOtherKept) = (preferred.contains(a), preferred.contains(b))
            if isKept != isOtherKept { return isKept }
            let (one, other) = (table.record(a), table.record(b))
            let (priority, otherPriority) = (priorities[Int(one.repository)], priorities[Int(other.repository)])
            if priority != otherPriority { return priority < otherPriority }
            let (kind, otherKind) = (score(a) >> 16, score(b) >> 16)
            // What fits every architecture is as good as the best.
            if max(kind, 1) != max(otherKind, 1) { return max(kind, 1) < max(otherKind, 1) }
            if one.name != other.name { return table.bytes(one.name).order(to: table.bytes(other.name)) < 0 }
            let order = table.compareVersions(a, b)
            if order != 0 { return order > 0 }
            let (cost, otherCost) = (costs[Int(one.repository)], costs[Int(other.repository)])
            return cost != otherCost ? cost < otherCost : a < b
        }
    }

    /// What `package` does not tolerate: Conflicts, Obsoletes (of names, not of what is provided), other versions of itself.
    package func conflicts(of package: PackageID) -> [Conflict] {
        let own = package.index
        let first = Int(table.record(own).relationStart)
        var result: [Conflict] = []
        func add(_ packages: [Int32], _ label: Int32) {
            let others = packages.filter { $0 != own && isConsidered[Int($0)] }
            if !others.isEmpty { result.append(Conflict(packages: others.map { PackageID($0) }, label: label)) }
        }
        let record = table.record(own)
        add(
            table.packages(named: record.name).filter { isRival($0, own) }, Self.otherVersion)
        for place in record.relations(.conflicts) where !table.image.relations[place].isRich {
            add(providers(of: table.image.relations[place]), Int32(place - first))
        }
        if !isInstallOnly[Int(own)] {
            for place in record.relations(.obsoletes) {
                add(packages(namedIn: table.image.relations[place]), Int32(place - first))
            }
        }
        return result
    }

    /// Whether two packages of one name exclude each other.
    private func isRival(_ other: Int32, _ own: Int32) -> Bool {
        let (one, two) = (table.record(own), table.record(other))
        if isInstallOnly[Int(own)], isInstallOnly[Int(other)], !rules.keepsOneKernel {
            return one.architecture == two.architecture && table.compareVersions(own, other) == 0
        }
        return one.architecture == two.architecture
            || ArchitectureScores.overlap(table.string(one.architecture), table.string(two.architecture))
    }
}

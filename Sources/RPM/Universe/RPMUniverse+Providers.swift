import Solver

/// What meets a relation.
extension RPMUniverse {
    /// The packages that provide `name` in such a version, ascending; those that can't be chosen, too.
    func providers(of name: Int32, _ flags: RelationFlags, version: UnsafeRawBufferPointer) -> [Int32] {
        var result: [Int32] = []
        let isVersioned = !flags.isDisjoint(with: .comparison)
        for provider in table.providers(of: name) where result.last != provider.package {
            if isVersioned, !provider.flags.isDisjoint(with: .comparison),
                !provider.flags.overlaps(table.bytes(provider.version), flags, version)
            {
                continue
            }
            result.append(provider.package)
        }
        return result
    }

    func providers(of relation: StoredRelation) -> [Int32] {
        providers(of: relation.name, relation.flags, version: table.bytes(relation.version))
    }

    /// The packages called as `relation` says, in such a version, ascending: what Obsoletes means.
    func packages(namedIn relation: StoredRelation) -> [Int32] {
        let flags = relation.flags
        let isVersioned = !flags.isDisjoint(with: .comparison)
        return table.packages(named: relation.name).filter { package in
            !isVersioned
                || RelationFlags.equal.overlaps(
                    table.bytes(table.record(package).version), flags, table.bytes(relation.version))
        }
    }

    /// The packages that one of a rich relation's parts means, alone: a name, or names joined by with, without, or.
    private func selected(_ relation: RichRelation, in text: UnsafeRawBufferPointer) -> [Int32] {
        switch relation {
        case .name(let name, let flags, let version):
            guard let number = table.find(text.slice(name)) else { return [] }
            let spelled = text.slice(version)
            return providers(
                of: number, flags, version: spelled.hasPrefix("0:") ? spelled.slice(2..<spelled.count) : spelled)
        case .with(let one, let other):
            let others = Set(selected(other, in: text))
            return selected(one, in: text).filter(others.contains)
        case .without(let one, let other):
            let others = Set(selected(other, in: text))
            return selected(one, in: text).filter { !others.contains($0) }
        case .or(let all):
            return Set(all.flatMap { selected($0, in: text) }).sorted()
        case .and, .if, .unless: return []
        }
    }

    /// `relation` in normal form; with `isDisjunction` as alternatives, of each of which all must hold.
    func clauses(
        _ relation: RichRelation, in text: UnsafeRawBufferPointer, isDisjunction: Bool = false
    ) -> RelationClauses {
        func part(_ relation: RichRelation) -> RelationClauses {
            clauses(relation, in: text, isDisjunction: isDisjunction)
        }
        func opposite(_ relation: RichRelation) -> RelationClauses {
            clauses(relation, in: text, isDisjunction: !isDisjunction).inverted
        }
        switch relation {
        case .name(let name, _, _) where SystemProvides.contains(text.slice(name)): return .always
        case .name, .with, .without:
            return RelationClauses(selected(relation, in: text), isDisjunction: isDisjunction)
        case .and(let all):
            return all.dropFirst().reduce(part(all[0])) { $0.and(part($1), isDisjunction: isDisjunction) }
        case .or(let all):
            return all.dropFirst().reduce(part(all[0])) { $0.or(part($1), isDisjunction: isDisjunction) }
        case .if(let one, let condition, let other):
            let first = part(one).or(opposite(condition), isDisjunction: isDisjunction)
            guard let other else { return first }
            let second = part(condition).or(part(other), isDisjunction: isDisjunction)
            return first.and(second, isDisjunction: isDisjunction)
        case .unless(let one, let condition, let other):
            let first = part(one).and(opposite(condition), isDisjunction: isDisjunction)
            guard let other else { return first }
            let second = part(condition).and(part(other), isDisjunction: isDisjunction)
            return first.or(second, isDisjunction: isDisjunction)
        }
    }

    /// The text of a rich relation, read. It was read without error before.
    func parsed(_ relation: StoredRelation) -> RichRelation? {
        try? RichRelationParser.parse(table.bytes(relation.name))
    }

    /// `relation` with the packages in it looked up, for questions that are asked often.
    func condition(_ relation: StoredRelation) -> PackageCondition {
        if relation.isRich {
            return parsed(relation).map { condition($0, in: table.bytes(relation.name)) } ?? .anyOf([])
        }
        return SystemProvides.contains(table.bytes(relation.name)) ? .always : .anyOf(providers(of: relation))
    }

    private func condition(_ relation: RichRelation, in text: UnsafeRawBufferPointer) -> PackageCondition {
        func part(_ relation: RichRelation) -> PackageCondition { condition(relation, in: text) }
        switch relation {
        case .name(let name, _, _) where SystemProvides.contains(text.slice(name)): return .always
        case .name, .with, .without: return .anyOf(selected(relation, in: text))
        case .and(let all): return .all(all.map(part))
        case .or(let all): return .any(all.map(part))
        case .if(let one, let condition, let other):
            return .choice(part(condition), then: part(one), else: other.map(part) ?? .always)
        case .unless(let one, let condition, let other):
            return .choice(part(condition), then: other.map(part) ?? .anyOf([]), else: part(one))
        }
    }
}

/// What has to be installed for a relation to hold.
indirect enum PackageCondition {
    case always
    case anyOf([Int32])
    case all([PackageCondition])
    case any([PackageCondition])
    case choice(PackageCondition, then: PackageCondition, else: PackageCondition)

    func holds(_ isInstalled: (Int32) -> Bool) -> Bool {
        switch self {
        case .always: true
        case .anyOf(let packages): packages.contains(where: isInstalled)
        case .all(let parts): parts.allSatisfy { $0.holds(isInstalled) }
        case .any(let parts): parts.contains { $0.holds(isInstalled) }
        case .choice(let condition, let one, let other):
            condition.holds(isInstalled) ? one.holds(isInstalled) : other.holds(isInstalled)
        }
    }

    /// All packages that are looked at.
    var packages: [Int32] {
        switch self {
        case .always: []
        case .anyOf(let packages): packages
        case .all(let parts), .any(let parts): parts.flatMap(\.packages)
        case .choice(let condition, let one, let other): condition.packages + one.packages + other.packages
        }
    }
}

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
            return providers(of: number, flags, version: spelled.hasPrefix("0:") ? spelled.slice(2..<spelled.count) : spelled)
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
    func parsed(_ relation: StoredRelation) -> RichRelation? { try? RelationParser.parse(table.bytes(relation.name)) }

    /// Whether `relation` holds where just the packages are installed for which `isInstalled` says so.
    func holds(_ relation: StoredRelation, _ isInstalled: (Int32) -> Bool) -> Bool {
        if relation.isRich {
            guard let rich = parsed(relation) else { return false }
            return holds(rich, in: table.bytes(relation.name), isInstalled)
        }
        if SystemProvides.contains(table.bytes(relation.name)) { return true }
        let isVersioned = !relation.flags.isDisjoint(with: .comparison)
        let version = table.bytes(relation.version)
        for provider in table.providers(of: relation.name) where isInstalled(provider.package) {
            if !isVersioned || provider.flags.isDisjoint(with: .comparison)
                || provider.flags.overlaps(table.bytes(provider.version), relation.flags, version)
            {
                return true
            }
        }
        return false
    }

    private func holds(
        _ relation: RichRelation, in text: UnsafeRawBufferPointer, _ isInstalled: (Int32) -> Bool
    ) -> Bool {
        switch relation {
        case .name(let name, _, _) where SystemProvides.contains(text.slice(name)): return true
        case .name, .with, .without: return selected(relation, in: text).contains(where: isInstalled)
        case .and(let all): return all.allSatisfy { holds($0, in: text, isInstalled) }
        case .or(let all): return all.contains { holds($0, in: text, isInstalled) }
        case .if(let one, let condition, let other):
            if holds(condition, in: text, isInstalled) { return holds(one, in: text, isInstalled) }
            return other.map { holds($0, in: text, isInstalled) } ?? true
        case .unless(let one, let condition, let other):
            if !holds(condition, in: text, isInstalled) { return holds(one, in: text, isInstalled) }
            return other.map { holds($0, in: text, isInstalled) } ?? false
        }
    }
}

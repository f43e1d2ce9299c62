import Primitives
package import Solver

/// What a package needs: Pre-Depends, Depends and, if wanted, Recommends.
extension DebianUniverse {
    /// The package's relations in the order of its stanza's fields Pre-Depends, Depends, Recommends.
    ///
    /// The label of each is the byte of its stanza at which the relation begins, or that of a field that does not parse.
    package func requirements(of package: PackageID) -> [Requirement] {
        if let known = requirementMemo[package.index] { return known }
        let found = readRequirements(package.index)
        requirementMemo.set(found, of: package.index)
        return found
    }

    private func readRequirements(_ package: Int32) -> [Requirement] {
        let bytes = table.bytes(package)
        var preDepends, depends, recommends: Range<Int>?
        table.forEachField(of: package) { name, value in
            switch (name.count, bytes[name.lowerBound] | 0x20) {
            case (11, 0x70) where bytes.equals(name, ignoringCase: "pre-depends"): preDepends = value
            case (7, 0x64) where bytes.equals(name, ignoringCase: "depends"): depends = value
            case (10, 0x72) where includesRecommends && bytes.equals(name, ignoringCase: "recommends"):
                recommends = value
            default: break
            }
        }
        var result: [Requirement] = []
        if let preDepends { append(preDepends, "Pre-Depends", of: package, to: &result) }
        if let depends { append(depends, "Depends", of: package, to: &result) }
        if let recommends { append(recommends, "Recommends", of: package, isOptional: true, to: &result) }
        _ = conflicts(of: PackageID(package))
        if let label = brokenConflicts[package] { result.append(Requirement(candidates: [], label: label)) }
        return result
    }

    private func append(
        _ field: Range<Int>, _ fieldName: String, of package: Int32, isOptional: Bool = false,
        to result: inout [Requirement]
    ) {
        let bytes = table.bytes(package)
        let start = Int(table.record(package).start)
        var parser = RelationParser(bytes, field)
        var group: [Relation] = []
        func finish() {
            guard let first = group.first else { return }
            let label = Int32(clamping: first.extent.lowerBound - start)
            let applying = group.filter { applies($0, in: bytes) }
            if !applying.isEmpty {
                let found = candidates(for: applying, of: package)
                result.append(Requirement(candidates: found, label: label, isOptional: isOptional))
            }
            group.removeAll(keepingCapacity: true)
        }
        do throws(RelationSyntaxError) {
            while let relation = try parser.next() {
                if !relation.isAlternative { finish() }
                group.append(relation)
            }
            finish()
        } catch {
            finish()
            errors.append(
                PackageIndexError(
                    source: table.source(package).name,
                    package: table.name(of: PackageID(package)), field: fieldName, problem: .relation(error)))
            let label = Int32(clamping: field.lowerBound - start)
            result.append(Requirement(candidates: [], label: label, isOptional: isOptional))
        }
    }

    func applies(_ relation: Relation, in bytes: UnsafeRawBufferPointer) -> Bool {
        relation.architectures.isEmpty || relation.applies(to: table.architectures[0], in: bytes)
    }

    /// The packages that satisfy one of `alternatives`, in apt's order of preference, each once.
    private func candidates(for alternatives: [Relation], of package: Int32) -> [PackageID] {
        var found: [Int32] = []
        startMarking()
        for relation in alternatives { appendCandidates(for: relation, of: package, to: &found) }
        if offersOtherVersions {
            for relation in alternatives { appendOtherVersions(for: relation, of: package, to: &found) { _ in true } }
        } else if found.isEmpty, let suite = followedSuites[package] {
            for relation in alternatives {
                appendOtherVersions(for: relation, of: package, to: &found) { [table] other in
                    table.originNumbers(of: other).contains { table.sources[$0].origin.isSuite(suite) }
                }
            }
            for other in found where followedSuites[other] == nil { followedSuites[other] = suite }
        }
        return found.map { PackageID($0) }
    }

    private func appendCandidates(for relation: Relation, of package: Int32, to found: inout [Int32]) {
        let bytes = table.bytes(package)
        guard let name = table.names.find(bytes.slice(relation.name)) else { return }
        guard let matching = RelationMatch(relation, of: package, in: table) else { return }
        appendCandidates(name, matching, to: &found)
    }

    private func appendCandidates(_ name: Int32, _ matching: RelationMatch, to found: inout [Int32]) {
        let start = found.count
        forEachMatch(name, matching) { other in
            if isCandidate(other), mark(other) { found.append(other) }
        }
        if found.count - start > 1 { found[start...].sort { isPreferred($0, to: $1, for: name) } }
    }

    /// The candidates that provide a name for an architecture, in order of preference.
    func providers(of name: Int32, _ slot: UInt16) -> [Int32] {
        var found: [Int32] = []
        startMarking()
        appendCandidates(name, RelationMatch(slot: slot, in: table), to: &found)
        return found
    }

    private func appendOtherVersions(
        for relation: Relation, of package: Int32, to found: inout [Int32], where isWanted: (Int32) -> Bool
    ) {
        guard let name = table.names.find(table.bytes(package).slice(relation.name)),
            let matching = RelationMatch(relation, of: package, in: table)
        else { return }
        var others: [Int32] = []
        forEachMatch(name, matching) { other in
            if priority(other) >= 0, isWanted(other), mark(other) { others.append(other) }
        }
        others.sort { a, b in
            if isPreferred(a, to: b, for: name) != isPreferred(b, to: a, for: name) {
                return isPreferred(a, to: b, for: name)
            }
            let order = DebianVersion.compare(table.versionBytes(a), table.versionBytes(b))
            return order != 0 ? order > 0 : a < b
        }
        found += others
    }

    /// Calls `body` with every package that satisfies the relation to `name`, under its own name or by providing it.
    func forEachMatch(_ name: Int32, _ matching: RelationMatch, _ body: (Int32) -> Void) {
        for other in table.packages(of: name) where matching.acceptsArchitecture(of: other) {
            if matching.acceptsVersion(table.versionBytes(other)) { body(other) }
        }
        var next = table.firstProvision[Int(name)]
        while next >= 0 {
            let provision = table.provisions[Int(next)]
            next = provision.next
            guard matching.acceptsArchitecture(of: provision.package, provision: provision) else { continue }
            let start = Int(provision.versionStart)
            let version = table.bytes(provision.package).slice(start..<start + Int(provision.versionLength))
            if matching.acceptsVersion(version) { body(provision.package) }
        }
    }

    /// apt's order among the packages that satisfy one alternative, on a system where nothing is installed: a package of the
    /// very name; Essential; Protected; the native architecture, then the foreign ones in order; the higher Priority (a
    /// missing one counts highest). What is left is decided by the order in which apt met the names, the later first.
    private func isPreferred(_ a: Int32, to b: Int32, for name: Int32) -> Bool {
        let left = table.entries[Int(a)]
        let right = table.entries[Int(b)]
        if (left.name == name) != (right.name == name) { return left.name == name }
        let leftRecord = table.record(a)
        let rightRecord = table.record(b)
        if leftRecord.isEssential != rightRecord.isEssential { return leftRecord.isEssential }
        if leftRecord.isProtected != rightRecord.isProtected { return leftRecord.isProtected }
        if left.slot != right.slot { return left.slot < right.slot }
        if leftRecord.priority != rightRecord.priority { return leftRecord.priority < rightRecord.priority }
        return left.name != right.name && table.isMet(right.name, before: left.name)
    }
}

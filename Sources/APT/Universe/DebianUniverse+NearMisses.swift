import Primitives
package import Solver

/// Something that almost satisfies a relation which nothing satisfies.
package enum NearMiss: Hashable, Sendable {
    /// It would do, but `insteadOf` is the candidate of its name; nil: pins forbid every version.
    case notCandidate(PackageID, insteadOf: PackageID?)
    /// It has the name, but not the version.
    case otherVersion(PackageID)
    /// It has the name, but is for another architecture and does not serve this one.
    case otherArchitecture(PackageID)
    /// It provides the name without a version, where one is asked for.
    case unversioned(PackageID, name: String)
    /// No package has or provides the name.
    case unknown(name: String)
}

/// What to tell somebody whose request fails on a relation.
extension DebianUniverse {
    /// For each alternative of the requirement of `package` with this label, what comes nearest to it.
    package func nearMisses(ofRequirement label: Int32, of package: PackageID) -> [NearMiss] {
        relations(at: label, of: package).map { nearMiss($0, of: package.index) }
    }

    private func nearMiss(_ relation: Relation, of package: Int32) -> NearMiss {
        let text = table.bytes(package).slice(relation.name)
        guard let name = table.names.find(text), table.isProvided(table.names.text(name)) else {
            return .unknown(name: String(decoding: text, as: UTF8.self))
        }
        let named = table.packages(named: table.names.text(name)).map(\.index)
        guard let matching = RelationMatch(relation, of: package, in: table) else {
            return named.first.map { .otherArchitecture(PackageID($0)) }
                ?? .unknown(name: String(decoding: text, as: UTF8.self))
        }
        var sufficient: [Int32] = []
        forEachMatch(name, matching) { if !isCandidate($0) { sufficient.append($0) } }
        let newest = sufficient.max {
            (table.entries[Int($0)].name == name ? 1 : 0, DebianVersion(unchecked: table.versionBytes($0)))
                < (table.entries[Int($1)].name == name ? 1 : 0, DebianVersion(unchecked: table.versionBytes($1)))
        }
        if let newest {
            let entry = table.entries[Int(newest)]
            let chosen = candidate(entry.name, entry.slot).map { PackageID($0) }
            return .notCandidate(PackageID(newest), insteadOf: chosen)
        }
        let fitting = named.filter { matching.acceptsArchitecture(of: $0) }
        if let other = fitting.first(where: isCandidate) ?? fitting.first { return .otherVersion(PackageID(other)) }
        if let other = named.first { return .otherArchitecture(PackageID(other)) }
        var next = table.firstProvision[Int(name)]
        while next >= 0 {
            let provision = table.provisions[Int(next)]
            if provision.versionLength == 0 {
                return .unversioned(PackageID(provision.package), name: table.names.text(name))
            }
            next = provision.next
        }
        let provider = table.firstProvision[Int(name)]
        return provider >= 0
            ? .otherVersion(PackageID(table.provisions[Int(provider)].package)) : .unknown(name: table.names.text(name))
    }

    /// The alternatives of the relation that starts `offset` bytes into the stanza of `package`, as far as they apply here.
    private func relations(at offset: Int32, of package: PackageID) -> [Relation] {
        let bytes = table.bytes(package.index)
        let start = Int(table.record(package.index).start) + Int(offset)
        var end = start
        table.forEachField(of: package.index) { _, value in
            if value.lowerBound <= start, start < value.upperBound { end = value.upperBound }
        }
        var parser = RelationParser(bytes, start..<end)
        var alternatives: [Relation] = []
        while let relation = try? parser.next() {
            if !alternatives.isEmpty, !relation.isAlternative { break }
            alternatives.append(relation)
        }
        return alternatives.filter { applies($0, in: bytes) }
    }

    /// Makes `package` the candidate of its name from here on, as a request for its very version does.
    package func choose(_ package: PackageID) { makeCandidate(package.index, followingSuite: nil) }
}

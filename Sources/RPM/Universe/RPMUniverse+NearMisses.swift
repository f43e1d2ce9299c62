package import Solver

/// Something that almost satisfies a relation which nothing satisfies.
package enum RPMNearMiss: Hashable, Sendable {
    /// It would do, but its module has no active stream; the streams that have it, as name:stream.
    case hiddenByModules(PackageID, streams: [String])
    /// It would do, but is excluded.
    case excluded(PackageID)
    /// It would do, but is for an architecture that the target can't run.
    case otherArchitecture(PackageID)
    /// It provides the name, but not in such a version.
    case otherVersion(PackageID)
    /// No package has or provides the name.
    case unknown(name: String)
}

/// What to tell somebody whose request fails on a relation.
extension RPMUniverse {
    /// For each name of the requirement of `package` with this label, what comes nearest to it.
    package func nearMisses(ofRequirement label: Int32, of package: PackageID) -> [RPMNearMiss] {
        let record = table.record(package.index)
        let place = Int(record.relationStart) + Int(label)
        guard label >= 0, place < Int(record.relationEnd(RelationKind.allCases.count - 1)) else { return [] }
        let relation = table.image.relations[place]
        let text = table.bytes(relation.name)
        guard relation.isRich else {
            return [nearMiss(text, relation.flags, version: table.bytes(relation.version))]
        }
        return parsed(relation)?.simple.map { nearMiss(text.slice($0.name), $0.flags, version: text.slice($0.version)) }
            ?? []
    }

    private func nearMiss(
        _ name: UnsafeRawBufferPointer, _ flags: RelationFlags, version: UnsafeRawBufferPointer
    ) -> RPMNearMiss {
        guard let number = table.find(name), !table.providers(of: number).isEmpty else {
            return .unknown(name: String(decoding: name, as: UTF8.self))
        }
        let sufficient = bestFirst(providers(of: number, flags, version: version))
        if let package = sufficient.first {
            switch hidden[Int(package)] {
            case .byModules: return .hiddenByModules(PackageID(package), streams: streams(of: sufficient))
            case .excluded: return .excluded(PackageID(package))
            case .otherArchitecture, .no: return .otherArchitecture(PackageID(package))
            }
        }
        let all = bestFirst(table.providers(of: number).map(\.package))
        let shown = all.first { isConsidered[Int($0)] } ?? all[0]
        return .otherVersion(PackageID(shown))
    }
}

extension RichRelation {
    /// The names with what they are compared with.
    fileprivate var simple: [(name: Range<Int>, flags: RelationFlags, version: Range<Int>)] {
        switch self {
        case .name(let name, let flags, let version): [(name, flags, version)]
        case .and(let all), .or(let all): all.flatMap(\.simple)
        case .if(let one, _, let third), .unless(let one, _, let third): one.simple + (third?.simple ?? [])
        case .with(let one, let other): one.simple + other.simple
        case .without(let one, _): one.simple
        }
    }
}

import Primitives

/// The conditions of one relation of one package, made ready to be asked of many others.
struct RelationMatch {
    private enum Architecture {
        /// As the depending package's (a slot), or any where the other is Multi-Arch: foreign.
        case same(UInt16)
        /// `:any`: any where the other is Multi-Arch: allowed.
        case allowed
        /// Exactly this slot.
        case exactly(UInt16)
        /// Every one: Conflicts and Breaks without a qualifier.
        case every
    }

    private let table: PackageTable
    private let architecture: Architecture
    private let comparison: RelationOperator?
    private let version: UnsafeRawBufferPointer

    /// nil where the relation is to an architecture that does not take part.
    init?(_ relation: Relation, of package: Int32, in table: PackageTable, isNegative: Bool = false) {
        self.table = table
        comparison = relation.comparison
        let bytes = table.bytes(package)
        version = bytes.slice(relation.version)
        switch relation.qualifier {
        case .none: architecture = isNegative ? .every : .same(table.entries[Int(package)].slot)
        case .any: architecture = isNegative ? .every : .allowed
        case .native: architecture = .exactly(0)
        case .architecture(let range):
            guard let slot = table.slot(of: bytes.slice(range)) else { return nil }
            architecture = .exactly(slot)
        }
    }

    /// Any version of a name, for the packages of `slot`.
    init(slot: UInt16, in table: PackageTable) {
        self.table = table
        architecture = .same(slot)
        comparison = nil
        version = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    func acceptsArchitecture(of package: Int32, provision: PackageTable.Provision? = nil) -> Bool {
        var slot = table.entries[Int(package)].slot
        if let provision, provision.slot != PackageTable.Provision.ownSlot { slot = provision.slot }
        switch architecture {
        case .same(let wanted): return slot == wanted || table.record(package).multiArch == .foreign
        case .allowed: return table.record(package).multiArch == .allowed
        case .exactly(let wanted): return slot == wanted
        case .every: return true
        }
    }

    /// Whether `version` satisfies the relation; an empty one, of a Provides without version, only where none is asked for.
    func acceptsVersion(_ version: UnsafeRawBufferPointer) -> Bool {
        guard let comparison else { return true }
        return !version.isEmpty && comparison.accepts(DebianVersion.compare(version, self.version))
    }
}

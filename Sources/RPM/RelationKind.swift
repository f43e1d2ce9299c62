/// The kinds of relations between packages, in the order in which tables keep them; rpm-dependencies(7).
package enum RelationKind: Int, CaseIterable, Hashable, Sendable {
    case provides, requires, conflicts, obsoletes, recommends, suggests, supplements, enhances

    /// The kind that an element of rpm-md is called after.
    init?(element name: UnsafeRawBufferPointer) {
        switch (name.count, name.isEmpty ? 0 : name[0]) {
        case (8, 0x70) where name.isSame(as: "provides"): self = .provides
        case (8, 0x72) where name.isSame(as: "requires"): self = .requires
        case (9, 0x63) where name.isSame(as: "conflicts"): self = .conflicts
        case (9, 0x6F) where name.isSame(as: "obsoletes"): self = .obsoletes
        case (10, 0x72) where name.isSame(as: "recommends"): self = .recommends
        case (8, 0x73) where name.isSame(as: "suggests"): self = .suggests
        case (11, 0x73) where name.isSame(as: "supplements"): self = .supplements
        case (8, 0x65) where name.isSame(as: "enhances"): self = .enhances
        default: return nil
        }
    }

    /// As in a sentence about a package.
    package var verb: String {
        switch self {
        case .provides: "provides"
        case .requires: "requires"
        case .conflicts: "conflicts with"
        case .obsoletes: "obsoletes"
        case .recommends: "recommends"
        case .suggests: "suggests"
        case .supplements: "supplements"
        case .enhances: "enhances"
        }
    }
}

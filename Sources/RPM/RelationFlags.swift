/// The comparison of a relation, and what else its entry says. Bits, as they are stored in tables.
package struct RelationFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `GT`; with `equal`, `GE`.
    package static let greater = RelationFlags(rawValue: 1)
    /// `EQ`, and a part of `GE` and `LE`.
    package static let equal = RelationFlags(rawValue: 2)
    /// `LT`; with `equal`, `LE`.
    package static let less = RelationFlags(rawValue: 4)
    /// Needed by a scriptlet, or before the package is unpacked (`pre="1"`).
    package static let pre = RelationFlags(rawValue: 8)
    /// The name is the text of a rich relation.
    static let rich = RelationFlags(rawValue: 16)

    static let comparison: RelationFlags = [.greater, .equal, .less]

    /// The flags that `flags="…"` of an rpm-md entry spells; nil where it spells none.
    init?(metadata text: UnsafeRawBufferPointer) {
        guard text.count == 2 else { return nil }
        switch (text[0], text[1]) {
        case (0x45, 0x51): self = .equal  // EQ
        case (0x47, 0x45): self = [.greater, .equal]  // GE
        case (0x47, 0x54): self = .greater  // GT
        case (0x4C, 0x45): self = [.less, .equal]  // LE
        case (0x4C, 0x54): self = .less  // LT
        default: return nil
        }
    }

    /// ">=", or nothing.
    package var symbol: String {
        (contains(.less) ? "<" : "") + (contains(.greater) ? ">" : "") + (contains(.equal) ? "=" : "")
    }

    /// What rpm-md calls it: "GE", or nothing.
    package var metadataName: String? {
        switch intersection(.comparison) {
        case .equal: "EQ"
        case [.greater, .equal]: "GE"
        case .greater: "GT"
        case [.less, .equal]: "LE"
        case .less: "LT"
        default: nil
        }
    }

    /// Whether some version is in both ranges: `self` with `version` is what is provided, `other` with `otherVersion` what is
    /// wanted. A range without a comparison is all versions. See rpmdsCompare in rpm's lib/rpmds.c.
    @inline(__always)
    func overlaps(
        _ version: UnsafeRawBufferPointer, _ other: RelationFlags, _ otherVersion: UnsafeRawBufferPointer
    ) -> Bool {
        let (mine, theirs) = (intersection(.comparison), other.intersection(.comparison))
        if mine.isEmpty || theirs.isEmpty || mine == .comparison || theirs == .comparison { return true }
        let both = mine.intersection(theirs)
        if both.contains(.less) || both.contains(.greater) { return true }
        switch RPMVersion.compareInRelation(version, otherVersion) {
        case .less: return theirs.contains(.less) || mine.contains(.greater)
        case .equal: return both.contains(.equal)
        case .greater: return theirs.contains(.greater) || mine.contains(.less)
        // A range that names no release holds every one of them.
        case .lacksRelease: return mine.contains(.equal)
        case .hasRelease: return theirs.contains(.equal)
        }
    }
}

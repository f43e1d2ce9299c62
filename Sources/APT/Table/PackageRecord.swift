import Primitives

#if canImport(Glibc)
private import Glibc
#endif

/// How much a system needs a package; Debian Policy 2.5.
package enum PackagePriority: UInt8, Hashable, Sendable, Comparable {
    /// The field is missing.
    case unknown
    case required, important, standard, optional, extra

    package static func < (a: PackagePriority, b: PackagePriority) -> Bool { a.rawValue < b.rawValue }
}

/// How a package stands to other architectures; the Multi-Arch field.
package enum MultiArch: UInt8, Hashable, Sendable {
    case no, same, foreign, allowed
}

/// Where a package lies in the bytes of its index, and the few facts that every question needs.
///
/// Numbers without gaps between them, and nothing that some bits could not mean: it is stored as it is.
struct PackageRecord {
    var start: UInt32 = 0
    var end: UInt32 = 0
    private var nameStart: UInt32 = 0
    private var versionStart: UInt32 = 0
    private var architectureStart: UInt32 = 0
    private var providesStart: UInt32 = 0
    private var providesLength: UInt32 = 0
    private(set) var nameLength: UInt16 = 0
    private var versionLength: UInt16 = 0
    private var architectureLength: UInt8 = 0
    private var priorityValue: UInt8 = 0
    private var multiArchValue: UInt8 = 0
    private var flags: UInt8 = 0

    private static let essential: UInt8 = 1
    private static let protected: UInt8 = 2
    private static let tooLong: UInt8 = 4

    private(set) var priority: PackagePriority {
        get { PackagePriority(rawValue: priorityValue) ?? .extra }
        set { priorityValue = newValue.rawValue }
    }
    private(set) var multiArch: MultiArch {
        get { MultiArch(rawValue: multiArchValue) ?? .no }
        set { multiArchValue = newValue.rawValue }
    }
    var isEssential: Bool { flags & Self.essential != 0 }
    /// `Protected: yes`, or `Important: yes` as apt once called it.
    var isProtected: Bool { flags & Self.protected != 0 }
    private var isTooLong: Bool { flags & Self.tooLong != 0 }

    var name: Range<Int> { Int(nameStart)..<Int(nameStart) + Int(nameLength) }
    var version: Range<Int> { Int(versionStart)..<Int(versionStart) + Int(versionLength) }
    var architecture: Range<Int> { Int(architectureStart)..<Int(architectureStart) + Int(architectureLength) }
    /// The value of Provides; empty where there is none.
    var provides: Range<Int> { Int(providesStart)..<Int(providesStart) + Int(providesLength) }

    /// Takes note of a field, if it is one of those kept here.
    @inline(__always)
    mutating func note(_ field: Range<Int>, _ value: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        // The length and the first letter tell nearly all fields apart.
        switch (field.count, bytes[field.lowerBound] | 0x20) {
        case (7, 0x70) where bytes.equals(field, ignoringCase: "package"):
            nameStart = UInt32(truncatingIfNeeded: value.lowerBound)
            nameLength = UInt16(clamping: value.count)
            if value.count > 1000 { flags |= Self.tooLong }
        case (7, 0x76) where bytes.equals(field, ignoringCase: "version"):
            versionStart = UInt32(truncatingIfNeeded: value.lowerBound)
            versionLength = UInt16(clamping: value.count)
            if value.count > 1000 { flags |= Self.tooLong }
        case (12, 0x61) where bytes.equals(field, ignoringCase: "architecture"):
            architectureStart = UInt32(truncatingIfNeeded: value.lowerBound)
            architectureLength = UInt8(clamping: value.count)
            if value.count > 100 { flags |= Self.tooLong }
        case (10, 0x6D) where bytes.equals(field, ignoringCase: "multi-arch"):
            multiArch =
                if bytes.equals(value, ignoringCase: "same") {
                    .same
                } else if bytes.equals(value, ignoringCase: "foreign") {
                    .foreign
                } else if bytes.equals(value, ignoringCase: "allowed") {
                    .allowed
                } else {
                    .no
                }
        case (8, 0x70) where bytes.equals(field, ignoringCase: "priority"):
            notePriority(value, in: bytes)
        case (8, 0x70) where bytes.equals(field, ignoringCase: "provides"):
            providesStart = UInt32(truncatingIfNeeded: value.lowerBound)
            providesLength = UInt32(truncatingIfNeeded: value.count)
        case (9, 0x65) where bytes.equals(field, ignoringCase: "essential"):
            flags &= ~Self.essential
            if bytes.equals(value, ignoringCase: "yes") { flags |= Self.essential }
        case (9, 0x70) where bytes.equals(field, ignoringCase: "protected"),
            (9, 0x69) where bytes.equals(field, ignoringCase: "important"):
            if bytes.equals(value, ignoringCase: "yes") { flags |= Self.protected }
        default: break
        }
    }

    private mutating func notePriority(_ value: Range<Int>, in bytes: UnsafeRawBufferPointer) {
        // apt takes a word it does not know for extra.
        priority =
            switch (value.count, value.isEmpty ? 0 : bytes[value.lowerBound] | 0x20) {
            case (8, 0x6F) where bytes.equals(value, ignoringCase: "optional"): .optional
            case (8, 0x72) where bytes.equals(value, ignoringCase: "required"): .required
            case (8, 0x73) where bytes.equals(value, ignoringCase: "standard"): .standard
            case (9, 0x69) where bytes.equals(value, ignoringCase: "important"): .important
            default: .extra
            }
    }

    /// Whether the finished stanza is that of a package: it has a version and an architecture. Throws where it has no name, or what no
    /// index has.
    @inline(__always)
    func isPackage(in text: ByteRegion, source: String) throws(PackageIndexError) -> Bool {
        let nul = text.bytes.firstIndex(of: 0, from: Int(start), to: Int(end))
        if nul != nil || isTooLong || nameLength == 0 { throw failure(in: text, source: source, hasNul: nul != nil) }
        return versionLength > 0 && architectureLength > 0
    }

    private func failure(in text: ByteRegion, source: String, hasNul: Bool) -> PackageIndexError {
        guard nameLength > 0 else {
            let line = Deb822Scanner.lineNumber(of: Int(start), in: text.bytes)
            return PackageIndexError(source: "\(source), stanza at line \(line)", field: "Package", problem: .missing)
        }
        let name = text.text(name.lowerBound..<min(name.upperBound, name.lowerBound + 60))
        return PackageIndexError(source: source, package: name, problem: hasNul ? .nulByte : .tooLong)
    }
}

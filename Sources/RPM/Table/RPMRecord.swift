import Primitives

/// What is known of a package. Texts are numbers of the pool; numbers without gaps between them, so that it is stored as it is.
struct RPMRecord: BitwiseCopyable {
    /// In bytes.
    var packageSize: UInt64 = 0
    var installedSize: UInt64 = 0
    /// Of the compressed content of the package alone, in bytes.
    var archiveSize: UInt64 = 0
    /// Where the header lies in the file.
    var headerStart: UInt64 = 0
    var headerEnd: UInt64 = 0
    /// Seconds since 1970.
    var buildTime: Int64 = 0
    var name: Int32 = 0
    var architecture: Int32 = 0
    /// `epoch:version-release`, without an epoch of 0.
    var version: Int32 = 0
    var summary: Int32 = 0
    var license: Int32 = 0
    var sourcePackage: Int32 = 0
    var location: Int32 = 0
    /// What `location` is relative to, where that is not the repository.
    var base: Int32 = 0
    /// In hexadecimal digits.
    var checksum: Int32 = 0
    /// Where its element ends in the unpacked index, and where the one before it did.
    var elementStart: UInt32 = 0
    var elementEnd: UInt32 = 0
    /// Relations of all kinds lie one after the other; where those of each kind end.
    var relationStart: UInt32 = 0
    private var relationEnds: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (
        0, 0, 0, 0, 0, 0, 0, 0
    )
    var fileStart: UInt32 = 0
    var fileEnd: UInt32 = 0
    var repository: UInt16 = 0
    var checksumKind: UInt8 = 0
    var spare: UInt8 = 0
    var spareWord: UInt32 = 0

    @inline(__always)
    func relationEnd(_ kind: Int) -> UInt32 {
        switch kind {
        case 0: relationEnds.0
        case 1: relationEnds.1
        case 2: relationEnds.2
        case 3: relationEnds.3
        case 4: relationEnds.4
        case 5: relationEnds.5
        case 6: relationEnds.6
        default: relationEnds.7
        }
    }

    mutating func setRelationEnds(_ ends: [UInt32]) {
        relationEnds = (ends[0], ends[1], ends[2], ends[3], ends[4], ends[5], ends[6], ends[7])
    }

    @inline(__always)
    func relations(_ kind: RelationKind) -> Range<Int> {
        let number = kind.rawValue
        return Int(number == 0 ? relationStart : relationEnd(number - 1))..<Int(relationEnd(number))
    }

    /// Moves the places of relations, files and texts to where they are in a larger table.
    mutating func move(relations: UInt32, files: UInt32, _ text: (Int32) -> Int32) {
        relationStart += relations
        setRelationEnds((0..<8).map { relationEnd($0) + relations })
        fileStart += files
        fileEnd += files
        name = text(name)
        architecture = text(architecture)
        version = text(version)
        summary = text(summary)
        license = text(license)
        sourcePackage = text(sourcePackage)
        location = text(location)
        base = text(base)
        checksum = text(checksum)
    }
}

/// A relation as a table keeps it.
struct StoredRelation: BitwiseCopyable {
    /// The name; the whole text of a rich relation.
    var name: Int32
    /// The version, or 0.
    var version: Int32
    private var flagBits: UInt8
    private var spare: UInt8 = 0
    private var spareHalf: UInt16 = 0

    var flags: RelationFlags { RelationFlags(rawValue: flagBits) }
    var isRich: Bool { flagBits & RelationFlags.rich.rawValue != 0 }

    init(name: Int32, version: Int32, flags: RelationFlags) {
        self.name = name
        self.version = version
        flagBits = flags.rawValue
    }
}

/// The kinds of digests in metadata.
package enum ChecksumKind: UInt8, CaseIterable, Hashable, Sendable {
    case sha256 = 1
    case sha384, sha512, sha224, sha1, md5

    /// The kind that `type="…"` spells.
    package init?(name: String) {
        // createrepo once called SHA-1 just "sha".
        let wanted = name == "sha" ? "sha1" : name
        guard let kind = Self.allCases.first(where: { $0.name == wanted }) else { return nil }
        self = kind
    }

    /// As metadata spell it today: "sha256", "sha1".
    package var name: String {
        switch self {
        case .sha256: "sha256"
        case .sha384: "sha384"
        case .sha512: "sha512"
        case .sha224: "sha224"
        case .sha1: "sha1"
        case .md5: "md5"
        }
    }

    /// How many hexadecimal digits it has.
    package var digits: Int {
        switch self {
        case .sha256: 64
        case .sha384: 96
        case .sha512: 128
        case .sha224: 56
        case .sha1: 40
        case .md5: 32
        }
    }

    /// Whether nobody can make another file with the same digest. SHA-1 and MD5 are read, and do not vouch for anything.
    package var isTrusted: Bool { hash != nil }

    /// The digest of `bytes` in lower case hexadecimal digits; nil for kinds that are not trusted.
    package func digits(of bytes: [UInt8]) -> String? { hash?.digits(of: bytes) }

    private var hash: SecureHash? {
        switch self {
        case .sha256: .sha256
        case .sha384: .sha384
        case .sha512: .sha512
        case .sha224: .sha224
        case .sha1, .md5: nil
        }
    }
}

import Packages

/// The kinds of lines that a lock is made of, by their keyword: the one table that reader, writer and their messages go by.
///
/// A file begins with a `version` line; every `distribution` line begins a section. In a file that is written, the lines of a
/// section come in the order of `LockWriter`; they are read in any, as they are after a merge.
enum LockLine: String, CaseIterable {
    // The most frequent ones first: the reader looks in this order.
    case package, essential, index, want, snapshot, profile, built, release, foreign, repository, pin, excludes, modules
    case rpmRepository = "rpm-repository"
    case distribution, version
    /// Of version 1: a digest of what was asked for.
    case declaration

    /// The whole line in this `version` of the format, as messages show it: the keyword, and the names of the fields.
    func form(in version: Int64) -> StaticString {
        switch self {
        case .package: "package NAME VERSION ARCHITECTURE PROFILES SIZE REPOSITORY PATH DIGEST"
        case .essential: "essential NAME VERSION ARCHITECTURE PROFILES SIZE REPOSITORY PATH DIGEST"
        case .index: "index REPOSITORY SUITE COMPONENT ARCHITECTURE SIZE PATH DIGEST"
        case .want: "want PROFILE ENTRY"
        case .snapshot: "snapshot REPOSITORY SUITE DATE SIZE DIGEST"
        case .profile: "profile NAME COUNT SIZE SEAL"
        case .built: "built NAME VERSION ARCHITECTURE PROFILES"
        case .release: "release NUMBER CODENAME"
        case .foreign: "foreign ARCHITECTURES"
        case .repository: "repository PLACE NAME SUITES COMPONENTS KEYRING"
        case .pin: "pin PLACE PRIORITY PACKAGES TARGET"
        case .excludes: "excludes PATTERNS"
        case .modules: "modules STREAMS"
        case .rpmRepository: "rpm-repository PLACE NAME PRIORITY COST MODULES EXCLUDES TRUST KEYS"
        case .distribution: version > 3 ? "distribution NAME FAMILY ARCHITECTURE" : "distribution NAME ARCHITECTURE"
        case .version: "version NUMBER"
        case .declaration: "declaration DIGEST"
        }
    }

    /// How many fields follow the keyword.
    func fieldCount(in version: Int64) -> Int {
        form(in: version).withUTF8Buffer { form in form.count { $0 == UInt8(ascii: " ") } }
    }

    /// All kinds, made once: the reader goes through them for every line.
    static let all = allCases

    /// The family whose sections alone have it; nil where all do.
    var family: PackageFamily? {
        switch self {
        case .foreign, .repository, .pin: .apt
        case .excludes, .modules, .rpmRepository: .rpm
        default: nil
        }
    }

    /// Whether a section has one at most.
    var isSingle: Bool { [.release, .foreign, .excludes, .modules].contains(self) }
}

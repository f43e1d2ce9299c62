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

    /// The names of the fields that follow the keyword in this `version` of the format.
    func fields(in version: Int64 = LockWriter.version) -> [String] {
        switch self {
        case .package, .essential:
            ["NAME", "VERSION", "ARCHITECTURE", "PROFILES", "SIZE", "REPOSITORY", "PATH", "DIGEST"]
        case .index: ["REPOSITORY", "SUITE", "COMPONENT", "ARCHITECTURE", "SIZE", "PATH", "DIGEST"]
        case .want: ["PROFILE", "ENTRY"]
        case .snapshot: ["REPOSITORY", "SUITE", "DATE", "SIZE", "DIGEST"]
        case .profile: ["NAME", "COUNT", "SIZE", "SEAL"]
        case .built: ["NAME", "VERSION", "ARCHITECTURE", "PROFILES"]
        case .release: ["NUMBER", "CODENAME"]
        case .foreign: ["ARCHITECTURES"]
        case .repository: ["PLACE", "NAME", "SUITES", "COMPONENTS", "KEYRING"]
        case .pin: ["PLACE", "PRIORITY", "PACKAGES", "TARGET"]
        case .excludes: ["PATTERNS"]
        case .modules: ["STREAMS"]
        case .rpmRepository: ["PLACE", "NAME", "PRIORITY", "COST", "MODULES", "EXCLUDES", "TRUST", "KEYS"]
        case .distribution: version > 3 ? ["NAME", "FAMILY", "ARCHITECTURE"] : ["NAME", "ARCHITECTURE"]
        case .version: ["NUMBER"]
        case .declaration: ["DIGEST"]
        }
    }

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

    /// The whole line, as messages show it: "want PROFILE ENTRY".
    func form(in version: Int64) -> String { ([rawValue] + fields(in: version)).joined(separator: " ") }
}

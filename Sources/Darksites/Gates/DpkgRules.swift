import APT
import Declaration
import Primitives
import Solver

/// What dpkg itself holds a package's name and version to: one that breaks these rules is in no index by right, can be downloaded,
/// and is refused when it is to be installed.
enum DpkgRules {
    /// Why dpkg would refuse to install a package that is called so; nil where it would not.
    static func objection(toName name: String, version: String) -> String? {
        // `pkg_name_is_illegal` in dpkg's lib/dpkg/parsehelp.c.
        guard let first = name.utf8.first else { return "its name is empty" }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: false
            }
        }
        guard isAlphanumeric(first) else { return "its name does not begin with a letter or digit" }
        guard name.utf8.allSatisfy({ isAlphanumeric($0) || "-+._".utf8.contains($0) }) else {
            return "its name has other characters than letters, digits, and - + . _"
        }
        do throws(DebianVersionError) {
            _ = try DebianVersion(version)
            return nil
        } catch {
            return error.what
        }
    }
}

/// A package of a solution that dpkg would refuse.
struct RefusedByDpkg: UserError {
    let profile: String
    let package: String
    /// "\"v1.5.5\" is not a Debian version: it does not begin with a digit"
    let objection: String
    /// The line that it is in for; nil where no line asks for it.
    let entry: PackageSetEntry?
    /// Which package needs it, and so on up to that line; empty where the line names it.
    let chain: [String]

    var what: String { "profile \(profile): dpkg refuses to install \(package): \(objection)" }
    var location: SourceLocation? { entry?.location }
    var details: [String] { (entry?.excerpt() ?? []) + chain }
    var hint: String? { "whoever makes it has to mend that; ask for another version (name=version), or go without it" }
    var isUsageError: Bool { true }
}

extension DpkgRules {
    /// Throws every package of a solution that dpkg would refuse, before anything of it is downloaded.
    static func check(
        _ solution: Solution, of profile: String, _ wishes: [SolvedProfile.Wish], _ universe: DebianUniverse
    ) throws {
        let refused = solution.packages.compactMap { package -> RefusedByDpkg? in
            let version = universe.version(of: package)
            guard let objection = Self.objection(toName: universe.name(of: package), version: version) else {
                return nil
            }
            var entry: PackageSetEntry?
            var chain: [String] = []
            for link in solution.chain(to: package) {
                switch link.reason {
                case .requested(let label):
                    if case .line(let line) = wishes[Int(label)] { entry = line }
                case .required(let by, let label, _):
                    chain.append("\(universe.describe(by)) \(universe.describe(requirement: label, of: by))")
                }
            }
            return RefusedByDpkg(
                profile: profile, package: universe.describe(package), objection: objection, entry: entry,
                chain: chain)
        }
        guard refused.isEmpty else { throw UserErrors(refused) }
    }
}

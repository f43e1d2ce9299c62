import APT
import Declaration
import Packages
import Primitives
import RPM

/// A line of a package set that no package answers.
struct UnknownPackage: UserError {
    let entry: PackageSetEntry
    let distribution: String
    let error: any UserError
    /// Whether nothing has the name at all.
    let isUnknown: Bool
    /// Of when the locked states are that were asked; nil where today's were.
    let lockedDate: LockDate?

    var what: String {
        guard isUnknown else { return error.what }
        let place = lockedDate.map { ", as it is locked of \(String("\($0)".prefix(10)))" } ?? ""
        return "no package is called \"\(entry.name)\" in \(distribution)\(place)"
    }
    var location: SourceLocation? { entry.location }
    var details: [String] { entry.excerpt(note: error.hint) }
    var hint: String? {
        guard isUnknown, lockedDate != nil else { return nil }
        return
            "if it is new in an archive: `deploy update \(distribution) \(entry.name)` takes it and leaves the others"
    }
    var isUsageError: Bool { true }
}

extension PackageRequestError: RequestError {
    /// Whether nothing has the name at all.
    var isUnknown: Bool { if case .unknownName = problem { true } else { false } }
}

extension RPMRequestError: RequestError {
    /// Whether nothing has the name at all.
    var isUnknown: Bool { if case .unknown = problem { true } else { false } }
}

/// Lines that can't be had together, or one that can't be had at all.
struct Unsolvable: UserError {
    let profile: String
    let entries: [PackageSetEntry]
    /// Why, fact by fact.
    var steps: [String]
    /// What could be changed.
    var hints: [String]

    var what: String {
        let names = entries.map(\.text)
        return switch names.count {
        case 0: "profile \(profile): the base system can't be installed"
        case 1: "profile \(profile): \(names[0]) can't be installed"
        default: "profile \(profile): \(names.joined(separator: " and ")) can't be installed together"
        }
    }
    var location: SourceLocation? { entries.last?.location }
    var details: [String] { entries.reversed().flatMap { $0.excerpt() } + steps }
    var hint: String? {
        let separation = entries.count > 1 ? ["remove one of them, or put them into different profiles"] : []
        let all = hints + separation
        return all.isEmpty ? nil : all.joined(separator: "\n")
    }
    var isUsageError: Bool { true }
}

/// A profile with more than one kernel, or with a module that does not fit its kernel.
struct KernelCount: UserError {
    let profile: String
    let kernels: [String]
    var what: String {
        "profile \(profile) must have one kernel with one matching zfs module, and has \(kernels.joined(separator: " and "))"
    }
    var hint: String? {
        """
        name linux-image-<architecture> (Ubuntu: linux-image-generic, RPM: kernel) in the sets, and no kernel of a fixed \
        version beside it
        """
    }
    var isUsageError: Bool { true }
}

/// A profile with ZFS and a kernel that has no module for it.
struct NoZFSModule: UserError {
    let profile: String
    let kernel: String
    /// The package of ZFS's tools.
    let userland: String
    /// Packages of which one must be in it.
    let modules: [String]

    var what: String { "profile \(profile) has \(userland), and no zfs module for its kernel \(kernel)" }
    var hint: String? {
        "one of \(modules.joined(separator: ", ")) must be in it: declare zfs-module, or put what brings one into the sets"
    }
    var isUsageError: Bool { true }
}

/// A set of requests on which the solver gave up.
struct ResolutionTooHard: UserError {
    let profile: String
    let limit: String
    var what: String { "profile \(profile): the resolution was given up (\(limit))" }
    var hint: String? { "name fewer alternatives: pin versions or name packages instead of what they provide" }
}

/// A distribution of which nothing is asked for.
struct NothingToResolve: UserError {
    let name: String
    var what: String { "\(name) has no profiles to resolve" }
    var hint: String? { "declare profiles in deploy.yaml" }
    var isUsageError: Bool { true }
}

/// A state of repositories of one family, asked for packages of the other: a declaration that changed its family, say.
struct OtherFamily: UserError {
    let distribution: String

    var what: String { "the locked repositories of \(distribution) are of another family than the declared ones" }
    var hint: String? { "`deploy update \(distribution)` locks those that are declared" }
    var isUsageError: Bool { true }
}

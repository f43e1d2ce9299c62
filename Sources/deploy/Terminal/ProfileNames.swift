import Declaration
import Pipeline

/// Profiles as people know them: those of the build itself by what they are for.
enum ProfileNames {
    /// "server", "the live system (live)"
    static func shown(_ name: String) -> String {
        switch Declaration.InternalProfile(rawValue: name) {
        case .live: "the live system (live)"
        case .liveDesktop: "the live system with a desktop (live-desktop)"
        case .builder: "the builder image (builder)"
        case .rpmBuilder: "the image that judges RPM packages (rpm-builder)"
        case .zfsBuild: "the root that compiles ZFS (zfs-build)"
        case nil: name
        }
    }

    static func isInternal(_ name: String) -> Bool { Declaration.InternalProfile(rawValue: name) != nil }

    /// "in the mirror for core, server; in the live system (live)"; without a mirror where only the build itself has it.
    static func places(_ names: [String]) -> String {
        let profiles = names.filter { !isInternal($0) }
        let internals = names.filter(isInternal).map { "in \(shown($0))" }
        let mirror = profiles.isEmpty ? [] : ["in the mirror for \(profiles.joined(separator: ", "))"]
        return (mirror + internals).joined(separator: "; ")
    }

    /// "core, server, live"; "all profiles" where that is all of `known`.
    static func short(_ names: [String], of known: [String]) -> String {
        if names.count > 2, Set(names) == Set(known) { return "all profiles" }
        return (names.filter { !isInternal($0) } + names.filter(isInternal)).joined(separator: ", ")
    }
}

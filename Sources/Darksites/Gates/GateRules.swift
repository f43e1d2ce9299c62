/// What the gates hold a profile to beyond what it installs, as their scripts read it: a word and its value a line.
package struct GateRules: Hashable, Sendable {
    /// The word after `zfs`, which says what there must be of kernels and ZFS; each script's header has those it knows.
    package let zfs: String
    /// Names that the profile's sets forbid.
    package let forbidden: [String]

    package init(zfs: String, forbidden: [String]) {
        self.zfs = zfs
        self.forbidden = forbidden
    }

    /// The word for a profile that must have exactly one kernel and one ZFS module, prebuilt for it; or at most one of each.
    package static func zfs(isPrebuilt: Bool) -> String { isPrebuilt ? "prebuilt" : "any" }

    /// The lines: `zfs prebuilt`, then `forbid NAME` sorted and each once.
    package var bytes: [UInt8] {
        let lines = ["zfs \(zfs)"] + Set(forbidden).sorted().map { "forbid \($0)" }
        return lines.flatMap { Array("\($0)\n".utf8) }
    }
}

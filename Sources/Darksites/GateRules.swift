/// What the gates hold a profile to beyond what it installs, as their scripts read it: a word and its value a line.
package struct GateRules: Hashable, Sendable {
    /// Whether there must be exactly one kernel and one prebuilt ZFS module, the kernel's; else there is at most one of each.
    package let prebuildsZFS: Bool
    /// Names that the profile's sets forbid.
    package let forbidden: [String]

    package init(prebuildsZFS: Bool, forbidden: [String]) {
        self.prebuildsZFS = prebuildsZFS
        self.forbidden = forbidden
    }

    package var bytes: [UInt8] {
        let lines = ["zfs \(prebuildsZFS ? "prebuilt" : "any")"] + Set(forbidden).sorted().map { "forbid \($0)" }
        return lines.flatMap { Array("\($0)\n".utf8) }
    }
}

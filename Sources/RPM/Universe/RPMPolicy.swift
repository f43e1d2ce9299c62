/// What decides between packages besides their relations: the settings that dnf.conf(5) has for it.
package struct RPMPolicy: Hashable, Sendable {
    /// How dnf weighs a repository.
    package struct Repository: Hashable, Sendable {
        /// A lower one wins over everything else; 99 where nothing is said.
        package var priority: Int
        /// Of two equal packages the one from the cheaper repository is taken; 1000 where nothing is said.
        package var cost: Int
        /// Its packages are not hidden by modules.
        package var isModuleHotfix: Bool
        /// Names, or globs of names, that are not taken from it.
        package var excludes: [String]

        package init(priority: Int = 99, cost: Int = 1000, isModuleHotfix: Bool = false, excludes: [String] = []) {
            self.priority = priority
            self.cost = cost
            self.isModuleHotfix = isModuleHotfix
            self.excludes = excludes
        }
    }

    /// The target's: "x86_64".
    package var architecture: String
    /// By name; those without an entry have the usual weight.
    package var repositories: [String: Repository]
    /// Names, or globs of names, that are not there at all.
    package var excludes: [String]
    /// Whether the best version of what is asked for by name must be had, or an older one will do (`best`).
    package var takesBestOnly: Bool
    /// Names; of what provides one, several versions may be installed beside each other (`installonlypkgs`).
    package var installOnly: [String]
    /// Whether there is one version of each install-only package all the same, as a mirror wants it.
    package var keepsOneKernel: Bool
    /// Whether a package for another architecture needs the target's own of the same version beside it, as for dnf where nobody
    /// asks for it. Not where every package is to be looked at alone.
    package var keepsArchitecturesInStep = true

    package init(
        architecture: String, repositories: [String: Repository] = [:], excludes: [String] = [],
        takesBestOnly: Bool = false, installOnly: [String] = RPMPolicy.usualInstallOnly, keepsOneKernel: Bool = true
    ) {
        self.architecture = architecture
        self.repositories = repositories
        self.excludes = excludes
        self.takesBestOnly = takesBestOnly
        self.installOnly = installOnly
        self.keepsOneKernel = keepsOneKernel
    }

    /// dnf's own (dnf.const.INSTALLONLYPKGS).
    package static let usualInstallOnly = [
        "kernel", "kernel-PAE", "installonlypkg(kernel)", "installonlypkg(kernel-module)", "installonlypkg(vm)",
        "multiversion(kernel)",
    ]
}

/// Which architectures a target takes packages of, and how much it wants them; libsolv's poolarch.c.
struct ArchitectureScores {
    /// Those of `noarch` and of what can't be installed.
    static let none: UInt32 = 0
    static let independent: UInt32 = 1

    /// By name: the class in the upper half, lower ones are wanted more.
    private let scores: [String: UInt32]

    private static let families: [[String]] = [
        ["x86_64", "athlon", "i686", "i586", "i486", "i386"], ["aarch64"], ["ppc64le"], ["s390x", "s390"], ["riscv64"],
        ["i686", "i586", "i486", "i386"], ["armv7hl", "armv6hl"],
    ]

    init(target: String) {
        let family = Self.families.first { $0[0] == target } ?? [target]
        var scores: [String: UInt32] = ["noarch": Self.independent]
        for (rank, name) in family.enumerated() { scores[name] = UInt32(rank + 1) << 16 | 1 }
        self.scores = scores
    }

    func score(_ architecture: String) -> UInt32 { scores[architecture] ?? Self.none }

    /// Whether packages of both are for the same kind of machine, so that only one of a name can be installed: noarch goes
    /// with both. A name with "64" in it, and s390x, is one kind, all others another.
    static func overlap(_ a: String, _ b: String) -> Bool {
        a == "noarch" || b == "noarch" || isWide(a) == isWide(b)
    }

    private static func isWide(_ name: String) -> Bool { name == "s390x" || name.contains("64") }
}

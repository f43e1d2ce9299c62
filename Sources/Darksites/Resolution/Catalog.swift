package import APT
package import RPM
import Solver

/// The packages of a distribution's snapshot: what can be resolved and asked about.
package struct Catalog: Sendable {
    /// Where the packages are from.
    package let snapshot: Snapshot
    /// The packages, and what decides between them.
    package let content: Content
    /// What an earlier resolution decided.
    package let hold: LockHold

    /// Packages with the rules of their family.
    package enum Content: Sendable {
        case apt(APTCatalog)
        case rpm(RPMCatalog)
    }

    package init(snapshot: Snapshot, content: Content, hold: LockHold = LockHold()) {
        self.snapshot = snapshot
        self.content = content
        self.hold = hold
    }

    /// The packages, to ask about or to solve for: one universe for one request. Throws where the declared streams of modules
    /// can't be had.
    package func packages(includesRecommends: Bool = false) throws -> any CatalogPackages {
        switch content {
        case .apt(let apt): DebianUniverse(apt.table, pins: apt.rules.pins, includesRecommends: includesRecommends)
        case .rpm(let rpm): try rpm.universe()
        }
    }

    /// The same, each to be looked at alone.
    func separatePackages() throws -> (any CatalogPackages, [PackageID]) {
        switch content {
        case .apt(let apt):
            let universe = DebianUniverse(apt.table, pins: apt.rules.pins)
            let own = universe.allCandidates.filter {
                apt.table.origins(of: $0).first?.repository != Resolver.builtHere
            }
            return (universe, own)
        case .rpm(let rpm):
            let universe = try rpm.universe(keepsArchitecturesInStep: false)
            return (universe, universe.allCandidates)
        }
    }
}

/// The packages of APT's snapshot, and the prebuilt ZFS module beside them.
package struct APTCatalog: Sendable {
    /// The packages of all indexes, and that of `module` where there is one.
    package let table: PackageTable
    /// Pins, and which architectures take part.
    package let rules: APTRules
    /// nil where none is wanted, or the snapshot has no kernel or no ZFS.
    package let module: ZFSModulePackage?
    /// The kernels that the snapshot's OpenZFS supports; nil where no profile wants it, or it does not say.
    package let zfsKernels: ZFSKernelRange?

    package init(
        table: PackageTable, rules: APTRules = APTRules(), module: ZFSModulePackage? = nil,
        zfsKernels: ZFSKernelRange? = nil
    ) {
        self.table = table
        self.rules = rules
        self.module = module
        self.zfsKernels = zfsKernels
    }
}

/// The packages of a snapshot of RPM repositories.
package struct RPMCatalog: Sendable {
    /// Packages, modules and groups of all repositories.
    package let content: RPMSnapshotContent
    /// dnf's settings, and which streams are enabled.
    package let rules: RPMRules

    package init(content: RPMSnapshotContent, rules: RPMRules) {
        self.content = content
        self.rules = rules
    }

    func universe(keepsArchitecturesInStep: Bool = true) throws -> RPMUniverse {
        var policy = rules.policy
        if !keepsArchitecturesInStep { policy.keepsArchitecturesInStep = false }
        let modules = try ModuleSelection(content.modules, enabled: rules.streams, platform: rules.platform)
        return RPMUniverse(
            content.table, rules: policy, modules: modules, groups: content.groups, generations: content.generations)
    }
}

/// What decides about APT's packages beside their relations.
package struct APTRules: Sendable {
    /// Other architectures whose packages may be asked for, as `name:i386`.
    package let foreignArchitectures: [String]
    /// In the order of the declaration: the first that fits counts.
    package let pins: [Pin]
    /// Whether profiles that want zfsutils-linux get a prebuilt module for their kernel.
    package let prebuildsZFS: Bool

    package init(foreignArchitectures: [String] = [], pins: [Pin] = [], prebuildsZFS: Bool = false) {
        self.foreignArchitectures = foreignArchitectures
        self.pins = pins
        self.prebuildsZFS = prebuildsZFS
    }
}

/// What decides about RPM packages beside their relations.
package struct RPMRules: Hashable, Sendable {
    /// What dnf.conf(5) would say.
    package var policy: RPMPolicy
    /// What modules are for: "el9"; nil where that is not looked at.
    package let platform: String?
    /// By module, the stream that is enabled beside the defaults.
    package let streams: [String: String]

    package init(policy: RPMPolicy, platform: String?, streams: [String: String] = [:]) {
        self.policy = policy
        self.platform = platform
        self.streams = streams
    }
}

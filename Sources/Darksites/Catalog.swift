package import APT
package import RPM
import Solver

/// The packages of a distribution's snapshot: what can be resolved and asked about.
package struct Catalog: Sendable {
    package let snapshot: Snapshot
    package let content: Content
    /// What an earlier resolution decided.
    package let hold: LockHold

    package enum Content: Sendable {
        case debian(DebianCatalog)
        case rpm(RPMSnapshotContent)
    }

    package init(snapshot: Snapshot, content: Content, hold: LockHold = LockHold()) {
        self.snapshot = snapshot
        self.content = content
        self.hold = hold
    }

    /// The packages as `request` has them, to ask about or to solve for: one universe for one request. Throws where the
    /// declared streams of modules can't be had.
    package func packages(for request: ResolutionRequest, includesRecommends: Bool = false) throws
        -> any CatalogPackages
    {
        switch content {
        case .debian(let debian):
            DebianUniverse(debian.table, pins: request.pins, includesRecommends: includesRecommends)
        case .rpm(let content): try Self.universe(content, request)
        }
    }

    /// The same, each to be looked at alone.
    func separatePackages(for request: ResolutionRequest) throws -> (any CatalogPackages, [PackageID]) {
        switch content {
        case .debian(let debian):
            let universe = DebianUniverse(debian.table, pins: request.pins)
            let own = universe.allCandidates.filter {
                debian.table.origins(of: $0).first?.repository != Resolver.builtHere
            }
            return (universe, own)
        case .rpm(let content):
            var request = request
            request.rpm?.policy.keepsArchitecturesInStep = false
            let universe = try Self.universe(content, request)
            return (universe, universe.allCandidates)
        }
    }

    static func universe(_ content: RPMSnapshotContent, _ request: ResolutionRequest) throws -> RPMUniverse {
        let rules = request.rpm ?? RPMRules(policy: RPMPolicy(architecture: request.architecture), platform: nil)
        let modules = try ModuleSelection(content.modules, enabled: rules.streams, platform: rules.platform)
        return RPMUniverse(
            content.table, rules: rules.policy, modules: modules, groups: content.groups,
            generations: content.generations)
    }
}

/// The packages of APT's snapshot, and the prebuilt ZFS module beside them.
package struct DebianCatalog: Sendable {
    package let table: PackageTable
    /// nil where none is wanted, or the snapshot has no kernel or no ZFS.
    package let module: ZFSModulePackage?
    /// The kernels that the snapshot's OpenZFS supports; nil where no profile wants it, or it does not say.
    package let zfsKernels: ZFSKernelRange?

    package init(table: PackageTable, module: ZFSModulePackage? = nil, zfsKernels: ZFSKernelRange? = nil) {
        self.table = table
        self.module = module
        self.zfsKernels = zfsKernels
    }
}

/// What decides about RPM packages beside their relations.
package struct RPMRules: Hashable, Sendable {
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

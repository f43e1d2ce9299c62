import APT
import Darksites
import Declaration
import Locking
import RPM

extension RPMRules {
    /// What the declaration of `source` says for packages of `architecture`.
    init(of source: Declaration.RPMSource, architecture: String) {
        let weights = source.repositories.map { repository in
            (
                repository.name,
                RPMPolicy.Repository(
                    priority: repository.priority, cost: repository.cost, isModuleHotfix: repository.ignoresModules,
                    excludes: repository.excludes)
            )
        }
        self.init(
            policy: RPMPolicy(
                architecture: architecture, repositories: Dictionary(weights) { first, _ in first },
                excludes: source.excludes),
            platform: source.platform,
            streams: Dictionary(source.modules.map { ($0.module, $0.stream) }) { first, _ in first })
    }
}

extension APTRules {
    /// What the declaration of `source` says. Throws where a pin is none.
    init(of source: Declaration.APTSource) throws {
        self.init(
            foreignArchitectures: source.foreignArchitectures, pins: try source.pins.map { try Pin($0) },
            prebuildsZFS: source.zfsModule != nil)
    }
}

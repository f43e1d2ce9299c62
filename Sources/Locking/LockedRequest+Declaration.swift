package import Declaration
package import Primitives

extension LockedRequest {
    /// What `distribution` and the joined sets of its profiles ask for, as the lock says it. `keyrings` has the digest of the
    /// keyring of each signed repository by the repository's name, of an RPM repository that of the keys of repomd.xml;
    /// `packageKeys` that of the keys of packages, `files` that of the files of a repository of one's own.
    package init(
        of distribution: Declaration.Distribution, profiles: [String: PackageSetUnion], keyrings: [String: Digest],
        packageKeys: [String: Digest] = [:], files: [String: Digest] = [:]
    ) {
        self.init(
            release: distribution.release, codename: distribution.codename,
            source: {
                switch distribution.source {
                case .apt(let source): .apt(LockedAPTRequest(of: source, keyrings: keyrings, files: files))
                case .rpm(let source):
                    .rpm(LockedRPMRequest(of: source, keyrings: keyrings, packageKeys: packageKeys, files: files))
                }
            }(),
            profiles: Array(profiles.keys),
            wishes: profiles.flatMap { name, union in
                union.entries.map { LockedWish(profile: name, text: $0.canonicalText) }
                    + (union.followsRecommends ? [LockedWish(profile: name, text: "@recommends")] : [])
            })
    }
}

extension LockedAPTRequest {
    fileprivate init(of source: Declaration.APTSource, keyrings: [String: Digest], files: [String: Digest]) {
        self.init(
            foreignArchitectures: source.foreignArchitectures,
            repositories: source.repositories.map { repository in
                LockedRepository(
                    name: repository.name, suites: repository.suites, components: repository.components,
                    keyring: keyrings[repository.name], files: files[repository.name])
            },
            pins: source.pins.map { pin in
                var (kind, value) = pin.target.words
                if case .origin = pin.target {
                    // What such a pin is about depends on the addresses, which nothing else does.
                    let sites = source.repositories.filter { !$0.site.isEmpty }.map { "\($0.name)=\($0.site)" }.sorted()
                    value = ([value] + sites).joined(separator: " ")
                }
                return LockedPin(priority: pin.priority, packages: pin.packages, kind: kind, value: value)
            })
    }
}

extension LockedRPMRequest {
    fileprivate init(
        of source: Declaration.RPMSource, keyrings: [String: Digest], packageKeys: [String: Digest],
        files: [String: Digest]
    ) {
        self.init(
            excludes: source.excludes, modules: source.modules.map { "\($0.module):\($0.stream)" },
            repositories: source.repositories.map { repository in
                let trust: LockedRPMRepository.Trust =
                    switch repository.trust {
                    case .keys: keyrings[repository.name].map { .keys($0) } ?? .unsigned
                    case .metalink: .metalink
                    case .unsigned: files[repository.name].map { .files($0) } ?? .unsigned
                    }
                return LockedRPMRepository(
                    name: repository.name, trust: trust, packageKeys: packageKeys[repository.name],
                    priority: repository.priority, cost: repository.cost, excludes: repository.excludes,
                    ignoresModules: repository.ignoresModules)
            })
    }
}

extension Declaration.Pin.Target {
    /// The word that `Pin:` begins with in apt_preferences(5), and what follows it.
    package var words: (kind: String, value: String) {
        switch self {
        case .release(let terms):
            ("release", terms.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
        case .version(let version): ("version", version)
        case .origin(let host): ("origin", host)
        }
    }
}

package import Darksites
package import Primitives

extension LockedRequest {
    /// What `distribution` and the joined sets of its profiles ask for, as the lock says it. `keyrings` has the digest of the
    /// keyring of each signed repository by the repository's name.
    package init(
        of distribution: Declaration.Distribution, profiles: [String: PackageSetUnion], keyrings: [String: Digest]
    ) {
        self.init(
            release: distribution.release, codename: distribution.codename,
            foreignArchitectures: distribution.foreignArchitectures,
            repositories: distribution.repositories.map { repository in
                LockedRepository(
                    name: repository.name, suites: repository.suites, components: repository.components,
                    keyring: keyrings[repository.name])
            },
            pins: distribution.pins.map { pin in
                var (kind, value) = pin.target.words
                if case .origin = pin.target {
                    // What such a pin is about depends on the addresses, which nothing else does.
                    let sites = distribution.sites.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    value = ([value] + sites).joined(separator: " ")
                }
                return LockedPin(priority: pin.priority, packages: pin.packages, kind: kind, value: value)
            },
            profiles: Array(profiles.keys),
            wishes: profiles.flatMap { name, union in
                union.entries.map { LockedWish(profile: name, text: $0.canonicalText) }
            })
    }
}

extension Declaration.Pin.Target {
    /// The word that `Pin:` begins with in apt_preferences(5), and what follows it.
    var words: (kind: String, value: String) {
        switch self {
        case .release(let terms):
            ("release", terms.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ","))
        case .version(let version): ("version", version)
        case .origin(let host): ("origin", host)
        }
    }
}

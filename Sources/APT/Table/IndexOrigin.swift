import Primitives

/// Where an index of packages comes from, as far as pins and requests can name it.
package struct IndexOrigin: Hashable, Sendable {
    /// The repository's name in the declaration; names it to people and in the lock.
    package var repository: String
    /// The host of its address, for `Pin: origin`; empty for local ones.
    package var site: String
    /// The suite as it was asked for: "trixie-backports".
    package var suite: String
    /// "main"; empty in a flat repository.
    package var component: String
    /// The architecture it is for, "amd64"; packages of architecture `all` are in it too.
    package var architecture: String
    /// The fields Origin, Label, Suite (which apt calls archive), Codename and Version of its Release file; empty where missing.
    package var origin: String
    package var label: String
    package var archive: String
    package var codename: String
    package var version: String
    /// The fields of the same names in its Release file.
    package var notAutomatic: Bool
    package var butAutomaticUpgrades: Bool
    /// 0 for the state of the suite that packages are taken from, then its later states in the order of their dates: what is
    /// there alone is a candidate only where it was asked for.
    package var generation: Int

    package init(
        repository: String, site: String = "", suite: String, component: String,
        architecture: String = "", origin: String = "", label: String = "",
        archive: String = "", codename: String = "", version: String = "", notAutomatic: Bool = false,
        butAutomaticUpgrades: Bool = false, generation: Int = 0
    ) {
        self.repository = repository
        self.site = site
        self.suite = suite
        self.component = component
        self.architecture = architecture
        self.origin = origin
        self.label = label
        self.archive = archive
        self.codename = codename
        self.version = version
        self.notAutomatic = notAutomatic
        self.butAutomaticUpgrades = butAutomaticUpgrades
        self.generation = generation
    }

    /// "debian trixie/main", "kubernetes ./"
    package var name: String { "\(repository) \(suite)" + (component.isEmpty ? "" : "/\(component)") }

    /// Whether `suite`, as in `name/suite`, means this: the suite asked for, or the release's archive or code name.
    package func isSuite(_ suite: String) -> Bool {
        self.suite == suite || Glob.matches(suite, archive) || Glob.matches(suite, codename)
    }

    /// The priority of its packages without pins; apt_preferences(5), "APT's Default Priority Assignments".
    var defaultPriority: Int {
        guard notAutomatic else { return 500 }
        return butAutomaticUpgrades ? 100 : 1
    }
}

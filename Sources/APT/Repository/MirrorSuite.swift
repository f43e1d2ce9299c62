/// A suite of a mirror: what its Release file says, and its packages.
package struct MirrorSuite: Sendable {
    /// A component of the suite, with an index for each architecture.
    package struct Component: Sendable {
        /// "main"
        package var name: String
        /// In any order; packages of architecture "all" are listed for every architecture.
        package var packages: [MirrorPackage]

        package init(name: String, packages: [MirrorPackage]) {
            self.name = name
            self.packages = packages
        }
    }

    /// The folder below dists/: "trixie".
    package var name: String
    /// The field Origin: who made the mirror.
    package var origin: String
    /// The field Label.
    package var label: String
    /// The field Suite: "stable".
    package var suite: String
    /// The field Codename: "trixie".
    package var codename: String
    /// The field Version: "13.1"; nil leaves it out.
    package var version: String?
    /// The field Description; nil leaves it out.
    package var description: String?
    /// Without "all".
    package var architectures: [String]
    /// In the order in which Components lists them.
    package var components: [Component]

    /// A suite whose Suite and Codename are its name unless set otherwise.
    package init(
        name: String, origin: String, label: String, suite: String? = nil, codename: String? = nil,
        version: String? = nil, description: String? = nil, architectures: [String], components: [Component]
    ) {
        self.name = name
        self.origin = origin
        self.label = label
        self.suite = suite ?? name
        self.codename = codename ?? name
        self.version = version
        self.description = description
        self.architectures = architectures
        self.components = components
    }
}

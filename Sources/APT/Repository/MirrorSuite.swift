package import Primitives

/// A suite of a mirror: what its Release file says, and its packages.
package struct MirrorSuite: Sendable {
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
    package var origin: String
    package var label: String
    package var suite: String
    package var codename: String
    package var version: String?
    package var description: String?
    /// Without "all".
    package var architectures: [String]
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

/// A file of a mirror: its path below the mirror's root, and its content.
package struct MirrorFile: Sendable, Equatable {
    package let path: String
    package let bytes: [UInt8]
    package let digest: Digest
}

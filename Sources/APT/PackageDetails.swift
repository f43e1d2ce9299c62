package import Primitives

/// What a mirror, a lock or a person wants to know of a package beyond its name.
package struct PackageDetails: Hashable, Sendable {
    package let name: String
    package let version: DebianVersion
    package let architecture: String
    /// Where the file lies under the archive's root: "pool/main/h/htop/htop_3.4.1-5_amd64.deb".
    package let filename: String
    package let size: ByteCount
    package let sha256: Digest
    /// The estimate of Installed-Size, which counts units of 1024 bytes; nil where the field is missing.
    package let installedSize: ByteCount?
    /// The source package: what Source names, else the package itself.
    package let source: String
    /// The version of the source package: usually that of the package, without the suffix of a rebuild.
    package let sourceVersion: DebianVersion
    package let section: String
    package let priority: PackagePriority
    /// The first line of Description.
    package let summary: String
}

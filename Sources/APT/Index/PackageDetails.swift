package import Primitives

/// What a mirror, a lock or a person wants to know of a package beyond its name.
package struct PackageDetails: Hashable, Sendable {
    /// "htop"
    package let name: String
    /// With its epoch and revision: "3.4.1-5".
    package let version: DebianVersion
    /// "amd64" or "all".
    package let architecture: String
    /// Where the file lies under the archive's root: "pool/main/h/htop/htop_3.4.1-5_amd64.deb".
    package let filename: String
    /// Of the file.
    package let size: ByteCount
    /// Of the file.
    package let sha256: Digest
    /// The estimate of Installed-Size, which counts units of 1024 bytes; nil where the field is missing.
    package let installedSize: ByteCount?
    /// The source package: what Source names, else the package itself.
    package let source: String
    /// The version of the source package: usually that of the package, without the suffix of a rebuild.
    package let sourceVersion: DebianVersion
    /// "utils", "contrib/kernel"; empty where the field is missing.
    package let section: String
    /// The field Priority, which no pin changes.
    package let priority: PackagePriority
    /// The first line of Description.
    package let summary: String
}

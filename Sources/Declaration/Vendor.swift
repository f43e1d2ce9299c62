package import Primitives
package import SystemPackage

/// Who makes a distribution of APT's packages: what a build must know of it that neither its packages nor `deploy.yaml` say.
///
/// The values of `all` are all there is. A distribution says by `like:` which of them it follows.
package struct Vendor: Hashable, Sendable {
    /// What `like:` calls it. The stage of a build that makes its darksite is called so, too.
    package let name: String
    /// As people write it: "Debian".
    package let title: String
    /// Where the live system serves the darksite of the distribution that has this name: a TCP port of 127.0.0.1.
    package let port: Int
    /// What the name of its keyring below /usr/share/keyrings begins with.
    let keyringPrefix: String
    /// The Debian package with that keyring, and the release of Debian that has it first; nil where all have it.
    let keyringPackage: (name: String, since: Int?)
    /// What stands for its newest kernel, `*` for the architecture.
    private let kernel: String
    fileprivate let archive: Server
    fileprivate let security: Server
    /// The archive of all architectures but amd64 and i386, the security updates in it, where that is another one.
    fileprivate let ports: Server?
    /// What its releases and their aliases are called.
    fileprivate let releases: Set<String>

    /// A folder of a web server's.
    fileprivate struct Server: Hashable, Sendable {
        let host: String
        let folder: String
    }

    /// https://www.debian.org
    package static let debian = Vendor(
        name: "debian", title: "Debian", port: 3142, keyringPrefix: "debian-archive-",
        keyringPackage: ("debian-archive-keyring", nil), kernel: "linux-image-*",
        archive: Server(host: "ftp.debian.org", folder: "debian"),
        security: Server(host: "security.debian.org", folder: "debian-security"), ports: nil,
        releases: [
            "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid", "stable", "testing",
            "unstable", "oldstable", "oldoldstable",
        ])

    /// Its two archives: https://help.ubuntu.com/community/Repositories.
    package static let ubuntu = Vendor(
        name: "ubuntu", title: "Ubuntu", port: 3143, keyringPrefix: "ubuntu-archive-",
        keyringPackage: ("ubuntu-keyring", 13), kernel: "linux-image-generic",
        archive: Server(host: "archive.ubuntu.com", folder: "ubuntu"),
        security: Server(host: "security.ubuntu.com", folder: "ubuntu"),
        ports: Server(host: "ports.ubuntu.com", folder: "ubuntu-ports"),
        releases: ["xenial", "bionic", "focal", "jammy", "noble", "oracular", "plucky", "questing", "devel"])

    /// In the order of their stages in a build.
    package static let all = [debian, ubuntu]

    package static func == (left: Vendor, right: Vendor) -> Bool { left.name == right.name }
    package func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// What stands for its newest kernel: "linux-image-amd64".
    package func kernelMetapackage(_ architecture: String) -> String {
        kernel.split(separator: "*", omittingEmptySubsequences: false).joined(separator: architecture)
    }

    /// Whether a keyring is called as its keyring is: a path, or what a list of sources says.
    package func signs(_ keyring: String) -> Bool { keyring.contains(keyringPrefix) }
}

/// An archive of a vendor's: what `mirrors: [host]` means.
package struct VendorArchive: Hashable, Sendable {
    /// Whose it is.
    package let vendor: Vendor
    /// The release that is wanted of it: "trixie".
    package let codename: String
    /// Whether it is the one with the security updates.
    package let isSecurity: Bool
    /// Of its packages, as dpkg writes it.
    package let architecture: String

    package init(vendor: Vendor, codename: String, isSecurity: Bool, architecture: String) {
        self.vendor = vendor
        self.codename = codename
        self.isSecurity = isSecurity
        self.architecture = architecture
    }

    private var server: Vendor.Server {
        if let ports = vendor.ports, !["amd64", "i386"].contains(architecture) { return ports }
        return isSecurity ? vendor.security : vendor.archive
    }

    /// What its folder is called on mirrors.
    package var folder: String { server.folder }

    /// The vendor's own server: for who has no mirror, and for what is installed.
    package var address: MirrorAddress { .remote("http://\(server.host)/\(server.folder)") }

    /// Whether a suite is called as those of security updates are: `trixie-security`, or `buster/updates` as it once was.
    package static func isSecurity(_ suite: String) -> Bool {
        suite.hasSuffix("-security") || suite.hasSuffix("/updates")
    }

    /// Whether a suite is called as the vendor's suites are, or after the codename: "trixie-updates", "buster/updates".
    package func hasSuite(_ suite: String) -> Bool {
        let base = suite.prefix { $0 != "-" && $0 != "/" }
        return base == codename || vendor.releases.contains(String(base))
    }
}

extension Mistake {
    /// A keyring that is not there; with the package that has it, where that is known.
    package static func missingKeyring(_ path: FilePath, at location: SourceLocation?) -> Mistake {
        let hint = Vendor.keyringPackage(path).map { package, since in
            "apt-get install \(package)"
                + (since.map { " (Debian has it from \($0) on; it needs nothing else and installs on 12 too)" } ?? "")
        }
        return Mistake(
            "there is no keyring \(path)", at: location,
            hint: hint ?? "get it from whoever signs the repository, and put it there")
    }
}

extension Vendor {
    /// The vendor of a distribution that does not say whom it is like: that of its name, or of what stands before a hyphen
    /// in it ("ubuntu-jammy"); Debian where that is nobody's.
    package init(distribution name: String) {
        let first = name.prefix { $0 != "-" }
        self = Self.all.first { $0.name == first } ?? .debian
    }

    /// The Debian package with the keyring at `path`, and the release that has it first; nil where nobody knows.
    package static func keyringPackage(_ path: FilePath) -> (name: String, since: Int?)? {
        if path.string.hasPrefix("/usr/share/distribution-gpg-keys/") { return ("distribution-gpg-keys", 13) }
        guard path.string.hasPrefix("/usr/share/keyrings/") else { return nil }
        return all.first { $0.signs(path.lastComponent?.string ?? "") }?.keyringPackage
    }
}

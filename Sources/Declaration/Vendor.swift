package import Primitives
package import SystemPackage

/// Who makes a distribution, told by its name: what a build must know of it that none of its packages says.
package enum Vendor: CaseIterable, Sendable {
    case debian
    case ubuntu

    /// The vendor of the distribution called `name` ("ubuntu", "ubuntu-jammy"); Debian where nothing says otherwise.
    package init(distribution name: String) { self = name.hasPrefix("ubuntu") ? .ubuntu : .debian }

    /// As people write it.
    package var title: String { self == .debian ? "Debian" : "Ubuntu" }

    /// What the name of its keyring below /usr/share/keyrings begins with.
    package var keyringPrefix: String {
        switch self {
        case .debian: "debian-archive-"
        case .ubuntu: "ubuntu-archive-"
        }
    }

    /// The Debian package with that keyring. Ubuntu's is in Debian too, from 13 on.
    package var keyringPackage: String {
        switch self {
        case .debian: "debian-archive-keyring"
        case .ubuntu: "ubuntu-keyring"
        }
    }

    /// What stands for its newest kernel.
    package func kernelMetapackage(_ architecture: String) -> String {
        switch self {
        case .debian: "linux-image-\(architecture)"
        case .ubuntu: "linux-image-generic"
        }
    }

    /// What the folder of its archive, or of the one with its security updates, is called on mirrors. Ubuntu has two
    /// archives, by architecture (https://help.ubuntu.com/community/Repositories), each with the security updates in it.
    package func archiveFolder(isSecurity: Bool, architecture: String) -> String {
        switch self {
        case .debian: isSecurity ? "debian-security" : "debian"
        case .ubuntu: ["amd64", "i386"].contains(architecture) ? "ubuntu" : "ubuntu-ports"
        }
    }

    /// Its own server, for who has no mirror.
    package func lastResort(isSecurity: Bool, architecture: String) -> MirrorAddress {
        let folder = archiveFolder(isSecurity: isSecurity, architecture: architecture)
        let host =
            switch self {
            case .debian: "ftp.debian.org"
            case .ubuntu where folder == "ubuntu-ports": "ports.ubuntu.com"
            case .ubuntu: isSecurity ? "security.ubuntu.com" : "archive.ubuntu.com"
            }
        return .remote("http://\(host)/\(folder)")
    }

    /// Whether a suite is called as its suites are, or after `codename`: "trixie-updates", "buster/updates".
    package func hasSuite(_ suite: String, codename: String) -> Bool {
        let base = suite.prefix { $0 != "-" && $0 != "/" }
        let names =
            switch self {
            case .debian:
                [
                    "stretch", "buster", "bullseye", "bookworm", "trixie", "forky", "duke", "sid", "stable", "testing",
                    "unstable", "oldstable", "oldoldstable",
                ]
            case .ubuntu: ["xenial", "bionic", "focal", "jammy", "noble", "oracular", "plucky", "questing", "devel"]
            }
        return base == codename || names.contains(String(base))
    }
}

extension Mistake {
    /// A keyring that is not there; with the package that has it, where that is known.
    package static func missingKeyring(_ path: FilePath, at location: SourceLocation?) -> Mistake {
        let name = path.lastComponent?.string ?? ""
        let vendor = Vendor.allCases.first { name.hasPrefix($0.keyringPrefix) }
        let isRPM = path.string.hasPrefix("/usr/share/distribution-gpg-keys/")
        let isYoung = isRPM || vendor == .ubuntu
        let hint = (isRPM ? "distribution-gpg-keys" : vendor?.keyringPackage).map { package in
            "apt-get install \(package)"
                + (isYoung ? " (Debian has it from 13 on; it needs nothing else and installs on 12 too)" : "")
        }
        return Mistake(
            "there is no keyring \(path)", at: location,
            hint: hint ?? "get it from whoever signs the repository, and put it there")
    }
}

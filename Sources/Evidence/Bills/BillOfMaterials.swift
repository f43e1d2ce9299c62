package import Packages
package import Primitives

/// What an image is made of. One value, which `spdx` and `cycloneDX` write in the formats of their standards.
package struct BillOfMaterials: Sendable {
    /// A package that is in the live system, or in a mirror on the image.
    package struct Package: Sendable {
        /// As the declaration calls it: "debian".
        package let distribution: String
        /// What kind of package it is.
        package let family: PackageFamily
        /// "trixie", "fedora-41"
        package let release: String
        /// "htop"
        package let name: String
        /// As its package manager spells it.
        package let version: String
        /// "amd64", "noarch"
        package let architecture: String
        /// Of the package file.
        package let digest: Digest
        /// Of the package file.
        package let size: ByteCount
        /// "debian pool/main/h/htop/htop_3.4.1-5_amd64.deb"; nil of one that the build made.
        package let file: String?
        /// What its file says.
        package fileprivate(set) var facts: PackageFacts
        /// The profiles that install it; `live` is the live system.
        package let profiles: [String]
        /// What asked for it.
        package let origins: [Origin]
        /// The packages of its distribution that it depends on, of those that are on the image.
        package let needs: Set<Name>

        package init(
            distribution: String, family: PackageFamily, release: String, name: String, version: String,
            architecture: String, digest: Digest, size: ByteCount, file: String?, facts: PackageFacts,
            profiles: [String], origins: [Origin], needs: Set<Name> = []
        ) {
            self.distribution = distribution
            self.family = family
            self.release = release
            self.name = name
            self.version = version
            self.architecture = architecture
            self.digest = digest
            self.size = size
            self.file = file
            self.facts = facts
            self.profiles = profiles
            self.origins = origins
            self.needs = needs
        }

        /// The source package that it was built from.
        fileprivate var sourceKey: String { "\(distribution) \(facts.source ?? "") \(facts.sourceVersion ?? "")" }

        /// Its name in the whole world.
        var url: String {
            PackageURL(
                family: family, distribution: distribution, name: name, version: version, architecture: architecture,
                release: release
            ).text
        }

        /// "debian-htop-amd64-1a2b3c4": no two packages of a bill share it.
        var identifier: String {
            Self.identifier(distribution: distribution, name: name, architecture: architecture, digest: digest)
        }

        static func identifier(distribution: String, name: String, architecture: String, digest: Digest) -> String {
            plain("\(distribution)-\(name)-\(architecture)-\(digest.short)")
        }

        /// `text` in the letters that SPDX has for identifiers.
        static func plain(_ text: String) -> String {
            let plain = text.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
                    byte
                default: UInt8(ascii: "-")
                }
            }
            return String(decoding: plain, as: UTF8.self)
        }

        /// The address of its project's pages, where that is one.
        var homepage: String? {
            guard let page = facts.homepage, page.hasPrefix("http://") || page.hasPrefix("https://"),
                page.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"<>\"\\^`{|}".utf8.contains($0) })
            else { return nil }
            return page
        }
    }

    /// What a package of one distribution is called.
    package struct Name: Hashable, Sendable {
        /// "htop"
        package let name: String
        /// As its package manager spells it.
        package let version: String
        /// "amd64", "noarch"
        package let architecture: String

        package init(name: String, version: String, architecture: String) {
            self.name = name
            self.version = version
            self.architecture = architecture
        }
    }

    /// What asked for a package, in the profiles where it is the same.
    package struct Origin: Sendable, Hashable {
        /// "package-sets/debian/server.txt:41", "base system"
        package let place: String
        /// What stands there: "htop".
        package let text: String
        /// The package that needs it, where it is not asked for itself.
        package let neededBy: String?
        /// The profiles that it holds for.
        package let profiles: [String]

        package init(place: String, text: String, neededBy: String?, profiles: [String]) {
            self.place = place
            self.text = text
            self.neededBy = neededBy
            self.profiles = profiles
        }

        /// "package-sets/debian/server.txt:41 htop, needed by libncursesw6 (core, server)"
        package var line: String {
            let way = neededBy.map { ", needed by \($0)" } ?? ""
            return "\(place) \(text)\(way) (\(profiles.joined(separator: ", ")))"
        }
    }

    /// "kldload-free-debian-server-amd64-20261128"
    package let name: String
    /// The date of the newest snapshot.
    package let date: LockDate
    /// The version of this program.
    package let toolVersion: String
    /// In the order of distribution, name, architecture and version.
    package let packages: [Package]

    /// The packages may be in any order. One that says nothing of its licence has that of another made of the same source: the
    /// documents of many packages are a link to those of another.
    package init(name: String, date: LockDate, toolVersion: String, packages: [Package]) {
        self.name = name
        self.date = date
        self.toolVersion = toolVersion
        var licences: [String: Licence] = [:]
        for package in packages { licences[package.sourceKey] = licences[package.sourceKey] ?? package.facts.licence }
        self.packages = packages.map { package in
            var package = package
            if package.facts.licence == nil { package.facts.licence = licences[package.sourceKey] }
            return package
        }.sorted {
            ($0.distribution, $0.name, $0.architecture, $0.version, $0.digest)
                < ($1.distribution, $1.name, $1.architecture, $1.version, $1.digest)
        }
    }

    /// The packages that depend on others, with those: both by their identifiers.
    var dependencies: [(package: String, needs: [String])] {
        var identifiers: [String: [Name: String]] = [:]
        for package in packages {
            let name = Name(name: package.name, version: package.version, architecture: package.architecture)
            identifiers[package.distribution, default: [:]][name] = package.identifier
        }
        return packages.compactMap { package in
            let needs = package.needs.compactMap { identifiers[package.distribution]?[$0] }.sorted()
            return needs.isEmpty ? nil : (package.identifier, needs)
        }
    }

    /// What tells this bill from all others: the digest of what it lists.
    var digest: Digest {
        Digest(of: Array((name + packages.map { "\n\($0.url) \($0.digest.hex)" }.joined()).utf8))
    }
}

package import Packages
package import Primitives
package import SystemPackage

extension Declaration {
    /// What makes a distribution one of RPM packages: where they come from, and which of them count.
    package struct RPMSource: Hashable, Sendable {
        /// What modules are for, as os-release's PLATFORM_ID says it without its prefix: "el9".
        package let platform: String
        /// In the order of the file; none where the distribution is `online`.
        package let repositories: [RPMRepository]
        /// Packages that are not there for anybody: names, in which `*`, `?` and `[…]` stand for characters (dnf.conf(5),
        /// excludepkgs).
        package let excludes: [String]
        /// Streams of modules that are enabled beside the defaults.
        package let modules: [ModuleStream]
        /// How the ZFS module comes to the kernel; nil where the sets have nothing of ZFS.
        package let zfs: ZFS?
        /// By design nothing of it is on the image: it is installed over the network, with what the person brings.
        package let isOnline: Bool

        /// Which of ZFS on Linux's two kinds of packages the sets ask for.
        package enum ZFS: String, CaseIterable, Hashable, Sendable {
            /// A package of ready made modules that fits the kernel's interface.
            case kmod
            /// Compiled when it is installed, with the kernel's headers.
            case dkms
        }
    }

    /// A stream of a module, as people write it: `nodejs:20`.
    package struct ModuleStream: Hashable, Sendable {
        /// "nodejs"
        package let module: String
        /// "20"
        package let stream: String

        /// Nil unless `text` is MODULE:STREAM.
        package init?(_ text: String) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isAllowed) }) else {
                return nil
            }
            (module, stream) = (String(parts[0]), String(parts[1]))
        }

        private static func isAllowed(_ byte: UInt8) -> Bool {
            let scalar = Unicode.Scalar(byte)
            return ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || "-._+".unicodeScalars.contains(scalar)
        }
    }

    /// A repository of RPM packages: what a file in yum.repos.d says of one.
    package struct RPMRepository: Hashable, Sendable {
        /// What it is called here, in the lock and in DEPLOY_MIRROR_…: "centos-baseos".
        package let name: String
        /// Where it is.
        package let access: Access
        /// Who vouches for its metadata.
        package let trust: Trust
        /// The keys that packages must be signed with, one of them; empty: theirs are not looked at, as `unsigned` says.
        package let packageKeys: [FilePath]
        /// 1 to 99; of several repositories that have a name, those with the lowest number count.
        package let priority: Int
        /// Of equal packages, that of the repository with the lowest number is taken.
        package let cost: Int
        /// As `RPMSource.excludes`, for this repository alone.
        package let excludes: [String]
        /// Its packages are not hidden by modules (dnf.conf(5), module_hotfixes).
        package let ignoresModules: Bool
        /// How old its state may be when it is taken.
        package let maximumAge: MaximumAge
        /// Where in deploy.yaml it stands, for errors.
        package let location: SourceLocation

        /// How its mirrors are found.
        package enum Access: Hashable, Sendable {
            /// Addresses of the folder that has `repodata/` in it, tried in order.
            case mirrors([MirrorAddress])
            /// The address of a text with such addresses, one a line.
            case mirrorlist(MirrorAddress)
            /// The address of a metalink (RFC 5854's predecessor, version 3.0): mirrors, and repomd.xml's digests.
            case metalink(MirrorAddress)
            /// Package files of one's own, of which it is made.
            case packages([FilePattern])
        }

        /// Who vouches for repomd.xml.
        package enum Trust: Hashable, Sendable {
            /// One of the keys in these files, with repomd.xml.asc.
            case keys([FilePath])
            /// The metalink, which has its digest and came over https: for repositories that sign no metadata.
            case metalink
            /// Nobody; written down as such.
            case unsigned
        }
    }
}

extension Declaration.RPMRepository {
    /// Where the list of its mirrors is; nil where the declaration names them.
    package var list: MirrorListSource? {
        switch access {
        case .mirrors, .packages: nil
        case .mirrorlist(let address): MirrorListSource(url: address.url, kind: .list)
        case .metalink(let address): MirrorListSource(url: address.url, kind: .metalink)
        }
    }

    /// The files of all keys that count, each once.
    package var keys: [FilePath] {
        var keys = packageKeys
        if case .keys(let own) = trust { keys = own + keys.filter { !own.contains($0) } }
        return keys
    }
}

extension Declaration.Distribution {
    /// Whether it is installed over the network alone: the image carries no packages of it.
    package var isOnline: Bool {
        switch source {
        case .apt: false
        case .rpm(let source): source.isOnline
        }
    }
}

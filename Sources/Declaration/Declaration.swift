package import Packages
package import Primitives
package import SystemPackage

/// What `deploy.yaml` says: which distributions there are, and what the image carries.
package struct Declaration: Hashable, Sendable {
    /// The folder of `deploy.yaml`: what its paths are relative to.
    package let folder: FilePath
    /// In the order of the file.
    package let distributions: [Distribution]
    /// What the image boots.
    package let live: Live
    /// Where the container image comes from that steps run in.
    package let builder: Builder
    /// What the image is called, and what it carries.
    package var iso: ISO
    /// Where images go.
    package let output: Output
    /// What is remembered of builds.
    package let builds: Builds
    /// How large the store may be; nil: as large as it likes.
    package let storeLimit: ByteCount?
    /// A cache that other builds use, too; nil: none.
    package let remote: Remote?

    /// The distribution called `name`; nil where there is none.
    package subscript(distribution name: String) -> Distribution? { distributions.first { $0.name == name } }

    /// The folder with the package sets, one folder for each distribution.
    package var packageSets: FilePath { folder.appending("package-sets") }

    /// The lock that belongs to this declaration.
    package var lock: FilePath { folder.appending("deploy.lock") }

    /// Everything that has to be resolved in `distribution`: its profiles, also those the image does not carry, so that
    /// another choice of profiles leaves the lock as it is; and what the build needs for itself, under the names in
    /// ``InternalProfile``. What only RPM distributions need is asked for where one is `usingRPM`.
    package func profiles(of distribution: Distribution, usingRPM: Bool = false) -> [PackageSetProfile] {
        var profiles = distribution.profiles
        if live.distribution == distribution.name {
            profiles.append(PackageSetProfile(name: InternalProfile.live.rawValue, sets: live.sets))
            if !live.desktopSets.isEmpty {
                profiles.append(
                    PackageSetProfile(name: InternalProfile.liveDesktop.rawValue, sets: live.sets + live.desktopSets))
            }
        }
        if case .made(distribution.name, let sets, let rpmSets) = builder {
            profiles.append(PackageSetProfile(name: InternalProfile.builder.rawValue, sets: sets))
            if usingRPM, !rpmSets.isEmpty {
                profiles.append(PackageSetProfile(name: InternalProfile.rpmBuilder.rawValue, sets: rpmSets))
            }
        }
        if case .apt(let source) = distribution.source, let module = source.zfsModule, !profiles.isEmpty {
            profiles.append(PackageSetProfile(name: InternalProfile.zfsBuild.rawValue, sets: module.sets))
        }
        return profiles
    }

    /// The profiles of root file systems that the build makes for itself. Their names are not free for others.
    package enum InternalProfile: String, CaseIterable, Sendable {
        case live
        /// The live system of images with the profile `desktop`, where it has sets of its own.
        case liveDesktop = "live-desktop"
        case builder
        case rpmBuilder = "rpm-builder"
        case zfsBuild = "zfs-build"
    }

    /// A distribution: where its packages come from, and what can be installed of it.
    package struct Distribution: Hashable, Sendable {
        /// "debian"
        package let name: String
        /// As people write it: "13".
        package let release: String
        /// "trixie".
        package let codename: String
        /// As the distribution's packages write it: "amd64".
        package let architecture: String
        /// In the order of the file; not those that the build needs for itself.
        package let profiles: [PackageSetProfile]
        /// The profiles that a gate really unpacks and configures, where the declaration names them.
        package let namedInstallations: [String]?
        /// Where its packages come from.
        package let source: Source

        /// Where its packages come from and which of them count, by the family of its packages.
        package enum Source: Hashable, Sendable {
            case apt(APTSource)
            case rpm(RPMSource)

            /// The one that it is the source of.
            package var family: PackageFamily {
                switch self {
                case .apt: .apt
                case .rpm: .rpm
                }
            }
        }

        /// That of its packages.
        package var family: PackageFamily { source.family }

        /// The profiles that a gate really unpacks and configures; others are simulated. Core and server, as far as there are such,
        /// where nothing is said.
        package var installedProfiles: [String] {
            namedInstallations ?? ["core", "server"].filter(profiles.map(\.name).contains)
        }
    }

    /// What a distribution of APT's packages has of its own.
    package struct APTSource: Hashable, Sendable {
        /// Whose conventions it follows.
        package let vendor: Vendor
        /// Others whose packages may be asked for, as `name:i386`.
        package let foreignArchitectures: [String]
        /// In the order of the file, which decides between those that have the same package.
        package let repositories: [Repository]
        /// In the order of the file: the first that fits counts.
        package let pins: [Pin]
        /// How a prebuilt module is made; nil where none is.
        package let zfsModule: ZFSModule?
    }

    /// A package archive.
    package struct Repository: Hashable, Sendable {
        /// What it is called here, in the lock and in DEPLOY_MIRROR_…: "debian-security".
        package let name: String
        /// Tried in this order.
        package let mirrors: [Mirror]
        /// "trixie", "trixie-updates"; the one of a flat repository ends in a slash.
        package let suites: [String]
        /// "main"; empty for a flat repository.
        package let components: [String]
        /// Whose signature its Release files must have.
        package let trust: Trust
        /// What is asked for locked files that no mirror has any more.
        package let snapshot: SnapshotService?
        /// How old its newest suite may be when it is taken.
        package let maximumAge: MaximumAge
        /// The host of the first address that is declared for it, which is what `Pin: origin` is about; `host` counts as the
        /// vendor's own server, so that the machine which builds does not matter. Empty for folders.
        package let site: String
        /// Where what was installed gets later versions of its packages from: an http or https address. Nil: from nowhere.
        package let updates: String?
        /// Package files of one's own, of which it is made; none where it has mirrors.
        package let packages: [FilePattern]
        /// Where in deploy.yaml it stands, for errors.
        package let location: SourceLocation

        /// The one suite of a repository that is made of package files: a flat one (sources.list(5)).
        package static let suiteOfFiles = "./"
    }

    /// Files that a declaration names: a path, in which `*`, `?` and `[…]` stand for characters, or a folder of them.
    package struct FilePattern: Hashable, Sendable {
        /// As it was written: "./debs/*.deb".
        package let text: String
        /// Where in deploy.yaml it stands, for errors.
        package let location: SourceLocation
    }

    /// Where an archive may be had.
    package enum Mirror: Hashable, Sendable {
        /// Wherever the apt of the build host gets this archive from.
        case host(VendorArchive)
        case address(MirrorAddress)
    }

    /// Whose signature a repository must have.
    package enum Trust: Hashable, Sendable {
        /// Any of the keys in this file.
        case keyring(FilePath)
        /// Nobody's; written down as such.
        case unsigned
    }

    /// A preference between versions, as apt_preferences(5) has it.
    package struct Pin: Hashable, Sendable {
        /// What gets the priority, of the packages that are named.
        package enum Target: Hashable, Sendable {
            /// Release file fields by apt's letters: `a` archive, `n` codename, `c` component, `v` version, `o` origin,
            /// `l` label, `b` architecture.
            case release([String: String])
            /// A version, `*` standing for any characters.
            case version(String)
            /// The host name of a mirror.
            case origin(String)
        }

        /// Names, in which `*`, `?` and `[…]` stand for characters as in glob(7); `/regular expressions/`; `src:` and the
        /// name of a source package.
        package let packages: [String]
        /// Which versions of them are meant.
        package let target: Target
        /// In the sense of apt_preferences(5): below 0 never, 500 is usual.
        package let priority: Int
        /// Where in deploy.yaml it stands, for errors.
        package let location: SourceLocation
    }

    /// How the ZFS module of a distribution's kernel is made before anything is installed.
    package struct ZFSModule: Hashable, Sendable {
        /// The sets of the root file system it is compiled in.
        package let sets: [PackageSetReference]
    }

    /// The live environment.
    package struct Live: Hashable, Sendable {
        /// The name of the one that it is made of: "debian".
        package let distribution: String
        /// What it has, beyond what is Essential.
        package let sets: [PackageSetReference]
        /// What it has beside them on an image with the profile `desktop`: nothing, where it is the same on all images.
        package let desktopSets: [PackageSetReference]
        /// The folder that is laid over the live root.
        package let includes: FilePath
        /// The folder with scripts that run at the end of each installation, if there is one.
        package let postinstall: FilePath?
    }

    /// The container image that steps run in.
    package enum Builder: Hashable, Sendable {
        /// The steps of RPM distributions run in an image of their own, made from `rpmSets` when one is in use; where there are
        /// none, in that from `sets`.
        case made(distribution: String, sets: [PackageSetReference], rpmSets: [PackageSetReference])
        /// An image in a registry by digest.
        case image(String)
    }

    /// The image that comes out.
    package struct ISO: Hashable, Sendable {
        /// The volume identifier of ISO 9660.
        package var label: String
        /// A part of the image's name: "free".
        package var edition: String
        /// The distribution and the profile that the image is called after.
        package var distribution: String
        package var profile: String
        /// What can be installed from the image.
        package var darksites: [Darksite]
        /// The profiles that the image also carries as they come out of their installation, ready to be unpacked; nil: all that are
        /// really installed when it is built.
        package var systems: [String]?
        /// The zstd level of the live root's squashfs, 1 to 22.
        package var squashfsLevel: Int
    }

    /// What of a distribution the image carries.
    package struct Darksite: Hashable, Sendable {
        /// Its name: "debian".
        package var distribution: String
        /// Those that can be installed from the image.
        package var profiles: [String]
    }

    /// How much is remembered of the builds of the past.
    package struct Builds: Hashable, Sendable {
        /// How many builds stay on record, the new one counted, with what their steps said.
        package let keep: Int
    }

    /// Where finished images go, and how many stay.
    package struct Output: Hashable, Sendable {
        /// Made where it is missing.
        package let folder: FilePath
        /// How many images stay there, the new one counted.
        package let keep: Int
    }
}

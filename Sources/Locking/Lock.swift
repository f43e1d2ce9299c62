package import Packages
package import Primitives
import RPM

/// `deploy.lock`: which bytes each distribution resolved to. A value; `LockReader` and `LockWriter` know its text.
package struct Lock: Hashable, Sendable {
    /// Sorted by name.
    package let distributions: [LockedDistribution]

    /// In any order; no two may have one name.
    package init(_ distributions: [LockedDistribution]) {
        self.distributions = distributions.sorted { $0.name < $1.name }
    }

    /// The section of the distribution called `name`.
    package subscript(name: String) -> LockedDistribution? { distributions.first { $0.name == name } }

    /// This lock with `distribution` in the place of the section of the same name, or added.
    package func replacing(_ distribution: LockedDistribution) -> Lock {
        Lock(distributions.filter { $0.name != distribution.name } + [distribution])
    }

    /// The date of the newest snapshot of all distributions: SOURCE_DATE_EPOCH of all that is made from this lock.
    package var epoch: LockDate? { distributions.flatMap(\.snapshots).map(\.date).max() }
}

/// What one distribution resolved to.
package struct LockedDistribution: Hashable, Sendable {
    /// As the declaration calls it: "debian".
    package let name: String
    /// What kind of packages it has, and so which of the fields below mean what.
    package let family: PackageFamily
    /// The native one in the words of the family: "amd64", "x86_64".
    package let architecture: String
    /// What was asked for: where it differs from today's, the section is stale. Nil where a lock of version 1 did not say.
    package let asked: LockedRequest?
    /// Sorted, like all lists here. Of a suite the oldest comes first: that is where packages come from, but for those that
    /// an update of single packages took from a later one.
    package let snapshots: [LockedSnapshot]
    /// The indexes that were read of the snapshots.
    package let indexes: [LockedIndex]
    /// The package files of all profiles, each once.
    package let packages: [LockedPackage]
    /// Packages that the build makes itself.
    package let built: [LockedBuild]
    /// Profiles whose line in the file does not fit their packages, as after a merge: they have to be resolved again. Sorted.
    package let unsealed: [String]

    /// The lists may be in any order.
    package init(
        name: String, family: PackageFamily, architecture: String, asked: LockedRequest?, snapshots: [LockedSnapshot],
        indexes: [LockedIndex],
        packages: [LockedPackage], built: [LockedBuild] = [], unsealed: [String] = []
    ) {
        self.name = name
        self.family = family
        self.architecture = architecture
        self.asked = asked
        self.snapshots = snapshots.inOrder()
        self.indexes = indexes.inOrder()
        self.packages = packages.inOrder()
        self.built = built.inOrder()
        self.unsealed = unsealed.inOrder()
    }

    /// The names of all profiles, the internal ones too, sorted.
    package var profiles: [String] {
        var names = Set(asked?.profiles ?? [])
        var last: [String] = []
        // Of neighbours most have the same profiles.
        for profiles in packages.lazy.map(\.profiles) + built.map(\.profiles) where profiles != last {
            names.formUnion(profiles)
            last = profiles
        }
        return names.sorted()
    }

    /// The native architecture, then the others whose packages may be asked for, sorted.
    package var architectures: [String] {
        let others: [String] =
            switch asked?.source {
            case .apt(let request): request.foreignArchitectures
            case .rpm: []
            case nil: indexes.compactMap(\.architecture)
            }
        return [architecture] + Set(others).subtracting([architecture]).sorted()
    }

    /// The packages of one profile.
    package func packages(of profile: String) -> [LockedPackage] {
        packages.filter { $0.profiles.contains(profile) }
    }
}

/// A suite of a repository; of RPM packages the repository, which has none.
package struct SuiteName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// As the declaration calls it: "debian-security", "centos-baseos".
    package let repository: String
    /// "trixie-security"
    package let suite: String?

    /// Without a `suite` it is the repository.
    package init(repository: String, suite: String?) {
        self.repository = repository
        self.suite = suite
    }

    /// "debian trixie", "centos-baseos".
    package var description: String { suite.map { "\(repository) \($0)" } ?? repository }

    package static func < (a: Self, b: Self) -> Bool {
        (a.repository, a.suite ?? "") < (b.repository, b.suite ?? "")
    }
}

/// The signed state of one suite of a repository.
package struct LockedSnapshot: Hashable, Sendable, Comparable {
    /// As the declaration calls it: "debian-security", "centos-baseos".
    package let repository: String
    /// Nil for repositories of RPM packages, which have none.
    package let suite: String?
    /// The `Date` field of the Release file; the newest time in repomd.xml.
    package let date: LockDate
    /// The digest of the InRelease file; of the Release file or repomd.xml with the signature that is apart behind a NUL.
    package let digest: Digest
    /// Of what `digest` is of.
    package let size: ByteCount

    package init(repository: String, suite: String?, date: LockDate, digest: Digest, size: ByteCount) {
        self.repository = repository
        self.suite = suite
        self.date = date
        self.digest = digest
        self.size = size
    }

    /// What this is a state of.
    package var name: SuiteName { SuiteName(repository: repository, suite: suite) }

    /// "debian trixie", "centos-baseos".
    package var shown: String { name.description }

    package static func < (a: Self, b: Self) -> Bool {
        (a.name, a.date, a.digest) < (b.name, b.date, b.digest)
    }
}

/// One index of packages that a snapshot names.
package struct LockedIndex: Hashable, Sendable, Comparable {
    /// As the declaration calls it.
    package let repository: String
    /// As in its snapshot: "trixie", nil.
    package let suite: String?
    /// Of an RPM repository: "primary", "filelists", "group" or "modules"; nil of a flat one.
    package let component: String?
    /// "all" for an index of the packages for all architectures; nil for that of a flat repository, which has those of every one.
    package let architecture: String?
    /// Of the file as it lies there, compressed.
    package let size: ByteCount
    /// From the root of the repository: `dists/trixie/main/binary-amd64/Packages.xz`.
    package let path: String
    /// Of the file as it lies there, compressed.
    package let digest: Digest

    package init(
        repository: String, suite: String?, component: String?, architecture: String?, size: ByteCount, path: String,
        digest: Digest
    ) {
        self.repository = repository
        self.suite = suite
        self.component = component
        self.architecture = architecture
        self.size = size
        self.path = path
        self.digest = digest
    }

    /// What its snapshot is a state of.
    package var name: SuiteName { SuiteName(repository: repository, suite: suite) }

    package static func < (a: Self, b: Self) -> Bool {
        (a.name, a.component ?? "", a.architecture ?? "", a.path, a.digest)
            < (b.name, b.component ?? "", b.architecture ?? "", b.path, b.digest)
    }
}

/// One package file of a repository, and the profiles that need it.
package struct LockedPackage: Hashable, Sendable, Comparable {
    /// "htop"
    package let name: String
    /// As the package manager writes it, with an epoch that is not 0: "3.4.1-5", "1:2.10-4.el9".
    package let version: String
    /// That of the package itself: "amd64", "all", "noarch".
    package let architecture: String
    /// The profiles whose solution it is in, the internal ones (`live`, `builder`) too; sorted, never empty.
    package let profiles: [String]
    /// Whether it is unpacked before anything can be configured: essential, or needed by what is.
    package let isEssential: Bool
    /// Of the package file.
    package let size: ByteCount
    /// The one it is fetched from, as the declaration calls it.
    package let repository: String
    /// From the root of the repository: `pool/main/h/htop/htop_3.4.1-5_amd64.deb`.
    package let path: String
    /// Of the package file.
    package let digest: Digest

    /// The profiles may be in any order.
    package init(
        name: String, version: String, architecture: String, profiles: [String], isEssential: Bool, size: ByteCount,
        repository: String, path: String, digest: Digest
    ) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.profiles = profiles.inOrder()
        self.isEssential = isEssential
        self.size = size
        self.repository = repository
        self.path = path
        self.digest = digest
    }

    /// Where a mirror of ours has it that keeps upstream's paths; spaces, which lists of files can't hold, are percent-encoded.
    package var mirrorPath: String { PercentEncoding.encode(path, where: LockWriter.isUnfit) }

    /// What its file is called here.
    package var fileName: String {
        let last = path.split(separator: "/").last.map(String.init) ?? path
        let name = RepositoryPath.isAddress(path) ? PercentEncoding.decode(last) ?? last : last
        return PercentEncoding.encode(name, where: LockWriter.isUnfit)
    }

    /// The essential ones first; then by name, architecture and version as strings.
    package static func < (a: Self, b: Self) -> Bool {
        if a.isEssential != b.isEssential { return a.isEssential }
        if a.name != b.name { return a.name < b.name }
        return (a.architecture, a.version) < (b.architecture, b.version)
    }
}

/// A package that no repository has: the build makes it.
package struct LockedBuild: Hashable, Sendable, Comparable {
    /// "zfs-modules-6.12.57+deb13-amd64"
    package let name: String
    /// The version that its package will say: "2.3.2-1".
    package let version: String
    /// As in `LockedPackage`.
    package let architecture: String
    /// Sorted, never empty.
    package let profiles: [String]

    /// The profiles may be in any order.
    package init(name: String, version: String, architecture: String, profiles: [String]) {
        self.name = name
        self.version = version
        self.architecture = architecture
        self.profiles = profiles.inOrder()
    }

    package static func < (a: Self, b: Self) -> Bool {
        (a.name, a.architecture, a.version) < (b.name, b.architecture, b.version)
    }
}

extension Array where Element: Comparable {
    /// Sorted; what is sorted already is looked at once and not copied.
    fileprivate func inOrder() -> [Element] {
        indices.dropFirst().contains { self[$0] < self[$0 - 1] } ? sorted() : self
    }
}

import APT
import Archives
package import BuildGraph
import ContentStore
package import Locking
import Packages
import Primitives
import RPM
import Solver

/// What machines have that were installed from an earlier lock, in the words of their package manager: by profile.
package enum EarlierPackages: Sendable {
    /// dpkg's list of what is installed: `/var/lib/dpkg/status`.
    case apt(status: [String: [UInt8]])
    /// The records of rpm-md, as a repository would list them: primary.xml and, where there is one, filelists.xml.
    case rpm(records: [String: Records])

    /// Indexes of rpm-md, unpacked.
    package struct Records: Sendable {
        /// What packages are and need.
        package let primary: [UInt8]
        /// Which files they have; nil where no relation asks for more than primary.xml names.
        package let fileLists: [UInt8]?
    }

    /// Where the records of packages come from.
    package enum Source: Sendable {
        /// The indexes that the lock names, out of this store.
        case indexes(any ArtifactStore)
        /// The index files of a mirror that has them all: by architecture the texts of `Packages`; or primary.xml, filelists.xml.
        case debian([[UInt8]])
        case rpm(primary: [UInt8], fileLists: [UInt8]?)
    }

    /// Of the `profiles` of `locked`, by the records that `source` has.
    ///
    /// Throws `DeltaError` where one of the packages is in none of them; as the readers of indexes do, `CancellationError`.
    package init(_ locked: LockedDistribution, profiles: [String], from source: Source) async throws {
        switch locked.family {
        case .apt:
            let table = try await Self.table(of: locked, source)
            self = .apt(
                status: try await BlockingWork.run {
                    try Self.byProfile(profiles) { try Self.status(of: $0, locked, table) }
                })
        case .rpm:
            let (primaries, lists) = try await Self.records(of: locked, source)
            var records: [String: Records] = [:]
            for profile in profiles { records[profile] = try await Self.records(of: profile, locked, primaries, lists) }
            self = .rpm(records: records)
        }
    }

    private static func byProfile<Value>(_ profiles: [String], _ value: (String) throws -> Value) rethrows -> [String:
        Value]
    {
        var values: [String: Value] = [:]
        for profile in profiles { values[profile] = try value(profile) }
        return values
    }

    // MARK: APT

    private static func table(of locked: LockedDistribution, _ source: Source) async throws -> PackageTable {
        switch source {
        case .indexes(let store):
            return try await VerifiedIndexes(store: store).table(
                of: locked.indexes, architectures: locked.architectures)
        case .debian(let texts):
            let origin = IndexOrigin(repository: locked.name, suite: "", component: "")
            let indexes = try texts.map { (index: try PackageIndex(parsing: $0, source: locked.name), origin: origin) }
            return try PackageTable(
                indexes, architecture: locked.architecture,
                foreignArchitectures: locked.architectures.filter { $0 != locked.architecture })
        case .rpm: throw DeltaError(.unknownPackage(distribution: locked.name, package: "any package"))
        }
    }

    private static func status(of profile: String, _ locked: LockedDistribution, _ table: PackageTable) throws
        -> [UInt8]
    {
        var text: [UInt8] = []
        for package in locked.packages(of: profile) {
            let listed = try table.packages(named: package.name).first {
                try table.details(of: $0).sha256 == package.digest
            }
            guard let listed else {
                throw DeltaError(
                    .unknownPackage(distribution: locked.name, package: "\(package.name) \(package.version)"))
            }
            text += installed(table.stanzaBytes(of: listed))
        }
        for package in locked.built where package.profiles.contains(profile) {
            let listed = table.packages(named: package.name).first {
                "\(table.version(of: $0))" == package.version && table.architecture(of: $0) == package.architecture
            }
            // What no index has was made by the build, which knows what it says of itself.
            let module = ZFSModulePackage(
                kernel: String(package.name.dropFirst(ZFSModulePackage.prefix.count)), version: package.version,
                architecture: package.architecture)
            text += installed(listed.map(table.stanzaBytes) ?? module.stanza)
        }
        return text
    }

    /// A stanza of an index as dpkg has it of a package that is installed: without what is said of the file.
    private static func installed(_ stanza: [UInt8]) -> [UInt8] {
        let left = ["filename:", "size:", "md5sum:", "sha1:", "sha256:", "sha512:"]
        var text: [UInt8] = []
        for line in stanza.split(separator: UInt8(ascii: "\n")) {
            let start = String(decoding: line.prefix(10), as: UTF8.self).lowercased()
            if left.contains(where: start.hasPrefix) { continue }
            text += line
            text.append(UInt8(ascii: "\n"))
            if start.hasPrefix("package:") { text += "Status: install ok installed\n".utf8 }
        }
        return text + [UInt8(ascii: "\n")]
    }

    // MARK: RPM

    private static func records(
        of locked: LockedDistribution, _ source: Source
    ) async throws -> (primaries: [RepodataRecords], lists: [FileListRecords]) {
        switch source {
        case .indexes(let store):
            let bytes = try await VerifiedIndexes(store: store).bytes(of: locked.indexes)
            func plain(_ type: String) throws -> [[UInt8]] {
                try locked.indexes.filter { $0.component == type }.map { index in
                    try Compression(fileName: index.path).decompress(
                        bytes[index.digest] ?? [], name: "\(index.repository) \(index.path)",
                        limit: ByteCount(4_000_000_000))
                }
            }
            return (
                try plain("primary").map { try RepodataRecords(primary: $0, source: locked.name) },
                try plain("filelists").map { try FileListRecords($0, source: locked.name) }
            )
        case .rpm(let primary, let fileLists):
            return (
                [try RepodataRecords(primary: primary, source: locked.name)],
                try fileLists.map { [try FileListRecords($0, source: locked.name)] } ?? []
            )
        case .debian: throw DeltaError(.unknownPackage(distribution: locked.name, package: "any package"))
        }
    }

    private static func records(
        of profile: String, _ locked: LockedDistribution, _ primaries: [RepodataRecords], _ lists: [FileListRecords]
    ) async throws -> Records {
        var places: [Digest: (records: Int, location: String)] = [:]
        for (number, records) in primaries.enumerated() {
            for stated in try records.stated where places[stated.digest] == nil {
                places[stated.digest] = (number, stated.location)
            }
        }
        let packages = try locked.packages(of: profile).map { package in
            let found = try places[package.digest].flatMap { place in
                try primaries[place.records].package(
                    at: place.location, placedAt: place.location, size: package.size, digest: package.digest,
                    fileLists: lists)
            }
            guard let found else {
                throw DeltaError(
                    .unknownPackage(distribution: locked.name, package: "\(package.name) \(package.version)"))
            }
            return found
        }
        let files = try await RepodataWriter(epoch: 0, compression: .none).files(of: packages)
        func file(_ type: String) -> [UInt8]? { files.first { $0.path.contains("-\(type).") }?.bytes }
        return Records(primary: file("primary") ?? [], fileLists: file("filelists"))
    }
}

package import Primitives
import Solver

/// The packages of several repositories as one. Immutable, and shared by everything that resolves against it.
///
/// Packages are numbered in the order of the repositories, then of their indexes: libsolv's order, on which some choices of
/// dnf depend. What two repositories both have is there twice.
package final class RPMTable: @unchecked Sendable {
    // Unchecked: pointers into a region that `image` keeps alive; nothing changes after `init`.
    let image: RPMTableImage
    /// As the person knows them: "appstream". In the order in which their packages are numbered.
    package let repositories: [String]

    /// Of all repositories together.
    package var packageCount: Int { image.records.count }

    /// The packages of `indexes`. Throws where they are more than this tool handles.
    package convenience init(_ indexes: [(index: PrimaryIndex, repository: String)]) throws(MetadataError) {
        guard indexes.count < Int(UInt16.max) else {
            throw MetadataError(source: "the list of repositories", problem: .tooMany("repositories"))
        }
        var builder = RPMTableBuilder()
        for (number, entry) in indexes.enumerated() { try builder.add(entry.index, repository: UInt16(number)) }
        guard let image = RPMTableImage(builder.image()) else {
            throw MetadataError(source: "the list of repositories", problem: .tooMany("bytes"))
        }
        self.init(image, repositories: indexes.map(\.repository))
    }

    /// The table that was stored as ``storedBytes``, of exactly these repositories; nil where `region` is none of this version
    /// of the format. What is in it is not looked at: it has to be protected by a digest.
    package convenience init?(stored region: ByteRegion, repositories: [String]) {
        guard let image = RPMTableImage(region) else { return nil }
        self.init(image, repositories: repositories)
    }

    init(_ image: RPMTableImage, repositories: [String]) {
        self.image = image
        self.repositories = repositories
    }

    /// The version of the format of ``storedBytes``; a stored table of another one can't be used.
    package static var formatVersion: UInt64 { RPMTableImage.version }

    /// The whole table as bytes without pointers, to be stored and mapped.
    package var storedBytes: UnsafeRawBufferPointer { image.region.bytes }

    // MARK: Texts

    @inline(__always)
    func bytes(_ text: Int32) -> UnsafeRawBufferPointer {
        let entry = image.entries[Int(text)]
        return UnsafeRawBufferPointer(
            UnsafeBufferPointer(rebasing: image.text[Int(entry.start)..<Int(entry.start) + Int(entry.length)]))
    }

    func string(_ text: Int32) -> String { String(decoding: bytes(text), as: UTF8.self) }

    /// The number of a text; nil where no name, version or path is so.
    func find(_ text: UnsafeRawBufferPointer) -> Int32? {
        guard !text.isEmpty else { return nil }
        let found = NameHash.lookUp(NameHash.hash(text), in: image.places) { bytes($0).isSame(as: text) }
        return found >= 0 ? Int32(found) : nil
    }

    func find(_ text: String) -> Int32? {
        var text = text
        return text.withUTF8 { find(UnsafeRawBufferPointer($0)) }
    }

    // MARK: Packages

    @inline(__always)
    func record(_ package: Int32) -> RPMRecord { image.records[Int(package)] }

    @inline(__always)
    func relations(_ kind: RelationKind, of package: Int32) -> UnsafeBufferPointer<StoredRelation> {
        UnsafeBufferPointer(rebasing: image.relations[image.records[Int(package)].relations(kind)])
    }

    /// The packages called `name`, in order.
    @inline(__always)
    func packages(named name: Int32) -> UnsafeBufferPointer<Int32> {
        UnsafeBufferPointer(
            rebasing: image.named[Int(image.namedStarts[Int(name)])..<Int(image.namedStarts[Int(name) + 1])])
    }

    /// What provides `name` in any version, or has the file; by packages in order.
    @inline(__always)
    func providers(of name: Int32) -> UnsafeBufferPointer<Provider> {
        UnsafeBufferPointer(
            rebasing: image.providers[Int(image.providerStarts[Int(name)])..<Int(image.providerStarts[Int(name) + 1])])
    }

    func compareVersions(_ a: Int32, _ b: Int32) -> Int {
        let (one, other) = (record(a).version, record(b).version)
        return one == other ? 0 : RPMVersion.compare(bytes(one), bytes(other))
    }

    /// A package that provides a name, or has a file.
    struct Provider: BitwiseCopyable {
        let package: Int32
        let version: Int32
        private let flagBits: UInt32

        var flags: RelationFlags { RelationFlags(rawValue: UInt8(truncatingIfNeeded: flagBits)) }

        init(package: Int32, version: Int32, flags: RelationFlags) {
            self.package = package
            self.version = version
            flagBits = UInt32(flags.rawValue)
        }
    }
}

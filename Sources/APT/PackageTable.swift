/// The packages of several indexes as one: a package that several of them hold (same name, version and architecture) is there
/// once, with all its origins. Immutable, and shared by everything that resolves against it.
package final class PackageTable: @unchecked Sendable {
    // Unchecked: the name table holds raw pointers into the regions that `sources` keeps alive; nothing changes after `init`.

    struct Source {
        let index: PackageIndex
        let origin: IndexOrigin
    }

    struct Entry {
        let source: Int32
        let record: Int32
        let name: Int32
        /// 0 for the native architecture and `all`, then the foreign ones in order.
        let slot: UInt8
        /// The next package of the same name, or -1.
        var next: Int32 = -1
    }

    /// A name that a package provides.
    struct Provision {
        let package: Int32
        /// Where the version stands in the bytes of the package's index; nothing where it has none.
        let versionStart: UInt32
        let versionLength: UInt16
        /// The slot of an architecture named with it; `ownSlot` means that of the package.
        let slot: UInt8
        /// The next provision of the same name, or -1.
        let next: Int32

        static let ownSlot = UInt8.max
    }

    let sources: [Source]
    let entries: [Entry]
    let names: NameTable
    let provisions: [Provision]
    /// By name: its first package and its first provision, or -1.
    let firstPackage: [Int32]
    let firstProvision: [Int32]
    /// The sources of a package beyond the first, where there are any.
    let otherSources: [Int32: [Int32]]
    /// The native architecture, then the foreign ones.
    package let architectures: [String]
    private let architectureBytes: [[UInt8]]

    package var packageCount: Int { entries.count }

    /// The packages of `sources`, of which an earlier one is the first origin of what it shares with a later one.
    ///
    /// Packages for other architectures than these are left out. Throws where Provides means nothing, where a name comes in
    /// thousands of versions, and where there are more than 200 architectures or two thousand million packages.
    package init(
        _ sources: [(index: PackageIndex, origin: IndexOrigin)], architecture: String,
        foreignArchitectures: [String] = []
    ) throws(PackageIndexError) {
        architectures = [architecture] + foreignArchitectures.filter { $0 != architecture }
        architectureBytes = architectures.map { Array($0.utf8) }
        guard architectures.count <= 200 else {
            throw PackageIndexError(source: "the list of architectures", problem: .tooLong)
        }
        self.sources = sources.map { Source(index: $0.index, origin: $0.origin) }
        var builder = PackageTableBuilder(sources: self.sources, architectures: architectureBytes)
        try builder.addPackages()
        try builder.addProvisions()
        entries = builder.entries
        names = builder.names
        provisions = builder.provisions
        firstPackage = builder.firstPackage
        firstProvision = builder.firstProvision
        otherSources = builder.otherSources
    }

    func record(_ package: Int32) -> PackageRecord {
        let entry = entries[Int(package)]
        return sources[Int(entry.source)].index.records[Int(entry.record)]
    }

    /// The bytes of the whole index that holds `package`; places in its record count from their start.
    func bytes(_ package: Int32) -> UnsafeRawBufferPointer {
        sources[Int(entries[Int(package)].source)].index.text.bytes
    }

    func versionBytes(_ package: Int32) -> UnsafeRawBufferPointer { bytes(package).slice(record(package).version) }

    /// The packages called `name`, in the order of the sources.
    func packages(of name: Int32) -> LinkedPackages { LinkedPackages(table: self, upcoming: firstPackage[Int(name)]) }

    /// The slot of an architecture, or nil for one that does not take part.
    func slot(of architecture: UnsafeRawBufferPointer) -> UInt8? {
        PackageTableBuilder.slot(of: architecture, in: architectureBytes)
    }

    struct LinkedPackages: Sequence, IteratorProtocol {
        let table: PackageTable
        var upcoming: Int32

        mutating func next() -> Int32? {
            guard upcoming >= 0 else { return nil }
            defer { upcoming = table.entries[Int(upcoming)].next }
            return upcoming
        }
    }
}

import Primitives
import Synchronization

/// The packages of several indexes as one: a package that several of them hold (same name, version and architecture) is there
/// once, with all its origins. Immutable, and shared by everything that resolves against it.
package final class PackageTable: @unchecked Sendable {
    // Unchecked: the tables are pointers into regions that `image` and `sources` keep alive; nothing changes after `init` but
    // the order, which is locked.

    struct Source {
        let text: ByteRegion
        /// The index, as the person knows it: "debian trixie/main".
        let name: String
        let origin: IndexOrigin
    }

    struct Entry {
        let name: Int32
        /// The next package of the same name, or -1.
        var next: Int32 = -1
        let source: UInt16
        /// 0 for the native architecture and `all`, then the foreign ones in order.
        let slot: UInt16
    }

    /// A name that a package provides.
    struct Provision {
        let package: Int32
        /// Where the version stands in the bytes of the package's index; nothing where it has none.
        let versionStart: UInt32
        /// The next provision of the same name, or -1.
        let next: Int32
        let versionLength: UInt16
        /// The slot of an architecture named with it; `ownSlot` means that of the package.
        let slot: UInt16

        static let ownSlot = UInt16.max
    }

    /// A source of a package beyond the first.
    struct OtherSource {
        let package: Int32
        let source: Int32
    }

    let image: PackageTableImage
    let sources: [Source]
    let names: NameTable
    /// The native architecture, then the foreign ones.
    package let architectures: [String]
    let architectureBytes: [[UInt8]]
    /// Where `image` has no ranks: worked out once for all who resolve, since it takes longer than most requests.
    private let mentionOrder: Mutex<MentionOrder>

    var entries: UnsafeBufferPointer<Entry> { image.entries }
    var provisions: UnsafeBufferPointer<Provision> { image.provisions }
    var firstPackage: UnsafeBufferPointer<Int32> { image.firstPackage }
    var firstProvision: UnsafeBufferPointer<Int32> { image.firstProvision }

    /// A version of a name for an architecture counts once.
    package var packageCount: Int { image.entries.count }

    /// The packages of `sources`, of which an earlier one is the first origin of what it shares with a later one.
    ///
    /// Packages for other architectures than these are left out. Throws where Provides means nothing, where a name comes in
    /// thousands of versions, and where there are more than 200 architectures, 60,000 sources or two thousand million packages.
    package convenience init(
        _ sources: [(index: PackageIndex, origin: IndexOrigin)], architecture: String,
        foreignArchitectures: [String] = []
    ) throws(PackageIndexError) {
        let architectures = Self.order(architecture, foreignArchitectures)
        guard architectures.count <= 200 else {
            throw PackageIndexError(source: "the list of architectures", problem: .tooLong)
        }
        guard sources.count <= 60_000 else { throw PackageIndexError(source: "the list of indexes", problem: .tooLong) }
        var builder = PackageTableBuilder(sources.map(\.index), architectures: architectures.map { Array($0.utf8) })
        try builder.add(sources.map(\.index), after: 0)
        try self.init(
            builder,
            sources: sources.map { Source(text: $0.index.text, name: $0.index.source, origin: $0.origin) },
            architectures: architectures)
    }

    /// This table with the packages of one more index, which comes last. The texts are shared.
    package func adding(_ index: PackageIndex, origin: IndexOrigin) throws(PackageIndexError) -> PackageTable {
        guard sources.count < 60_000 else { throw PackageIndexError(source: "the list of indexes", problem: .tooLong) }
        var builder = PackageTableBuilder(extending: self, by: index)
        try builder.add([index], after: sources.count)
        return try PackageTable(
            builder, sources: sources + [Source(text: index.text, name: index.source, origin: origin)],
            architectures: architectures)
    }

    /// Whether apt meets name `a` before `b` in the indexes.
    func isMet(_ a: Int32, before b: Int32) -> Bool {
        guard !image.mentionRanks.isEmpty else { return mentionOrder.withLock { $0.isEarlier(a, b, in: self) } }
        let (left, right) = (image.mentionRanks[Int(a)], image.mentionRanks[Int(b)])
        return left != 0 && (right == 0 || left < right)
    }

    /// This table with the order in which apt meets its names as a part of it. To work that out takes as long as to read the
    /// indexes: it pays where the table is kept.
    func rankingMentions() -> PackageTable {
        guard image.mentionRanks.isEmpty, let ranked = image.adding(mentionRanks: MentionOrder.ranks(in: self)) else {
            return self
        }
        return PackageTable(ranked, sources: sources, architectures: architectures)
    }

    private convenience init(
        _ builder: PackageTableBuilder, sources: [Source], architectures: [String]
    ) throws(PackageIndexError) {
        guard let image = PackageTableImage(PackageTableImage.bytes(of: builder)) else {
            throw PackageIndexError(source: "the list of indexes", problem: .indexTooLarge)
        }
        self.init(image, sources: sources, architectures: architectures)
    }

    /// The table in `image`, made of the texts of exactly these sources, in this order, for these architectures.
    init(_ image: PackageTableImage, sources: [Source], architectures: [String]) {
        self.image = image
        self.sources = sources
        self.architectures = architectures
        architectureBytes = architectures.map { Array($0.utf8) }
        names = NameTable(names: image.names, places: image.places, texts: sources.map(\.text.bytes))
        mentionOrder = Mutex(MentionOrder(nameCount: image.mentionRanks.isEmpty ? image.names.count : 0))
    }

    /// The architectures of a table in the order of their slots.
    static func order(_ native: String, _ foreign: [String]) -> [String] { [native] + foreign.filter { $0 != native } }

    @inline(__always)
    func record(_ package: Int32) -> PackageRecord { image.records[Int(package)] }

    func source(_ package: Int32) -> Source { sources[Int(entries[Int(package)].source)] }

    /// The bytes of the whole index that holds `package`; places in its record count from their start.
    @inline(__always)
    func bytes(_ package: Int32) -> UnsafeRawBufferPointer { names.texts[Int(entries[Int(package)].source)] }

    func versionBytes(_ package: Int32) -> UnsafeRawBufferPointer { bytes(package).slice(record(package).version) }

    /// The packages called `name`, in the order of the sources.
    func packages(of name: Int32) -> LinkedPackages { LinkedPackages(table: self, upcoming: firstPackage[Int(name)]) }

    /// The slot of an architecture, or nil for one that does not take part.
    func slot(of architecture: UnsafeRawBufferPointer) -> UInt16? {
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

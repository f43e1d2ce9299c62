import Primitives

/// The tables of a ``PackageTable`` as flat memory without pointers: written to a file and mapped again, they are the same.
///
/// Its format is that of ``FlatSections``. Whatever changes here, in the structs that are elements, or in the hash of names, needs another
/// `version`.
struct PackageTableImage {
    static let version: UInt64 = 2

    let region: ByteRegion
    let records: UnsafeBufferPointer<PackageRecord>
    let entries: UnsafeBufferPointer<PackageTable.Entry>
    let names: UnsafeBufferPointer<NameTable.Name>
    let places: UnsafeBufferPointer<UInt64>
    let provisions: UnsafeBufferPointer<PackageTable.Provision>
    /// By name: its first package and its first provision, or -1.
    let firstPackage: UnsafeBufferPointer<Int32>
    let firstProvision: UnsafeBufferPointer<Int32>
    /// The sources of a package beyond the first, sorted by package, then in order.
    let otherSources: UnsafeBufferPointer<PackageTable.OtherSource>
    /// The packages of the native architecture that are Essential or have a Priority up to important, in order.
    let basics: UnsafeBufferPointer<Int32>

    /// By name: its rank in apt's order, as ``MentionOrder`` has it; nothing where that was not worked out.
    let mentionRanks: UnsafeBufferPointer<UInt32>

    private static let sectionCount = 10

    /// The tables in `region`, whose bytes are those of an image; nil where its sections can't be. What is in the sections is
    /// not looked at.
    init?(_ region: ByteRegion) {
        guard let sections = FlatSections(region, count: Self.sectionCount) else { return nil }
        var number = 0
        func section<Element: BitwiseCopyable>(_ type: Element.Type) -> UnsafeBufferPointer<Element>? {
            defer { number += 1 }
            return sections.section(number, of: type)
        }
        guard let records = section(PackageRecord.self), let entries = section(PackageTable.Entry.self),
            let names = section(NameTable.Name.self), let places = section(UInt64.self),
            let provisions = section(PackageTable.Provision.self), let firstPackage = section(Int32.self),
            let firstProvision = section(Int32.self), let otherSources = section(PackageTable.OtherSource.self),
            let basics = section(Int32.self), let mentionRanks = section(UInt32.self),
            entries.count == records.count, firstPackage.count == names.count,
            firstProvision.count == names.count, mentionRanks.isEmpty || mentionRanks.count == names.count,
            places.count > names.count, places.count.nonzeroBitCount == 1
        else { return nil }
        self.region = region
        self.records = records
        self.entries = entries
        self.names = names
        self.places = places
        self.provisions = provisions
        self.firstPackage = firstPackage
        self.firstProvision = firstProvision
        self.otherSources = otherSources
        self.basics = basics
        self.mentionRanks = mentionRanks
    }

    /// The bytes of an image with what `builder` has gathered.
    static func bytes(of builder: PackageTableBuilder) -> ByteRegion {
        var sections = FlatSections.Writer()
        sections.add(builder.records)
        sections.add(builder.entries)
        sections.add(builder.names.names)
        sections.add(builder.names.places)
        sections.add(builder.provisions)
        sections.add(builder.firstPackage)
        sections.add(builder.firstProvision)
        sections.add(builder.sortedOtherSources)
        sections.add(builder.basics)
        sections.add([UInt32]())
        return sections.region()
    }

    /// This image with the ranks of its names, which are the last section and were empty so far; nil where there are not as
    /// many as names.
    func adding(mentionRanks ranks: [UInt32]) -> PackageTableImage? {
        let start = (region.count + 15) & ~15
        let size = ranks.count * MemoryLayout<UInt32>.stride
        let extended = ByteRegion(capacity: start + size) { buffer in
            buffer.copyMemory(from: region.bytes)
            for gap in region.count..<start { buffer[gap] = 0 }
            let place = (Self.sectionCount - 1) * 24
            buffer.storeBytes(of: UInt64(start), toByteOffset: place, as: UInt64.self)
            buffer.storeBytes(of: UInt64(ranks.count), toByteOffset: place + 8, as: UInt64.self)
            ranks.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: $0) }
            return start + size
        }
        return PackageTableImage(extended)
    }
}

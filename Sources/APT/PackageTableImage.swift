/// The tables of a ``PackageTable`` as flat memory without pointers: written to a file and mapped again, they are the same.
///
/// It starts with the offset, the number and the size of the elements of each section, as native UInt64; the sections follow,
/// aligned to 16 bytes. Whatever changes here, in the structs that are elements, or in the hash of names, needs another
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
    private static let headerSize = sectionCount * 24

    /// The tables in `region`, whose bytes are those of an image; nil where its sections can't be. What is in the sections is
    /// not looked at.
    init?(_ region: ByteRegion) {
        let bytes = region.bytes
        guard bytes.count >= Self.headerSize else { return nil }
        var number = 0
        func section<Element>(_ type: Element.Type) -> UnsafeBufferPointer<Element>? {
            func word(_ place: Int) -> UInt64 {
                bytes.loadUnaligned(fromByteOffset: (number * 3 + place) * 8, as: UInt64.self)
            }
            defer { number += 1 }
            guard let offset = Int(exactly: word(0)), let count = Int(exactly: word(1)),
                word(2) == UInt64(MemoryLayout<Element>.stride), count <= Int(Int32.max), offset % 16 == 0,
                offset <= bytes.count, count * MemoryLayout<Element>.stride <= bytes.count - offset
            else { return nil }
            return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count * MemoryLayout<Element>.stride])
                .bindMemory(to: type)
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
        var header: [UInt64] = []
        var end = headerSize
        func plan<Element>(_ elements: [Element]) {
            let start = (end + 15) & ~15
            header += [UInt64(start), UInt64(elements.count), UInt64(MemoryLayout<Element>.stride)]
            end = start + elements.count * MemoryLayout<Element>.stride
        }
        let (others, basics) = (builder.sortedOtherSources, builder.basics)
        plan(builder.records)
        plan(builder.entries)
        plan(builder.names.names)
        plan(builder.names.places)
        plan(builder.provisions)
        plan(builder.firstPackage)
        plan(builder.firstProvision)
        plan(others)
        plan(basics)
        plan([UInt32]())
        return ByteRegion(capacity: end) { buffer in
            var position = 0
            func copy<Element>(_ elements: [Element], at start: Int) {
                elements.withUnsafeBytes { source in
                    for gap in position..<max(start, position) { buffer[gap] = 0 }
                    UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: source)
                    position = start + source.count
                }
            }
            func copy<Element>(_ elements: [Element], section: Int) {
                copy(elements, at: Int(header[section * 3]))
            }
            copy(header, at: 0)
            copy(builder.records, section: 0)
            copy(builder.entries, section: 1)
            copy(builder.names.names, section: 2)
            copy(builder.names.places, section: 3)
            copy(builder.provisions, section: 4)
            copy(builder.firstPackage, section: 5)
            copy(builder.firstProvision, section: 6)
            copy(others, section: 7)
            copy(basics, section: 8)
            copy([UInt32](), section: 9)
            return end
        }
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

import Primitives

/// The arrays of an ``RPMTable`` as flat memory; the format is that of ``FlatSections``. Whatever changes here, in the structs
/// that are elements, or in the hash of names, needs another `version`.
struct RPMTableImage {
    static let version: UInt64 = 1

    let region: ByteRegion
    let text: UnsafeBufferPointer<UInt8>
    let entries: UnsafeBufferPointer<StringPool.Entry>
    let places: UnsafeBufferPointer<UInt64>
    let records: UnsafeBufferPointer<RPMRecord>
    let relations: UnsafeBufferPointer<StoredRelation>
    let files: UnsafeBufferPointer<Int32>
    /// By text: where its providers start; one more than there are texts.
    let providerStarts: UnsafeBufferPointer<UInt32>
    let providers: UnsafeBufferPointer<RPMTable.Provider>
    /// By text: where the packages called so start; one more than there are texts.
    let namedStarts: UnsafeBufferPointer<UInt32>
    let named: UnsafeBufferPointer<Int32>

    static let sectionCount = 10

    init?(_ region: ByteRegion) {
        guard let sections = FlatSections(region, count: Self.sectionCount),
            let text = sections.section(0, of: UInt8.self),
            let entries = sections.section(1, of: StringPool.Entry.self),
            let places = sections.section(2, of: UInt64.self),
            let records = sections.section(3, of: RPMRecord.self),
            let relations = sections.section(4, of: StoredRelation.self),
            let files = sections.section(5, of: Int32.self),
            let providerStarts = sections.section(6, of: UInt32.self),
            let providers = sections.section(7, of: RPMTable.Provider.self),
            let namedStarts = sections.section(8, of: UInt32.self),
            let named = sections.section(9, of: Int32.self),
            providerStarts.count == entries.count + 1, namedStarts.count == entries.count + 1,
            !entries.isEmpty, places.count > entries.count, places.count.nonzeroBitCount == 1
        else { return nil }
        self.region = region
        self.text = text
        self.entries = entries
        self.places = places
        self.records = records
        self.relations = relations
        self.files = files
        self.providerStarts = providerStarts
        self.providers = providers
        self.namedStarts = namedStarts
        self.named = named
    }
}

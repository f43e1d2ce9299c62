import Archives
import Primitives

/// The packages of one repository, from its primary.xml.
package struct PrimaryIndex: Sendable {
    /// The index, as the person knows it: "centos appstream".
    package let source: String
    var records: [RPMRecord] = []
    var relations: [StoredRelation] = []
    /// Paths, as numbers of the pool.
    var files: [Int32] = []
    var pool: StringPool

    /// The number of packages.
    package var count: Int { records.count }

    /// What a primary.xml may be large, unpacked; the largest known are below a tenth of it.
    package static let sizeLimit = 4 << 30

    /// Reads a primary.xml from `bytes`, packed or not. It works on the calling thread and one more, until it is done.
    ///
    /// `openSize` is how many bytes repomd.xml says it has when unpacked; more are an error. Source packages are left out.
    /// Throws `MetadataError` or `ArchiveError`.
    package init(reading bytes: [UInt8], source: String, openSize: Int? = nil) throws {
        let handler = PrimaryHandler(capacity: bytes.count / 60)
        try XMLStream.read(bytes, source: source, sizeLimit: openSize ?? Self.sizeLimit, handler)
        self.source = source
        records = handler.records
        relations = handler.relations
        files = handler.files
        pool = handler.pool
    }

    /// Adds what `list`, made from the same repository's filelists.xml, knows of files that the primary index leaves out.
    package mutating func add(_ list: FileList) {
        var all: [Int32] = []
        all.reserveCapacity(files.count + 1000)
        for place in records.indices {
            var own = files[Int(records[place].fileStart)..<Int(records[place].fileEnd)]
            for path in list.paths(of: pool.text(records[place].checksum)) {
                let number = pool.intern(path)
                if !own.contains(number) { own.append(number) }
            }
            records[place].fileStart = UInt32(all.count)
            all += own
            records[place].fileEnd = UInt32(all.count)
        }
        files = all
    }
}

/// Unpacks on one thread and parses on another.
enum XMLStream {
    static func read(_ bytes: [UInt8], source: String, sizeLimit: Int, _ handler: XMLHandler) throws {
        let parser = try XMLPushParser(handler, source: source, sizeLimit: sizeLimit)
        let compression = Compression(sniffing: bytes)
        // The parser itself stops at the limit.
        try compression.decompress(bytes, name: source, limit: ByteCount(Int64.max)) { try parser.feed($0) }
        try parser.finish()
    }
}

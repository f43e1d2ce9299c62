package import Primitives

/// One Packages file of an archive: its bytes and where each package lies in them.
///
/// Reading it looks at every line once and keeps the places of what identifies a package; all else is parsed when asked for.
package struct PackageIndex: Sendable {
    /// The text, as the archive published it.
    package let text: ByteRegion
    /// The index, as the person knows it: "debian trixie/main".
    package let source: String
    /// In the order of the file.
    let records: [PackageRecord]

    /// The number of stanzas.
    package var count: Int { records.count }

    /// Reads `text`. Like apt it passes over stanzas without a Version (and those without an Architecture, which apt has no use for),
    /// comments and lines that are no field. Throws where text before a stanza is no deb822(5), and where a stanza lacks its Package
    /// or holds a NUL byte.
    package init(parsing text: ByteRegion, source: String) throws(PackageIndexError) {
        self.text = text
        self.source = source
        records = try PackageIndex.parse(text, source: source)
    }

    /// Reads `bytes`, for stanzas made in memory.
    package init(parsing bytes: [UInt8], source: String) throws(PackageIndexError) {
        try self.init(parsing: ByteRegion(bytes), source: source)
    }

    private static func parse(_ text: ByteRegion, source: String) throws(PackageIndexError) -> [PackageRecord] {
        let bytes = text.bytes
        guard bytes.count < UInt32.max else { throw PackageIndexError(source: source, problem: .indexTooLarge) }
        var records: [PackageRecord] = []
        records.reserveCapacity(bytes.count / 700 + 1)
        var record = PackageRecord()
        var scanner = Deb822Scanner(lenient: true)
        var isFirst = true
        do {
            while true {
                switch try scanner.next(in: bytes) {
                case .field(let name, let value):
                    if isFirst {
                        record.start = UInt32(name.lowerBound)
                        isFirst = false
                    }
                    record.note(name, value, in: bytes)
                case .endOfStanza:
                    record.end = UInt32(scanner.stanzaEnd)
                    if try record.isPackage(in: text, source: source) { records.append(record) }
                    record = PackageRecord()
                    isFirst = true
                case .end:
                    return records
                }
            }
        } catch let error as PackageIndexError {
            throw error
        } catch let error as Deb822Error {
            let name = record.nameLength > 0 ? text.text(record.name) : nil
            throw PackageIndexError(source: source, package: name, problem: .syntax(error))
        } catch {
            preconditionFailure("only two kinds of errors are thrown above")
        }
    }
}

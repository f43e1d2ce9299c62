import SystemPackage

/// The records of one folder of an ISO 9660 volume (ECMA-119, 9.1), with what Rock Ridge adds to them.
struct DirectoryRecords {
    /// A name in the folder; the folder itself and the one above it are not among them.
    struct Record {
        var name: String
        var kind: DiscVolume.Entry.Kind
        var extents: [Range<Int64>]
    }

    /// Reads bytes of the volume: of a block, from an offset in it, so many.
    typealias Continuation = (Int64, Int64, Int64) throws(ArchiveError) -> [UInt8]

    private(set) var all: [Record] = []
    private let shown: String
    private let image: String

    /// Reads the records in `bytes`. `skip` is how many bytes stand before the fields of Rock Ridge: the root folder's first record
    /// says it. `more` reads fields that found no room in a record.
    init(
        _ bytes: [UInt8], shown: String, image: String, skip: inout Int, isRoot: Bool, more: Continuation
    ) throws(ArchiveError) {
        self.shown = shown
        self.image = image
        var position = 0
        var isContinued = false
        while position < bytes.count {
            let length = Int(bytes[position])
            // No record crosses the end of a sector: the rest of it is zero.
            let rest = Int(DiscVolume.sector) - position % Int(DiscVolume.sector)
            guard length > 0 else {
                position += rest
                continue
            }
            guard length >= 34, length <= rest, position + length <= bytes.count else {
                throw damaged("a record of it is cut")
            }
            let record = Array(bytes[position..<position + length])
            position += length
            let nameLength = Int(record[32])
            guard nameLength > 0, 33 + nameLength <= length, let block = record.little(at: 2, bytes: 4),
                let size = record.little(at: 10, bytes: 4)
            else { throw damaged("a record of it is cut") }
            let flags = record[25]
            let fields = 33 + nameLength + (nameLength.isMultiple(of: 2) ? 1 : 0)
            if nameLength == 1, record[33] <= 1 {
                if isRoot, record[33] == 0 { skip = Self.skip(record, at: fields) }
                continue
            }
            let start = block * DiscVolume.sector
            let extent = start..<start + size
            // ECMA-119, 9.1.6: of a file in several extents all records but the last have bit 7.
            if isContinued, let last = all.indices.last {
                all[last].extents.append(extent)
            } else {
                let ridge = try RockRidge(record, from: fields + skip, more: more, damaged)
                let plain = Self.plainName(record[33..<33 + nameLength])
                guard let name = ridge.name ?? plain, !name.isEmpty, name != ".", name != "..",
                    !name.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 })
                else { throw damaged("it has an entry whose name is none") }
                let kind = ridge.kind ?? (flags & 2 != 0 ? .folder : .file)
                guard (kind == .folder) == (flags & 2 != 0) else { throw damaged("\(name) is two things at once") }
                all.append(Record(name: name, kind: kind, extents: size > 0 ? [extent] : []))
            }
            isContinued = flags & 0x80 != 0
        }
    }

    private func damaged(_ detail: String) -> ArchiveError {
        ArchiveError(image, .corrupt("the folder \(shown) can't be read: \(detail)"))
    }

    /// Without the version, and the dot of what has no extension (ECMA-119, 7.5.1).
    private static func plainName(_ bytes: ArraySlice<UInt8>) -> String? {
        var name = bytes.prefix { $0 != UInt8(ascii: ";") }
        if name.last == UInt8(ascii: ".") { name = name.dropLast() }
        return String(validating: name, as: UTF8.self)
    }

    /// SUSP 1.12, 5.3: "SP", 7, 1, 0xBE, 0xEF, and the number.
    private static func skip(_ record: [UInt8], at start: Int) -> Int {
        guard record.count >= start + 7, record[start] == UInt8(ascii: "S"), record[start + 1] == UInt8(ascii: "P"),
            record[start + 4] == 0xBE, record[start + 5] == 0xEF
        else { return 0 }
        return Int(record[start + 6])
    }
}

/// What Rock Ridge says of a record, as far as anything here asks (IEEE P1282, 4.1; SUSP 1.12 for the fields that hold it).
private struct RockRidge {
    var name: String?
    var kind: DiscVolume.Entry.Kind?

    /// More than this in one chain is no volume that a tool made.
    private static let continuationLimit = 64

    init(
        _ record: [UInt8], from start: Int, more: DirectoryRecords.Continuation, _ damaged: (String) -> ArchiveError
    ) throws(ArchiveError) {
        var name: [UInt8] = []
        var hasName = false
        var fields = record[min(start, record.count)...]
        for _ in 0..<Self.continuationLimit {
            var next: (Int64, Int64, Int64)?
            var position = fields.startIndex
            scanning: while position + 4 <= fields.endIndex {
                let length = Int(fields[position + 2])
                guard length >= 4, position + length <= fields.endIndex else { break }
                let field = Array(fields[position..<position + length])
                position += length
                switch (field[0], field[1]) {
                case (UInt8(ascii: "N"), UInt8(ascii: "M")) where length > 5:
                    hasName = true
                    name += field[5...]
                case (UInt8(ascii: "P"), UInt8(ascii: "X")): kind = field.little(at: 4, bytes: 4).map(Self.kind)
                case (UInt8(ascii: "C"), UInt8(ascii: "L")):
                    throw damaged("it holds a folder that was moved elsewhere, which no image of ours has")
                case (UInt8(ascii: "C"), UInt8(ascii: "E")):
                    guard let block = field.little(at: 4, bytes: 4), let offset = field.little(at: 12, bytes: 4),
                        let size = field.little(at: 20, bytes: 4), size <= DiscVolume.sector
                    else { throw damaged("a continuation is none") }
                    next = (block, offset, size)
                case (UInt8(ascii: "S"), UInt8(ascii: "T")): break scanning
                default: break
                }
            }
            guard let (block, offset, size) = next else {
                if hasName {
                    guard let text = String(validating: name, as: UTF8.self) else {
                        throw damaged("a name is no UTF-8")
                    }
                    self.name = text
                }
                return
            }
            fields = try more(block, offset, size)[...]
        }
        throw damaged("a chain of continuations has no end")
    }

    /// The type in a mode, stat(2).
    private static func kind(_ mode: Int64) -> DiscVolume.Entry.Kind {
        switch mode & 0o170000 {
        case 0o100000: .file
        case 0o040000: .folder
        case 0o120000: .link
        default: .other
        }
    }
}

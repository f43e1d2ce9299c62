import Primitives

/// The header of an RPM package file (RPM's docs, "RPM V4 Package format"): what the package says of itself.
package struct PackageHeader {
    /// The place of the header in its file.
    package let range: Range<Int>
    private let bytes: [UInt8]
    private var entries: [UInt32: (type: UInt32, offset: Int, count: Int)] = [:]
    /// Where the values are, in `bytes`.
    private var data = 0..<0

    /// More than the header of any package takes.
    private static let limit = 256 << 20

    /// Reads the header of the package file that begins with `file`, which may be cut off after it. `source` is what errors call it.
    ///
    /// - Throws: `PackageFileError` where that is no binary package.
    package init(reading file: [UInt8], source: String) throws(PackageFileError) {
        bytes = file
        func fail(_ detail: String) -> PackageFileError { PackageFileError(file: source, detail: detail) }
        func number(_ offset: Int) -> Int {
            file[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        }
        func section(at start: Int) throws(PackageFileError) -> (count: Int, data: Range<Int>) {
            guard file.count >= start + 16, file[start..<start + 4].elementsEqual([0x8E, 0xAD, 0xE8, 0x01]) else {
                throw fail("it has no header where one should be")
            }
            let (count, size) = (number(start + 8), number(start + 12))
            let begin = start + 16 + 16 * count
            guard count < 1 << 20, size < Self.limit, begin + size <= file.count else { throw fail("it is cut off") }
            return (count, begin..<begin + size)
        }
        guard file.count > 96, file.starts(with: [0xED, 0xAB, 0xEE, 0xDB]) else { throw fail("it is no .rpm") }
        let signature = try section(at: 96)
        let start = (signature.data.upperBound + 7) & ~7
        let header = try section(at: start)
        data = header.data
        range = start..<header.data.upperBound
        for place in 0..<header.count {
            let entry = start + 16 + 16 * place
            let offset = number(entry + 8)
            guard offset <= data.count else { throw fail("its header is damaged") }
            entries[UInt32(number(entry))] = (UInt32(number(entry + 4)), data.lowerBound + offset, number(entry + 12))
        }
        guard string(1000) != nil, string(1001) != nil, string(1002) != nil, string(1022) != nil else {
            throw fail("it does not say its name, version, release and architecture")
        }
        guard string(1044) != nil else { throw fail("it is a source package") }
    }

    /// RPM's tag `License`; nil, here and below, where it has none.
    package var licence: String? { string(1014) }
    /// Its tag `Vendor`: "Fedora Project".
    package var vendor: String? { string(1011) }
    /// Its tag `URL`.
    package var homepage: String? { string(1020) }
    /// The file name of the source package: "bash-5.1.8-9.el9.src.rpm".
    package var sourcePackage: String? { string(1044) }

    /// The first string of a tag; nil where it has none.
    func string(_ tag: UInt32) -> String? { strings(tag).first }

    /// The strings of a tag; of a translated one only the first is used.
    func strings(_ tag: UInt32) -> [String] {
        guard let entry = entries[tag], [6, 8, 9].contains(entry.type) else { return [] }
        var result: [String] = []
        var start = entry.offset
        while result.count < entry.count, start < data.upperBound,
            let end = bytes[start..<data.upperBound].firstIndex(of: 0)
        {
            result.append(String(decoding: bytes[start..<end], as: UTF8.self))
            start = end + 1
        }
        return result
    }

    /// The numbers of a tag, of whatever width.
    func numbers(_ tag: UInt32) -> [Int] {
        guard let entry = entries[tag], let width = [2: 1, 3: 2, 4: 4, 5: 8][entry.type],
            entry.count <= (data.upperBound - entry.offset) / width
        else { return [] }
        return (0..<entry.count).map { place in
            let start = entry.offset + place * width
            return bytes[start..<start + width].reduce(0) { $0 << 8 | Int($1) }
        }
    }
}

/// A file that is no package to install.
package struct PackageFileError: UserError {
    let file: String
    let detail: String
    package var what: String { "\(file) is no package to install: \(detail)" }
}

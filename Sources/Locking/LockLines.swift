import Packages
import Primitives
import RPM

#if canImport(Glibc)
private import Glibc
#endif

/// The lines of a lock, and the fields of the line it stands at. Borrows the bytes it reads.
struct LockLines {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let file: String
    private var start = 0
    private var end = 0
    private var following = 0
    private var fields: [Range<Int>] = []
    /// Whether the line has nothing but ASCII: then no field needs to be checked for being UTF-8.
    private var isASCII = true
    /// Of the line it stands at, from 1.
    private(set) var number = 0
    /// Whether paths are percent-encoded: they are since version 3.
    var hasEncodedPaths = true

    init(bytes: UnsafeBufferPointer<UInt8>, file: String) {
        // Editors of other systems put the mark of UTF-8 first.
        let isMarked = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        self.bytes = isMarked ? UnsafeBufferPointer(rebasing: bytes.dropFirst(3)) : bytes
        self.file = file
        fields.reserveCapacity(16)
    }

    /// Goes to the next line; false where there is none.
    mutating func next() -> Bool {
        guard following < bytes.count, let base = bytes.baseAddress else { return false }
        start = following
        let rest = bytes.count - start
        if let found = memchr(base + start, 0x0A, rest) {
            end = UnsafeRawPointer(found) - UnsafeRawPointer(base)
            following = end + 1
        } else {
            end = bytes.count
            following = end
        }
        // As git writes it where core.autocrlf is set.
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        number += 1
        fields.removeAll(keepingCapacity: true)
        return true
    }

    /// Finds the fields of the line: one space between each two, none around them.
    mutating func split() throws(Mistake) {
        guard end > start, bytes[start] != UInt8(ascii: "#") else { return }
        var from = start
        isASCII = true
        for position in start...end where position == end || bytes[position] <= 0x20 || bytes[position] >= 0x80 {
            if position < end, bytes[position] >= 0x80 {
                isASCII = false
                continue
            }
            guard position == end || bytes[position] == 0x20, position > from else {
                throw error("fields are separated by exactly one space", at: position)
            }
            fields.append(from..<position)
            from = position + 1
        }
    }

    /// Whether the line is blank or a comment.
    var isEmpty: Bool { fields.isEmpty }

    /// The first seven characters, where they are one of the marks git leaves in a file it could not merge.
    var conflictMarker: String? {
        guard end - start >= 7, let first = bytes[start..<end].first else { return nil }
        guard "<=>|".utf8.contains(first), bytes[start..<start + 7].allSatisfy({ $0 == first }) else { return nil }
        return String(decoding: bytes[start..<start + 7], as: UTF8.self)
    }

    var keyword: String { fields.first.map { String(decoding: bytes[$0], as: UTF8.self) } ?? "" }

    /// What kind of line its keyword says it is; nil where there is no such kind.
    var kind: LockLine? {
        guard let field = fields.first else { return nil }
        return LockLine.all.first { bytes[field].elementsEqual($0.rawValue.utf8) }
    }

    /// Throws unless the line has the fields that lines of its `kind` have in a lock of `version`.
    func expectFields(of kind: LockLine, in version: Int64) throws(Mistake) {
        let count = kind.fieldCount(in: version)
        guard fields.count != count + 1 else { return }
        if !isASCII, let space = UnusualSpace(in: String(decoding: bytes[start..<end], as: UTF8.self)) {
            let before = String(decoding: bytes[start..<end], as: UTF8.self).prefix(space.offset).utf8.count
            throw error("\(space.shown), separates no fields", at: start + before, hint: UnusualSpace.hint)
        }
        let place = fields.count > count + 1 ? fields[count + 1].lowerBound : end
        throw error(
            "this line has \(fields.count - 1) fields, and not \(count)", at: place, hint: "\(kind.form(in: version))")
    }

    /// The bytes of field `number`, counted from the keyword, which is 0. `expect` was asked before.
    func field(_ number: Int) -> UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: bytes[fields[number]]) }

    func field(_ number: Int, equals other: UnsafeBufferPointer<UInt8>) -> Bool {
        let field = field(number)
        guard field.count == other.count, let a = field.baseAddress, let b = other.baseAddress else { return false }
        return memcmp(a, b, field.count) == 0
    }

    func string(_ number: Int) throws(Mistake) -> String {
        if isASCII { return String(decoding: field(number), as: UTF8.self) }
        guard let string = String(validating: field(number), as: UTF8.self) else {
            throw error("this is not UTF-8", field: number)
        }
        return string
    }

    /// A path below the root of a repository: one that cannot lead out of a folder it is appended to.
    func path(_ number: Int) throws(Mistake) -> String {
        let field = field(number)
        guard Self.isInside(field) else { throw error("this is no path in a repository", field: number) }
        let text = try string(number)
        guard hasEncodedPaths, field.contains(UInt8(ascii: "%")) else { return text }
        // What comes out of it is looked at again.
        guard var path = PercentEncoding.decode(text), path.withUTF8(Self.isInside) else {
            throw error("this is no path in a repository", field: number)
        }
        return path
    }

    private static func isInside(_ path: UnsafeBufferPointer<UInt8>) -> Bool {
        var from = 0
        for position in 0...path.count where position == path.count || path[position] == UInt8(ascii: "/") {
            // Nothing, "." or "..".
            if position - from <= 2, (from..<position).allSatisfy({ path[$0] == UInt8(ascii: ".") }) { return false }
            from = position + 1
        }
        return true
    }

    /// Where a package is: a path as above; that of an RPM package may be outside of its repository.
    func location(_ number: Int) throws(Mistake) -> String {
        let field = field(number)
        guard field.suffix(4).elementsEqual(".rpm".utf8) else { return try path(number) }
        let text = try string(number)
        guard let path = hasEncodedPaths ? PercentEncoding.decode(text) : text, RepositoryPath.isLocation(path) else {
            throw error("this is no place of a package", field: number)
        }
        return path
    }

    func number(_ number: Int) throws(Mistake) -> Int64 {
        var value: Int64 = 0
        let field = field(number)
        guard field.count <= 18, field.count == 1 || field[0] != UInt8(ascii: "0") else {
            throw error("this is no number of bytes", field: number)
        }
        for byte in field {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else {
                throw error("this should be a number", field: number)
            }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        return value
    }

    func size(_ number: Int) throws(Mistake) -> ByteCount { ByteCount(try self.number(number)) }

    func date(_ number: Int) throws(Mistake) -> LockDate {
        guard let date = LockDate(field(number)) else {
            throw error("this should be a time such as 2026-11-20T14:12:33Z", field: number)
        }
        return date
    }

    func digest(_ number: Int) throws(Mistake) -> Digest {
        // As a string: that initializer is not generic, and five times as fast from another module.
        let hex = try string(number)
        guard let digest = Digest(hex: hex),
            !hex.utf8.contains(where: { $0 < UInt8(ascii: "a") && $0 > UInt8(ascii: "9") })
        else { throw error("this should be a SHA-256 digest: 64 lower-case hexadecimal digits", field: number) }
        return digest
    }

    // MARK: Errors

    /// An error at field `field` of the line it stands at.
    func error(_ what: String, field: Int = 0, hint: String? = nil) -> Mistake {
        error(what, at: fields.indices.contains(field) ? fields[field].lowerBound : start, hint: hint)
    }

    /// An error at the beginning of another line.
    func error(_ what: String, line: Int, hint: String? = nil) -> Mistake {
        Mistake(what, at: SourceLocation(file: file, line: line), hint: hint)
    }

    private func error(_ what: String, at offset: Int, hint: String? = nil) -> Mistake {
        let column = String(decoding: bytes[start..<offset], as: UTF8.self).count + 1
        return Mistake(what, at: SourceLocation(file: file, line: max(1, number), column: column), hint: hint)
    }
}

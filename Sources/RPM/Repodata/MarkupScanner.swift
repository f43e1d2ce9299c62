#if canImport(Glibc)
private import Glibc
#endif

/// Reads XML that is to be copied as it stands, from one tag to the next (XML 1.0, fifth edition).
///
/// What is copied out of one document into another must mean the same there: so there are no declarations, processing
/// instructions, CDATA sections or entities but the five that XML has itself, all of which metadata do without. What a
/// document says is another reader's business; this one is for where things are.
struct MarkupScanner {
    enum Event {
        /// A tag, and the range from `<` to after `>`. Attributes are what stands between the name and the end.
        case start(name: Range<Int>, attributes: Range<Int>, tag: Range<Int>, isEmpty: Bool)
        case end(name: Range<Int>, tag: Range<Int>)
        /// Text between tags, as written.
        case text(Range<Int>)
        /// After the end of the outermost element.
        case finished
    }

    struct Malformed: Error, Hashable {
        let what: String
        let offset: Int
    }

    private(set) var position: Int
    /// The names of the elements that are open.
    private var open: [Range<Int>] = []
    private var hasBegun = false

    /// Begins at `position`, which is in front of a tag or of blanks before one.
    init(at position: Int = 0) { self.position = position }

    /// How many elements are open; after a start tag it counts, after an end tag not any more.
    var depth: Int { open.count }

    /// What comes next in `bytes`, which must be the same in each call.
    mutating func next(in bytes: UnsafeRawBufferPointer) throws(Malformed) -> Event {
        if hasBegun, open.isEmpty { return .finished }
        guard position < bytes.count else { throw malformed("it ends too early") }
        guard bytes[position] == UInt8(ascii: "<") else { return try text(bytes) }
        let start = position
        guard position + 1 < bytes.count else { throw malformed("it ends too early") }
        switch bytes[position + 1] {
        case UInt8(ascii: "!"):
            // A comment says nothing, and need not be copied.
            guard bytes.hasBytes("<!--", at: position) else { throw malformed("a declaration or CDATA section") }
            guard let end = bytes.firstIndex(of: "-->", from: position + 4) else {
                throw malformed("an endless comment")
            }
            position = end + 3
            return try next(in: bytes)
        case UInt8(ascii: "?"): throw malformed("a processing instruction")
        case UInt8(ascii: "/"):
            position += 2
            let name = name(bytes)
            skipBlanks(bytes)
            guard position < bytes.count, bytes[position] == UInt8(ascii: ">") else {
                throw malformed("a broken end tag")
            }
            position += 1
            guard let last = open.popLast(), bytes[last].elementsEqual(bytes[name]) else {
                position = start
                throw malformed("an end tag without its start")
            }
            return .end(name: name, tag: start..<position)
        default:
            return try startTag(bytes)
        }
    }

    private mutating func startTag(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Event {
        let start = position
        position += 1
        let name = name(bytes)
        guard !name.isEmpty else { throw malformed("a tag without a name") }
        let attributes = position
        var quote: UInt8?
        while position < bytes.count {
            let byte = bytes[position]
            if let open = quote {
                if byte == open { quote = nil }
                if byte == UInt8(ascii: "<") { throw malformed("\"<\" in an attribute") }
                if byte == UInt8(ascii: "&") { try reference(bytes) }
            } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                quote = byte
            } else if byte == UInt8(ascii: ">") {
                break
            } else if byte == UInt8(ascii: "<") {
                throw malformed("\"<\" in a tag")
            }
            if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D { throw malformed("a control character") }
            position += 1
        }
        guard position < bytes.count else { throw malformed("an endless tag") }
        let isEmpty = bytes[position - 1] == UInt8(ascii: "/")
        let end = isEmpty ? position - 1 : position
        position += 1
        hasBegun = true
        if !isEmpty {
            guard open.count < 100 else { throw malformed("elements nested too deeply") }
            open.append(name)
        }
        return .start(
            name: name, attributes: attributes..<max(attributes, end), tag: start..<position, isEmpty: isEmpty)
    }

    private mutating func text(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Event {
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            let byte = bytes[position]
            if byte < 0x20, byte != 0x09, byte != 0x0A, byte != 0x0D { throw malformed("a control character") }
            if byte == UInt8(ascii: "&") { try reference(bytes) }
            if open.isEmpty, byte > 0x20 { throw malformed("text outside of any element") }
            position += 1
        }
        return .text(start..<position)
    }

    /// `&` begins one of XML's own entities, or a character's number.
    private func reference(_ bytes: UnsafeRawBufferPointer) throws(Malformed) {
        for word: StaticString in ["&amp;", "&lt;", "&gt;", "&quot;", "&apos;"] where bytes.hasBytes(word, at: position)
        {
            return
        }
        guard bytes.hasBytes("&#", at: position) else { throw malformed("an entity of its own") }
        var place = position + 2
        let isHexadecimal = place < bytes.count && bytes[place] == UInt8(ascii: "x")
        if isHexadecimal { place += 1 }
        var value: UInt32 = 0
        let start = place
        while place < bytes.count, let digit = bytes[place].digit(hexadecimal: isHexadecimal), value < 0x11_0000 {
            value = value * (isHexadecimal ? 16 : 10) + UInt32(digit)
            place += 1
        }
        // Char of XML 1.0: no NUL, no other control characters, no surrogates.
        let isCharacter =
            value >= 0x20 ? Unicode.Scalar(value) != nil && value & 0xFFFE != 0xFFFE : [9, 10, 13].contains(value)
        guard place > start, place < bytes.count, bytes[place] == UInt8(ascii: ";"), isCharacter else {
            throw malformed("a character that XML does not have")
        }
    }

    private mutating func name(_ bytes: UnsafeRawBufferPointer) -> Range<Int> {
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case 0...0x20, UInt8(ascii: ">"), UInt8(ascii: "/"), UInt8(ascii: "="), UInt8(ascii: "<"),
                UInt8(ascii: "\""),
                UInt8(ascii: "&"), UInt8(ascii: "'"):
                return start..<position
            default: position += 1
            }
        }
        return start..<position
    }

    private mutating func skipBlanks(_ bytes: UnsafeRawBufferPointer) {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private func malformed(_ what: String) -> Malformed { Malformed(what: what, offset: position) }
}

extension UnsafeRawBufferPointer {
    /// The value of the attribute `name` in what stands between a tag's name and its end, as written; nil where there is none.
    func attribute(_ name: StaticString, in range: Range<Int>) -> Range<Int>? {
        var place = range.lowerBound
        while place < range.upperBound {
            while place < range.upperBound, self[place] <= 0x20 { place += 1 }
            let start = place
            while place < range.upperBound, self[place] != UInt8(ascii: "="), self[place] > 0x20 { place += 1 }
            let key = start..<place
            while place < range.upperBound, self[place] <= 0x20 || self[place] == UInt8(ascii: "=") { place += 1 }
            guard place < range.upperBound else { return nil }
            let quote = self[place]
            guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return nil }
            place += 1
            let value = place
            while place < range.upperBound, self[place] != quote { place += 1 }
            if key.count == name.utf8CodeUnitCount, hasBytes(name, at: key.lowerBound) { return value..<place }
            place += 1
        }
        return nil
    }

    func hasBytes(_ word: StaticString, at place: Int) -> Bool {
        guard let base = baseAddress, place + word.utf8CodeUnitCount <= count else { return false }
        return memcmp(base + place, word.utf8Start, word.utf8CodeUnitCount) == 0
    }

    func firstIndex(of word: StaticString, from place: Int) -> Int? {
        guard let base = baseAddress else { return nil }
        var place = place
        while place < count, let found = memchr(base + place, Int32(word.utf8Start.pointee), count - place) {
            place = UnsafeRawPointer(found) - base
            if hasBytes(word, at: place) { return place }
            place += 1
        }
        return nil
    }

    /// What `range` says with the five entities and numbered characters read.
    func plainText(_ range: Range<Int>) -> String {
        let text = String(decoding: self[range], as: UTF8.self)
        guard text.utf8.contains(UInt8(ascii: "&")) else { return text }
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&"), let end = rest[start...].firstIndex(of: ";") {
            result += rest[..<start]
            let name = rest[rest.index(after: start)..<end]
            switch name {
            case "amp": result += "&"
            case "lt": result += "<"
            case "gt": result += ">"
            case "quot": result += "\""
            case "apos": result += "'"
            default:
                let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : UInt32(name.dropFirst())
                number.flatMap(Unicode.Scalar.init).map { result.unicodeScalars.append($0) }
            }
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}

extension UInt8 {
    fileprivate func digit(hexadecimal: Bool) -> UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f") where hexadecimal: self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F") where hexadecimal: self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension JSON {
    /// The value that `text` writes; nil where it is no JSON, or nested more than 100 deep.
    package init?(parsing text: some Collection<UInt8>) {
        var reader = JSONReader(bytes: Array(text))
        guard let value = reader.value(depth: 0), reader.isAtEnd else { return nil }
        self = value
    }

    /// The field `name` of an object; the last one where there are several.
    package subscript(_ name: String) -> JSON? {
        guard case .object(let fields) = self else { return nil }
        return fields.last { $0.0 == name }?.1
    }

    /// The text of a string.
    package var string: String? { if case .string(let text) = self { text } else { nil } }
}

/// Reads the grammar of RFC 8259 from the front to the end.
private struct JSONReader {
    let bytes: [UInt8]
    var position = 0

    private static let deepest = 100

    /// Whether only white space is left.
    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    mutating func value(depth: Int) -> JSON? {
        skipSpace()
        guard depth < Self.deepest, let first = next else { return nil }
        switch first {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map { .string($0) }
        case UInt8(ascii: "t"): return take("true") ? .bool(true) : nil
        case UInt8(ascii: "f"): return take("false") ? .bool(false) : nil
        case UInt8(ascii: "n"): return take("null") ? .number(.nan) : nil
        default: return number()
        }
    }

    private mutating func object(depth: Int) -> JSON? {
        var fields: [(String, JSON)] = []
        let isWhole = members(until: "}") { reader in
            reader.skipSpace()
            guard let name = reader.string() else { return false }
            reader.skipSpace()
            guard reader.take(":"), let value = reader.value(depth: depth + 1) else { return false }
            fields.append((name, value))
            return true
        }
        return isWhole ? .object(fields) : nil
    }

    private mutating func array(depth: Int) -> JSON? {
        var values: [JSON] = []
        let isWhole = members(until: "]") { reader in
            guard let value = reader.value(depth: depth + 1) else { return false }
            values.append(value)
            return true
        }
        return isWhole ? .array(values) : nil
    }

    /// Members with commas between them, after the bracket that is next.
    private mutating func members(until end: String, _ member: (inout JSONReader) -> Bool) -> Bool {
        position += 1
        skipSpace()
        if take(end) { return true }
        while member(&self) {
            skipSpace()
            if take(end) { return true }
            guard take(",") else { return false }
        }
        return false
    }

    private mutating func string() -> String? {
        guard take("\"") else { return nil }
        var text: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                text += Array(String(Character(scalar)).utf8)
            case ..<0x20: return nil
            default: text.append(byte)
            }
        }
        return nil
    }

    /// What follows a backslash; two halves of a pair (UTF-16) are one.
    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = next else { return nil }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            guard let first = digits() else { return nil }
            guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
            guard take("\\u"), let second = digits(), (0xDC00..<0xE000).contains(second) else { return nil }
            return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        default: return nil
        }
    }

    private mutating func digits() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        defer { position += 4 }
        return UInt32(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
    }

    private mutating func number() -> JSON? {
        let start = position
        while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        guard text.first != "+", text.first != ".", text.last != "." else { return nil }
        return Double(text).map { .number($0) }
    }
}

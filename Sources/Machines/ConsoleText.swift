/// Makes lines of what comes out of a serial port, as a person would read them: without control sequences (ECMA-48).
struct ConsoleText {
    /// What came after the last end of line.
    private(set) var rest: [UInt8] = []
    private static let longest = 16_384

    /// Gives bytes, and gets the lines that are complete now.
    mutating func append(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            if byte == 0x0A || rest.count >= Self.longest {
                lines.append(Self.clean(rest))
                rest = []
            }
            if byte != 0x0A { rest.append(byte) }
        }
        return lines
    }

    /// The unfinished line, a prompt perhaps.
    var prompt: String { Self.clean(rest) }

    /// The text of a line without escape sequences, other control characters and space at its end.
    static func clean(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == 0x1B {
                index = end(ofSequenceAt: index, in: bytes)
            } else if byte >= 0x20 || byte == 0x09 {
                if byte != 0x7F { text.append(byte) }
            }
        }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }

    /// Where the sequence ends whose first byte after ESC is at `index`.
    private static func end(ofSequenceAt index: Int, in bytes: [UInt8]) -> Int {
        guard index < bytes.count else { return index }
        var next = index + 1
        switch bytes[index] {
        case UInt8(ascii: "["):
            while next < bytes.count, !(0x40...0x7E).contains(bytes[next]) { next += 1 }
            return min(next + 1, bytes.count)
        case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"):
            // Up to BEL, or to ESC and a backslash.
            while next < bytes.count, bytes[next] != 0x07, bytes[next] != 0x1B { next += 1 }
            guard next < bytes.count else { return next }
            return min(bytes[next] == 0x07 ? next + 1 : next + 2, bytes.count)
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "#"): return min(next + 1, bytes.count)
        default: return next
        }
    }
}

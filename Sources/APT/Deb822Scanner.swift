#if canImport(Glibc)
private import Glibc
#endif

/// Finds stanzas and fields in deb822(5) text, over raw bytes and without copying.
///
/// As apt reads its indexes: the last line may lack its newline; CR before a newline is a blank; several empty lines separate
/// like one; a line that starts with a blank continues the field before it; there are no comments. A line without a colon,
/// a continuation of nothing and a field name with odd characters are errors.
package struct Deb822Scanner {
    package enum Event: Hashable, Sendable {
        /// A field; its value is without blanks at both ends, continuation lines and their newlines included.
        case field(name: Range<Int>, value: Range<Int>)
        /// The stanza whose fields came before is complete; it ends at `stanzaEnd`.
        case endOfStanza
        case end
    }

    /// Where the next line starts.
    package private(set) var position: Int
    /// Where the last line of the present or just finished stanza ends, its newline included.
    package private(set) var stanzaEnd: Int
    private var isInStanza = false

    /// A scanner that starts at byte `position`.
    package init(at position: Int = 0) {
        self.position = position
        stanzaEnd = position
    }

    /// The next thing in `bytes`, which must be the same at every call.
    @inline(__always)
    package mutating func next(in bytes: UnsafeRawBufferPointer) throws(Deb822Error) -> Event {
        let count = bytes.count
        let start = position
        if start >= count || bytes[start] == 0x0A || bytes[start] == 0x0D {
            return try boundary(in: bytes)
        }
        isInStanza = true
        var colon = start
        while colon < count, bytes[colon] &- 0x21 < 0x5E, bytes[colon] != 0x3A { colon += 1 }
        guard colon < count, bytes[colon] == 0x3A, colon > start, bytes[start] != 0x23, bytes[start] != 0x2D else {
            throw lineError(at: start, in: bytes)
        }
        var end = bytes.firstIndex(of: 0x0A, from: colon, to: count) ?? count
        while end + 1 < count, bytes[end + 1] == 0x20 || bytes[end + 1] == 0x09 {
            end = bytes.firstIndex(of: 0x0A, from: end + 1, to: count) ?? count
        }
        position = end < count ? end + 1 : count
        stanzaEnd = position
        return .field(name: start..<colon, value: bytes.trimmed((colon + 1)..<end))
    }

    /// Empty lines, or the end of all: closes the open stanza.
    @inline(never)
    private mutating func boundary(in bytes: UnsafeRawBufferPointer) throws(Deb822Error) -> Event {
        while position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D { position += 1 }
        if isInStanza {
            isInStanza = false
            return .endOfStanza
        }
        return position < bytes.count ? try next(in: bytes) : .end
    }

    private func lineError(at start: Int, in bytes: UnsafeRawBufferPointer) -> Deb822Error {
        let end = bytes.firstIndex(of: 0x0A, from: start, to: bytes.count) ?? bytes.count
        let text = String(decoding: bytes.slice(start..<min(end, start + 60)), as: UTF8.self)
        let problem: Deb822Error.Problem =
            bytes[start] == 0x20 || bytes[start] == 0x09 ? .continuationOfNothing : .noField(text)
        return Deb822Error(problem: problem, line: Deb822Scanner.lineNumber(of: start, in: bytes))
    }

    /// The number of the line that holds byte `offset`, from 1.
    package static func lineNumber(of offset: Int, in bytes: UnsafeRawBufferPointer) -> Int {
        var line = 1
        var position = 0
        while let newline = bytes.firstIndex(of: 0x0A, from: position, to: min(offset, bytes.count)) {
            line += 1
            position = newline + 1
        }
        return line
    }
}

/// Text that is not deb822(5), and the line, from 1.
package struct Deb822Error: Error, Hashable, CustomStringConvertible {
    package enum Problem: Hashable, Sendable {
        /// A line that is no "Name: value"; its beginning.
        case noField(String)
        case continuationOfNothing
        case nulByte
    }

    package let problem: Problem
    package let line: Int

    package var description: String {
        switch problem {
        case .noField(let text): "line \(line) is not a field (\"Name: value\"): \(text)"
        case .continuationOfNothing: "line \(line) starts with a blank, but there is no field before it to continue"
        case .nulByte: "line \(line) holds a NUL byte"
        }
    }
}

#if canImport(Glibc)
private import Glibc
#endif

/// Finds stanzas and fields in deb822(5) text, over raw bytes and without copying.
///
/// As apt reads its indexes: the last line may lack its newline; CR before a newline is a blank; several empty lines separate
/// like one; a line that starts with a blank continues the field before it. A comment, a line without a colon, a continuation of
/// nothing and a field name with odd characters are errors, unless the scanner is `lenient`.
package struct Deb822Scanner {
    /// What comes next; ranges are places in the bytes.
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
    private let isLenient: Bool

    /// A scanner that starts at byte `position`. One that is `lenient` passes over comments, and in a stanza over what is no field,
    /// as apt does in indexes.
    package init(at position: Int = 0, lenient isLenient: Bool = false) {
        self.position = position
        self.isLenient = isLenient
        stanzaEnd = position
    }

    /// The next thing in `bytes`, which must be the same at every call.
    @inline(__always)
    package mutating func next(in bytes: UnsafeRawBufferPointer) throws(Deb822Error) -> Event {
        let count = bytes.count
        while true {
            let start = position
            if start >= count || bytes[start] == 0x0A || bytes[start] == 0x0D {
                if let event = boundary(in: bytes) { return event }
                continue
            }
            var nameEnd = start
            while nameEnd < count, bytes[nameEnd] &- 0x21 < 0x5E, bytes[nameEnd] != 0x3A { nameEnd += 1 }
            var colon = nameEnd
            if colon >= count || bytes[colon] != 0x3A || colon == start || bytes[start] == 0x23 || bytes[start] == 0x2D
            {
                guard let found = try oddLine(in: bytes, nameEnd: nameEnd) else { continue }
                colon = found
            }
            isInStanza = true
            var end = bytes.firstIndex(of: 0x0A, from: colon, to: count) ?? count
            while end + 1 < count, bytes[end + 1] == 0x20 || bytes[end + 1] == 0x09 {
                end = bytes.firstIndex(of: 0x0A, from: end + 1, to: count) ?? count
            }
            position = end < count ? end + 1 : count
            stanzaEnd = position
            return .field(name: start..<nameEnd, value: bytes.trimmed((colon + 1)..<end))
        }
    }

    /// Empty lines, or the end of all: closes the open stanza. Nil where there was none, and more follows.
    @inline(never)
    private mutating func boundary(in bytes: UnsafeRawBufferPointer) -> Event? {
        while position < bytes.count, bytes[position] == 0x0A || bytes[position] == 0x0D { position += 1 }
        if isInStanza {
            isInStanza = false
            return .endOfStanza
        }
        return position < bytes.count ? nil : .end
    }

    /// A line that does not begin as a field does: where its colon is, where only blanks stand before that; nil where it was passed
    /// over; else an error.
    @inline(never)
    private mutating func oddLine(
        in bytes: UnsafeRawBufferPointer, nameEnd: Int
    ) throws(Deb822Error) -> Int? {
        let first = bytes[position]
        guard isLenient, isInStanza || first == 0x23 || first == 0x20 || first == 0x09 else {
            throw lineError(at: position, in: bytes)
        }
        if nameEnd > position, first != 0x23, first != 0x2D {
            var colon = nameEnd
            while colon < bytes.count, bytes[colon] == 0x20 || bytes[colon] == 0x09 { colon += 1 }
            if colon < bytes.count, bytes[colon] == 0x3A { return colon }
        }
        position = bytes.firstIndex(of: 0x0A, from: position, to: bytes.count).map { $0 + 1 } ?? bytes.count
        return nil
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
    /// What is wrong with the line.
    package enum Problem: Hashable, Sendable {
        /// A line that is no "Name: value"; its beginning.
        case noField(String)
        case continuationOfNothing
        case nulByte
    }

    /// What is wrong with it.
    package let problem: Problem
    /// From 1.
    package let line: Int

    package var description: String {
        switch problem {
        case .noField(let text): "line \(line) is not a field (\"Name: value\"): \(text)"
        case .continuationOfNothing: "line \(line) starts with a blank, but there is no field before it to continue"
        case .nulByte: "line \(line) holds a NUL byte"
        }
    }
}

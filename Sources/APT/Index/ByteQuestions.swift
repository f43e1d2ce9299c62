#if canImport(Glibc)
private import Glibc
#endif

/// Questions about raw bytes that the parsers of this module ask.
extension UnsafeRawBufferPointer {
    /// Where `byte` first occurs in `start..<end`, by memchr(3).
    @inline(__always)
    func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int? {
        guard start < end, let base = baseAddress, let hit = memchr(base + start, Int32(byte), end - start) else {
            return nil
        }
        return UnsafeRawPointer(hit) - base
    }

    /// Whether `self[range]` is `word` when ASCII letters of both cases are the same; `word` is in lower case.
    @inline(__always)
    func equals(_ range: Range<Int>, ignoringCase word: StaticString) -> Bool {
        guard range.count == word.utf8CodeUnitCount else { return false }
        let other = word.utf8Start
        for index in 0..<range.count {
            let byte = self[range.lowerBound + index]
            let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if folded != other[index] { return false }
        }
        return true
    }

    /// The range without blanks (space, tab, CR, LF) at both ends.
    @inline(__always)
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, self[start].isBlank { start += 1 }
        while start < end, self[end - 1].isBlank { end -= 1 }
        return start..<end
    }

    /// A view of `range`.
    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    /// Whether both hold the same bytes.
    @inline(__always)
    func isSame(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let left = baseAddress, let right = other.baseAddress else { return true }
        return memcmp(left, right, count) == 0
    }
}

extension UInt8 {
    /// Space, tab, line feed or carriage return.
    @inline(__always)
    var isBlank: Bool { self == 0x20 || self == 0x0A || self == 0x09 || self == 0x0D }

    @inline(__always)
    var isDigit: Bool { self &- 0x30 < 10 }

    @inline(__always)
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }
}

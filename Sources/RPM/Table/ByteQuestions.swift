#if canImport(Glibc)
private import Glibc
#endif

/// Questions about raw bytes that the parsers of this module ask.
extension UnsafeRawBufferPointer {
    @inline(__always)
    func isSame(as other: UnsafeRawBufferPointer) -> Bool {
        guard count == other.count else { return false }
        guard let left = baseAddress, let right = other.baseAddress else { return true }
        return memcmp(left, right, count) == 0
    }

    /// Whether the bytes are those of `word`.
    @inline(__always)
    func isSame(as word: StaticString) -> Bool {
        count == word.utf8CodeUnitCount
            && isSame(as: UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    }

    /// The order of bytes, a beginning before what goes on: below 0, 0 or above 0.
    @inline(__always)
    func order(to other: UnsafeRawBufferPointer) -> Int {
        let common = Swift.min(count, other.count)
        if common > 0, let left = baseAddress, let right = other.baseAddress {
            let order = memcmp(left, right, common)
            if order != 0 { return Int(order) }
        }
        return count - other.count
    }

    func hasPrefix(_ word: StaticString) -> Bool {
        count >= word.utf8CodeUnitCount
            && UnsafeRawBufferPointer(rebasing: self[..<word.utf8CodeUnitCount]).isSame(as: word)
    }

    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[range]) }

    /// Without blanks at both ends.
    var trimmed: UnsafeRawBufferPointer {
        var (start, end) = (0, count)
        while start < end, self[start].isBlank { start += 1 }
        while start < end, self[end - 1].isBlank { end -= 1 }
        return slice(start..<end)
    }

    /// The decimal number that the bytes spell, at most 18 digits.
    var decimal: Int64? {
        guard (1...18).contains(count), allSatisfy(\.isDigit) else { return nil }
        return reduce(0) { $0 * 10 + Int64($1 &- 0x30) }
    }
}

extension UInt8 {
    @inline(__always) var isDigit: Bool { self &- 0x30 < 10 }
    @inline(__always) var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }
    /// Space, tab, line feed or carriage return.
    @inline(__always) var isBlank: Bool { self == 0x20 || self == 0x0A || self == 0x09 || self == 0x0D }
    /// What counts in a comparison of versions.
    @inline(__always) var isVersionByte: Bool {
        isDigit || isLetter || self == UInt8(ascii: "~") || self == UInt8(ascii: "^")
    }
}

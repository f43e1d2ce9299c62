import Primitives

/// A version as Debian writes it: `[epoch:]upstream[-revision]`, deb-version(7).
///
/// Equal means equal in order: 1.0 and 1.0-0 are the same version, spelled in two ways.
package struct DebianVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The version as it was written, in ASCII.
    package let bytes: [UInt8]

    /// The version that `text` spells, with the rules dpkg has for it: a numeric epoch that fits 31 bits, a revision that is
    /// not empty, a digit first, and only the characters deb-version(7) allows.
    package init(_ text: String) throws(DebianVersionError) {
        let bytes = Array(text.utf8)
        func fail(_ problem: DebianVersionError.Problem) -> DebianVersionError {
            DebianVersionError(version: text, problem: problem)
        }
        guard !bytes.isEmpty else { throw fail(.empty) }
        var upstream = bytes[...]
        if let colon = bytes.firstIndex(of: UInt8(ascii: ":")) {
            let epoch = bytes[..<colon]
            guard !epoch.isEmpty, epoch.allSatisfy(\.isDigit) else { throw fail(.epochNotANumber) }
            guard Int32(String(decoding: epoch, as: UTF8.self)) != nil else { throw fail(.epochTooLarge) }
            upstream = bytes[(colon + 1)...]
            guard !upstream.isEmpty else { throw fail(.nothingAfterColon) }
        }
        if let dash = upstream.lastIndex(of: UInt8(ascii: "-")) {
            let revision = upstream[(dash + 1)...]
            upstream = upstream[..<dash]
            guard !revision.isEmpty else { throw fail(.emptyRevision) }
            guard !upstream.isEmpty else { throw fail(.emptyUpstream) }
            for byte in revision where !(byte.isDigit || byte.isLetter || ".+~".utf8.contains(byte)) {
                throw fail(.badCharacter(byte))
            }
        }
        guard upstream.first?.isDigit == true else { throw fail(.noDigitFirst) }
        for byte in upstream where !(byte.isDigit || byte.isLetter || ".+~-:".utf8.contains(byte)) {
            throw fail(.badCharacter(byte))
        }
        self.bytes = bytes
    }

    /// The version in bytes that somebody else vouches for (an archive's index); it compares whatever it holds.
    package init(unchecked bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
    }

    package var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Which of two versions in raw bytes is later: negative where `a` is earlier, positive where it is later.
    ///
    /// Total on all bytes: what is no number counts as text, what is missing as zero, as in dpkg's own comparison.
    package static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        if a.isSame(as: b) { return 0 }
        let left = Parts(a)
        let right = Parts(b)
        let epoch = comparePart(a, left.epoch, b, right.epoch)
        if epoch != 0 { return epoch }
        let upstream = comparePart(a, left.upstream, b, right.upstream)
        if upstream != 0 { return upstream }
        return comparePart(a, left.revision, b, right.revision)
    }

    package static func == (a: DebianVersion, b: DebianVersion) -> Bool { a.order(b) == 0 }
    package static func < (a: DebianVersion, b: DebianVersion) -> Bool { a.order(b) < 0 }

    private func order(_ other: DebianVersion) -> Int {
        bytes.withUnsafeBytes { a in other.bytes.withUnsafeBytes { b in DebianVersion.compare(a, b) } }
    }

    /// Equal versions can be spelled in several ways: numbers go in without leading zeros, a missing number as zero.
    package func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { buffer in
            let parts = Parts(buffer)
            for part in [parts.epoch, parts.upstream, parts.revision] {
                var index = part.lowerBound
                while index < part.upperBound {
                    let start = index
                    while index < part.upperBound, !buffer[index].isDigit {
                        hasher.combine(buffer[index])
                        index += 1
                    }
                    let hasText = index > start
                    while index < part.upperBound, buffer[index] == UInt8(ascii: "0") { index += 1 }
                    let number = index
                    while index < part.upperBound, buffer[index].isDigit {
                        hasher.combine(buffer[index])
                        index += 1
                    }
                    if hasText || index > number { hasher.combine(UInt8(ascii: "/")) }
                }
                hasher.combine(UInt8(ascii: "|"))
            }
        }
    }

    private struct Parts {
        var epoch: Range<Int>
        var upstream: Range<Int>
        var revision: Range<Int>

        init(_ bytes: UnsafeRawBufferPointer) {
            let colon = bytes.firstIndex(of: UInt8(ascii: ":"), from: 0, to: bytes.count)
            epoch = 0..<(colon ?? 0)
            let start = colon.map { $0 + 1 } ?? 0
            var dash = bytes.count
            while dash > start, bytes[dash - 1] != UInt8(ascii: "-") { dash -= 1 }
            upstream = dash > start ? start..<(dash - 1) : start..<bytes.count
            revision = dash > start ? dash..<bytes.count : bytes.count..<bytes.count
        }
    }

    /// The rank of a character among what is no digit: tilde before the end, the end before letters, letters before the rest.
    @inline(__always)
    private static func rank(_ bytes: UnsafeRawBufferPointer, _ index: Int, _ end: Int) -> Int {
        guard index < end else { return 0 }
        let byte = bytes[index]
        if byte.isDigit { return 0 }
        if byte.isLetter { return Int(byte) }
        return byte == UInt8(ascii: "~") ? -1 : Int(byte) + 256
    }

    private static func comparePart(
        _ a: UnsafeRawBufferPointer, _ aRange: Range<Int>, _ b: UnsafeRawBufferPointer, _ bRange: Range<Int>
    ) -> Int {
        var i = aRange.lowerBound
        var j = bRange.lowerBound
        let aEnd = aRange.upperBound
        let bEnd = bRange.upperBound
        while i < aEnd || j < bEnd {
            while (i < aEnd && !a[i].isDigit) || (j < bEnd && !b[j].isDigit) {
                let difference = rank(a, i, aEnd) - rank(b, j, bEnd)
                if difference != 0 { return difference }
                i += 1
                j += 1
            }
            while i < aEnd, a[i] == UInt8(ascii: "0") { i += 1 }
            while j < bEnd, b[j] == UInt8(ascii: "0") { j += 1 }
            var firstDifference = 0
            while i < aEnd, a[i].isDigit, j < bEnd, b[j].isDigit {
                if firstDifference == 0 { firstDifference = Int(a[i]) - Int(b[j]) }
                i += 1
                j += 1
            }
            if i < aEnd, a[i].isDigit { return 1 }
            if j < bEnd, b[j].isDigit { return -1 }
            if firstDifference != 0 { return firstDifference }
        }
        return 0
    }
}

/// A version of an RPM package as metadata spell it: `epoch:version-release`, epoch and release optional.
///
/// Order is that of rpm (rpmvercmp in rpm's lib/rpmvercmp.c, with `~` before everything and `^` after the end).
package struct RPMVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// As it was spelled, without an epoch of 0.
    package let text: String

    /// Takes any text: what has no meaning as a version is compared as rpm does it.
    package init(_ text: some StringProtocol) {
        self.text = text.hasPrefix("0:") ? String(text.dropFirst(2)) : String(text)
    }

    init(_ bytes: UnsafeRawBufferPointer) { self.init(String(decoding: bytes, as: UTF8.self)) }

    package var description: String { text }

    /// The epoch as it was spelled; nil where there is none.
    package var epoch: String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), text[..<colon].utf8.allSatisfy(\.isDigit) else {
            return nil
        }
        return String(text[..<colon])
    }

    /// What stands between the epoch and the last hyphen: "5.1.8".
    package var version: String { String(withoutEpoch.prefix(upTo: releaseDash ?? withoutEpoch.endIndex)) }

    /// What follows the last hyphen; nil where there is none.
    package var release: String? { releaseDash.map { String(withoutEpoch[withoutEpoch.index(after: $0)...]) } }

    private var withoutEpoch: Substring { text.dropFirst(epoch.map { $0.utf8.count + 1 } ?? 0) }
    private var releaseDash: Substring.Index? { withoutEpoch.lastIndex(of: "-") }

    package static func == (a: RPMVersion, b: RPMVersion) -> Bool { compare(a, b) == 0 }
    package static func < (a: RPMVersion, b: RPMVersion) -> Bool { compare(a, b) < 0 }

    /// Equal for versions that compare as equal.
    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { utf8 in
            let parts = Parts(UnsafeRawBufferPointer(utf8))
            parts.epoch.hashSegments(into: &hasher)
            parts.version.hashSegments(into: &hasher)
            // A version without a release is less than any with one.
            hasher.combine(parts.release == nil)
            parts.release?.hashSegments(into: &hasher)
        }
    }

    private static func compare(_ a: RPMVersion, _ b: RPMVersion) -> Int {
        var (a, b) = (a.text, b.text)
        return a.withUTF8 { left in
            b.withUTF8 { right in
                compare(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
            }
        }
    }

    /// The order of two whole versions: below 0, 0 or above 0. One without a release comes before those with one.
    static func compare(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let (left, right) = (Parts(a), Parts(b))
        let order = left.compareWithoutRelease(right)
        if order != 0 { return order }
        switch (left.release, right.release) {
        case (nil, nil): return 0
        case (nil, _): return -1
        case (_, nil): return 1
        case (let one?, let other?): return compareSegments(one, other)
        }
    }

    /// How two versions compare in a relation.
    enum RelationOrder {
        case less, equal, greater
        /// Equal as far as the first goes, which has no release or an empty one, while the other has.
        case lacksRelease
        /// Equal as far as the second goes.
        case hasRelease
    }

    /// The order of two versions of relations, where a missing release matches any; rpmdsCompareEVR in rpm's lib/rpmds.c.
    static func compareInRelation(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> RelationOrder {
        let (left, right) = (Parts(a), Parts(b))
        var order = left.compareWithoutRelease(right)
        if order == 0 {
            let one = left.release.flatMap { $0.isEmpty ? nil : $0 }
            let other = right.release.flatMap { $0.isEmpty ? nil : $0 }
            switch (one, other) {
            case (nil, nil): return .equal
            case (nil, _): return .lacksRelease
            case (_, nil): return .hasRelease
            case (let one?, let other?): order = compareSegments(one, other)
            }
        }
        return order < 0 ? .less : order > 0 ? .greater : .equal
    }

    /// The order of two parts (two versions, or two releases): rpmvercmp.
    static func compareSegments(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        var (i, j) = (0, 0)
        while true {
            while i < a.count, !a[i].isVersionByte { i += 1 }
            while j < b.count, !b[j].isVersionByte { j += 1 }
            let (one, other) = (i < a.count ? a[i] : 0, j < b.count ? b[j] : 0)
            if one == UInt8(ascii: "~") || other == UInt8(ascii: "~") {
                if one != other { return one == UInt8(ascii: "~") ? -1 : 1 }
                i += 1
                j += 1
                continue
            }
            if one == UInt8(ascii: "^") || other == UInt8(ascii: "^") {
                // A version that ends here is less than one with ^, and one that goes on is more.
                if one == 0 { return -1 }
                if other == 0 { return 1 }
                if one != other { return one == UInt8(ascii: "^") ? -1 : 1 }
                i += 1
                j += 1
                continue
            }
            guard one != 0, other != 0 else { return one != 0 ? 1 : other != 0 ? -1 : 0 }
            if one.isDigit != other.isDigit { return one.isDigit ? 1 : -1 }
            let (start, otherStart) = (i, j)
            if one.isDigit {
                while i < a.count, a[i].isDigit { i += 1 }
                while j < b.count, b[j].isDigit { j += 1 }
            } else {
                while i < a.count, a[i].isLetter { i += 1 }
                while j < b.count, b[j].isLetter { j += 1 }
            }
            var left = UnsafeRawBufferPointer(rebasing: a[start..<i])
            var right = UnsafeRawBufferPointer(rebasing: b[otherStart..<j])
            if one.isDigit {
                left = left.withoutLeadingZeros
                right = right.withoutLeadingZeros
                if left.count != right.count { return left.count < right.count ? -1 : 1 }
            }
            let order = left.order(to: right)
            if order != 0 { return order }
        }
    }

    /// The parts of a version.
    struct Parts {
        /// Without leading zeros; empty for none and for 0.
        let epoch: UnsafeRawBufferPointer
        let version: UnsafeRawBufferPointer
        let release: UnsafeRawBufferPointer?

        init(_ text: UnsafeRawBufferPointer) {
            var digits = 0
            while digits < text.count, text[digits].isDigit { digits += 1 }
            var rest = 0
            if digits > 0, digits < text.count, text[digits] == UInt8(ascii: ":") {
                rest = digits + 1
            } else {
                digits = 0
            }
            epoch = UnsafeRawBufferPointer(rebasing: text[..<digits]).withoutLeadingZeros
            var dash = text.count
            while dash > rest, text[dash - 1] != UInt8(ascii: "-") { dash -= 1 }
            if dash > rest {
                version = UnsafeRawBufferPointer(rebasing: text[rest..<dash - 1])
                release = UnsafeRawBufferPointer(rebasing: text[dash...])
            } else {
                version = UnsafeRawBufferPointer(rebasing: text[rest...])
                release = nil
            }
        }

        func compareWithoutRelease(_ other: Parts) -> Int {
            if epoch.count != other.epoch.count { return epoch.count < other.epoch.count ? -1 : 1 }
            let order = epoch.order(to: other.epoch)
            return order != 0 ? order : RPMVersion.compareSegments(version, other.version)
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate var withoutLeadingZeros: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[(firstIndex { $0 != UInt8(ascii: "0") } ?? count)...])
    }

    /// Feeds what `compareSegments` compares.
    fileprivate func hashSegments(into hasher: inout Hasher) {
        var place = 0
        while place < count {
            let byte = self[place]
            if byte.isDigit {
                var isSignificant = false
                while place < count, self[place].isDigit {
                    if self[place] != UInt8(ascii: "0") { isSignificant = true }
                    if isSignificant { hasher.combine(self[place]) }
                    place += 1
                }
                hasher.combine(UInt8(0))
            } else if byte.isLetter {
                while place < count, self[place].isLetter {
                    hasher.combine(self[place])
                    place += 1
                }
                hasher.combine(UInt8(1))
            } else {
                if byte.isVersionByte { hasher.combine(byte) }
                place += 1
            }
        }
        hasher.combine(UInt8(2))
    }
}

/// A number of bytes, shown to people in decimal units ("362 MB").
package struct ByteCount: Hashable, Sendable, Comparable, AdditiveArithmetic, CustomStringConvertible {
    /// The number itself; a difference may be negative.
    package var bytes: Int64

    /// A number that is no `Int64` becomes the nearest one.
    package init(_ bytes: some BinaryInteger) { self.bytes = Int64(clamping: bytes) }

    package static let zero = ByteCount(0)

    package static func + (a: ByteCount, b: ByteCount) -> ByteCount { ByteCount(a.bytes + b.bytes) }

    package static func - (a: ByteCount, b: ByteCount) -> ByteCount { ByteCount(a.bytes - b.bytes) }

    package static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }

    /// Three significant digits or fewer: "17 B", "194 kB", "8.2 MB", "1.3 GB".
    package var description: String {
        if bytes < 1000 { return "\(bytes) B" }
        var value = Double(bytes)
        var unit = 0
        while value >= 999.5, unit < 4 {
            value /= 1000
            unit += 1
        }
        let name = ["B", "kB", "MB", "GB", "TB"][unit]
        guard value < 9.95 else { return "\(Int(value.rounded())) \(name)" }
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
    }
}

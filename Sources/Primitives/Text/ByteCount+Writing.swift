extension ByteCount {
    /// The size that people write: "40G", "500 MB", "1.5T", "4GiB", "1000000". Units are decimal, as those that are shown; with
    /// an `i` they are powers of 1024. Nil where `text` is no size, or one beyond 9 EB.
    package init?(written text: String) {
        let text = text.utf8.map { UInt8(ascii: "a") <= $0 && $0 <= UInt8(ascii: "z") ? $0 & 0xDF : $0 }
        func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        let number = text.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
        let unit = String(decoding: text[number.endIndex...].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
        guard let first = number.first, isDigit(first), let last = number.last, isDigit(last), number.count <= 19,
            let value = Double(String(decoding: number, as: UTF8.self))
        else { return nil }
        let power: Int
        switch unit.first {
        case nil, "B": power = 0
        case "K": power = 1
        case "M": power = 2
        case "G": power = 3
        case "T": power = 4
        default: return nil
        }
        let base: Double
        switch power == 0 ? unit : String(unit.dropFirst()) {
        case "", "B": base = 1000
        case "I" where power > 0, "IB" where power > 0: base = 1024
        default: return nil
        }
        let bytes = (0..<power).reduce(value) { product, _ in product * base }
        guard bytes < 9e18 else { return nil }
        // A number without a fraction is taken as it stands: a Double would round what has 17 digits or more.
        self.init(power == 0 ? Int64(String(decoding: number, as: UTF8.self)) ?? Int64(bytes) : Int64(bytes.rounded()))
    }

    /// What to say to whoever wrote something else.
    package static let writingHint = "a number and a unit: 500M, 40G, 1.5T (or MiB, GiB, TiB)"
}

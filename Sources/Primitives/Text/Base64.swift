/// The encoding of RFC 4648, section 4.
package struct Base64: Sendable {
    /// What was decoded so far.
    package private(set) var bytes: [UInt8] = []
    private var bits: UInt32 = 0
    private var count = 0

    /// A decoder that was given nothing yet.
    package init() {}

    /// Decodes `text` after what was decoded before; blanks do not count. False where `text` holds something else.
    package mutating func append(_ text: some Collection<UInt8>) -> Bool {
        for character in text {
            let value: UInt8
            switch character {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = character - UInt8(ascii: "A")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = character - UInt8(ascii: "a") + 26
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = character - UInt8(ascii: "0") + 52
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="), UInt8(ascii: " "): continue
            default: return false
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return true
    }

    /// The bytes that `text` writes; nil where it is no such text.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var decoder = Base64()
        return decoder.append(Array(text.utf8)) ? decoder.bytes : nil
    }

    /// `bytes` as text, padded, without line ends.
    package static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let end = min(start + 3, bytes.count)
            var group: UInt32 = 0
            for place in start..<start + 3 { group = group << 8 | (place < end ? UInt32(bytes[place]) : 0) }
            for sextet in 0..<4 {
                let isPadding = sextet > end - start
                text.append(
                    isPadding ? UInt8(ascii: "=") : alphabet[Int(group >> UInt32(18 - 6 * sextet)) & 63])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

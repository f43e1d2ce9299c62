/// A SHA-256 digest (FIPS 180-4): the name of everything in the content store.
package struct Digest: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The 32 bytes as four big-endian words, so that comparing words in order compares bytes in order.
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// The digest whose raw value `bytes` holds; nil unless there are exactly 32.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var iterator = bytes.makeIterator()
        func word() -> UInt64 {
            var value: UInt64 = 0
            for _ in 0..<8 { value = value << 8 | UInt64(iterator.next() ?? 0) }
            return value
        }
        words = (word(), word(), word(), word())
    }

    /// The digest that `hex`, 64 hexadecimal digits in ASCII, spells; nil where it spells none.
    package init?(hex: some Collection<UInt8>) {
        guard hex.count == 64 else { return nil }
        let found = hex.withContiguousStorageIfAvailable { Digest(hex: UnsafeRawBufferPointer($0)) }
        guard let digest = found ?? Array(hex).withUnsafeBytes({ Digest(hex: $0) }) else { return nil }
        self = digest
    }

    /// The same, for bytes in memory.
    package init?(hex: UnsafeRawBufferPointer) {
        guard hex.count == 64 else { return nil }
        func word(_ start: Int) -> UInt64? {
            var value: UInt64 = 0
            for place in start..<start + 16 {
                let character = hex[place]
                let nibble: UInt8
                switch character {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = character - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = character - UInt8(ascii: "a") + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): nibble = character - UInt8(ascii: "A") + 10
                default: return nil
                }
                value = value << 4 | UInt64(nibble)
            }
            return value
        }
        guard let first = word(0), let second = word(16), let third = word(32), let fourth = word(48) else {
            return nil
        }
        words = (first, second, third, fourth)
    }

    /// The digest that 64 hexadecimal digits of either case spell, without "sha256:"; nil where `hex` is anything else.
    package init?(hex: String) { self.init(hex: hex.utf8) }

    /// The digest of bytes in memory.
    package init(of bytes: some Sequence<UInt8>) {
        var hasher = SHA256Hasher()
        if bytes.withContiguousStorageIfAvailable({ hasher.update(UnsafeRawBufferPointer($0)) }) == nil {
            Array(bytes).withUnsafeBytes { hasher.update($0) }
        }
        self = hasher.finalize()
    }

    /// 64 lower-case hexadecimal digits.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 64) { buffer in
            for (index, byte) in bytes.enumerated() {
                buffer[index * 2] = digits[Int(byte >> 4)]
                buffer[index * 2 + 1] = digits[Int(byte & 15)]
            }
            return 64
        }
    }

    /// The first seven hexadecimal digits: enough for a person to tell two builds apart.
    package var short: String { String(hex.prefix(7)) }

    /// The 32 raw bytes.
    package var bytes: [UInt8] {
        [words.0, words.1, words.2, words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) }
        }
    }

    package var description: String { "sha256:" + hex }

    package static func == (a: Digest, b: Digest) -> Bool { a.words == b.words }

    package static func < (a: Digest, b: Digest) -> Bool { a.words < b.words }

    package func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
}

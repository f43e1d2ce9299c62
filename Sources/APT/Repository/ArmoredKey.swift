/// OpenPGP's ASCII armor (RFC 9580, section 6.2), as far as keyrings need it.
enum ArmoredKey {
    private static let begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    private static let end = "-----END PGP PUBLIC KEY BLOCK-----"

    /// The binary keys in `bytes`: the bytes themselves where they are binary already, the content of all blocks where
    /// they are armored, whatever stands around them; nil for anything else. Blanks at the ends of lines don't count, nor does a byte
    /// order mark: editors and web pages put them there.
    static func binary(_ all: [UInt8]) -> [UInt8]? {
        let isMarked = all.starts(with: [0xEF, 0xBB, 0xBF])
        let bytes = isMarked ? Array(all.dropFirst(3)) : all
        // The first octet of every packet has its highest bit set; a keybox has its magic at the ninth.
        guard let first = bytes.first else { return nil }
        if first & 0x80 != 0 || bytes.dropFirst(8).starts(with: "KBXf".utf8) { return bytes }
        var result: [UInt8] = []
        var isInside = false
        var isInHeaders = false
        var base64 = Base64()
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let text = line.prefix(upTo: (line.lastIndex { $0 > 0x20 } ?? line.startIndex - 1) + 1)
            if text.elementsEqual(begin.utf8) {
                (isInside, isInHeaders, base64) = (true, true, Base64())
            } else if !isInside {
                continue
            } else if text.elementsEqual(end.utf8) {
                result += base64.bytes
                isInside = false
            } else if isInHeaders {
                if text.isEmpty { isInHeaders = false } else if !text.contains(UInt8(ascii: ":")) { return nil }
            } else if text.first != UInt8(ascii: "="), !base64.append(text) {
                return nil
            }
        }
        return result.isEmpty || isInside ? nil : result
    }
}

/// A decoder for the alphabet of RFC 4648, section 4.
private struct Base64 {
    private(set) var bytes: [UInt8] = []
    private var bits: UInt32 = 0
    private var count = 0

    /// False where `text` holds something else.
    mutating func append(_ text: some Collection<UInt8>) -> Bool {
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
}

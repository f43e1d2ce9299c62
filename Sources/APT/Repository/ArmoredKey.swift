import Primitives

/// OpenPGP's ASCII armor (RFC 9580, section 6.2), as far as keyrings need it.
package enum ArmoredKey {
    private static let begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----"
    private static let end = "-----END PGP PUBLIC KEY BLOCK-----"

    /// The binary keys in `bytes`: the bytes themselves where they are binary already, the content of all blocks where
    /// they are armored, whatever stands around them; nil for anything else. Blanks at the ends of lines don't count, nor does a byte
    /// order mark: editors and web pages put them there.
    package static func binary(_ all: [UInt8]) -> [UInt8]? {
        binary(all, begin: begin, end: end)
    }

    /// The bytes of an armored detached signature; nil where there is none.
    package static func signature(_ armored: [UInt8]) -> [UInt8]? {
        binary(armored, begin: "-----BEGIN PGP SIGNATURE-----", end: "-----END PGP SIGNATURE-----")
    }

    private static func binary(_ all: [UInt8], begin: String, end: String) -> [UInt8]? {
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

import Primitives

/// The text inside a clear-signed file (RFC 9580, 7), for who does not ask who signed it.
package enum ClearSignedText {
    /// The text in `bytes`; nil where they are not clear-signed. Like apt, it takes no file with anything around the signed text.
    ///
    /// - Throws: `ReleaseError` where the file is cut off, or has more than one text.
    package static func payload(of bytes: [UInt8], source: String) throws(ReleaseError) -> [UInt8]? {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
        func isMark(_ line: ArraySlice<UInt8>, _ mark: String) -> Bool {
            var end = line.endIndex
            while end > line.startIndex, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
            return line[..<end].elementsEqual(mark.utf8)
        }
        guard let first = lines.first, isMark(first, "-----BEGIN PGP SIGNED MESSAGE-----") else { return nil }
        func fail(_ detail: String) -> ReleaseError { ReleaseError(source, .malformed(detail)) }
        // Armor headers ("Hash: SHA512") end with an empty line.
        guard let blank = lines.firstIndex(where: { $0.allSatisfy { $0 == 0x20 || $0 == 0x09 } }) else {
            throw fail("its clear-signed text is cut off")
        }
        let body = lines[(blank + 1)...]
        guard let signature = body.firstIndex(where: { isMark($0, "-----BEGIN PGP SIGNATURE-----") }),
            let end = body[signature...].firstIndex(where: { isMark($0, "-----END PGP SIGNATURE-----") })
        else { throw fail("its clear-signed text is cut off") }
        guard lines[(end + 1)...].allSatisfy(\.isEmpty) else { throw fail("there is something after its signature") }
        var payload: [UInt8] = []
        payload.reserveCapacity(bytes.count)
        let escape = Array("- ".utf8)
        for line in body[..<signature] {
            guard line.first != UInt8(ascii: "-") || line.starts(with: escape) else {
                throw fail("a line of its clear-signed text begins with a dash")
            }
            payload += line.starts(with: escape) ? line.dropFirst(2) : line
            payload.append(0x0A)
        }
        return payload
    }
}

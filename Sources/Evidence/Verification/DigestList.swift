package import Primitives

/// A list of digests as sha256sum(1) writes it: `DIGEST  PATH`, a line each.
package struct DigestList: Sendable {
    /// The digest of each file, by its path.
    package let digests: [String: Digest]

    /// Reads `text`.
    ///
    /// - Throws: `EvidenceError` where a line is no digest with a path, and where a path is there twice.
    package init(_ text: [UInt8], called name: String) throws(EvidenceError) {
        var digests: [String: Digest] = [:]
        for line in text.split(separator: 0x0A) {
            // A blank, and another blank or an asterisk.
            guard line.count > 66, let digest = Digest(hex: line.prefix(64)), line[line.startIndex + 64] == 0x20,
                let path = String(validating: line.dropFirst(66), as: UTF8.self)
            else { throw EvidenceError("\(name) has a line that names no file by its digest") }
            guard digests.updateValue(digest, forKey: path) == nil else {
                throw EvidenceError("\(name) names \(path) twice")
            }
        }
        self.digests = digests
    }
}

/// Evidence that can't be read as what it should be.
package struct EvidenceError: UserError, Equatable {
    package let what: String
    package let hint: String?
    package let isUsageError: Bool

    package init(_ what: String, hint: String? = nil, isUsageError: Bool = false) {
        self.what = what
        self.hint = hint
        self.isUsageError = isUsageError
    }
}

private import CCrypto

/// The hash functions of FIPS 180-4 beside SHA-256 that archives use, by the system's libcrypto. What is kept is named by its
/// SHA-256: these only tell whether a file is what its archive published.
package enum SecureHash: Sendable {
    case sha224, sha256, sha384, sha512

    /// The hash of `bytes` in lower case hexadecimal digits.
    package func digits(of bytes: [UInt8]) -> String {
        let kind =
            switch self {
            case .sha224: EVP_sha224()
            case .sha256: EVP_sha256()
            case .sha384: EVP_sha384()
            case .sha512: EVP_sha512()
            }
        let hash = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Int(EVP_MAX_MD_SIZE)) { buffer in
            var count: UInt32 = 0
            let answer = EVP_Digest(bytes, bytes.count, buffer.baseAddress, &count, kind, nil)
            precondition(answer == 1, "libcrypto can't compute \(self) digests on this machine")
            return Array(buffer.prefix(Int(count)))
        }
        let alphabet = Array("0123456789abcdef".utf8)
        return String(
            decoding: hash.flatMap { [alphabet[Int($0 >> 4)], alphabet[Int($0 & 15)]] }, as: UTF8.self)
    }
}

private import CCrypto

/// SHA-256 over bytes that arrive in pieces, by the system's libcrypto.
package struct SHA256Hasher: ~Copyable {
    private let context: OpaquePointer?

    /// A hasher that was given nothing yet: its digest would be that of no bytes.
    package init() {
        context = EVP_MD_CTX_new()
        Self.check(EVP_DigestInit_ex(context, EVP_sha256(), nil))
    }

    deinit { EVP_MD_CTX_free(context) }

    /// Adds `bytes` after those that were given before.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        Self.check(EVP_DigestUpdate(context, bytes.baseAddress, bytes.count))
    }

    /// The same, for an array.
    package mutating func update(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { update($0) }
    }

    /// libcrypto says 1 (EVP_DigestInit(3)). It has no memory else, or may not hash here: nothing could be trusted from then on.
    private static func check(_ answer: Int32) {
        precondition(answer == 1, "libcrypto can't compute SHA-256 digests on this machine")
    }

    /// The digest of all that was given so far; the hasher is used up.
    package consuming func finalize() -> Digest {
        let raw = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { buffer in
            Self.check(EVP_DigestFinal_ex(context, buffer.baseAddress, nil))
            return Array(buffer)
        }
        guard let digest = Digest(bytes: raw) else { preconditionFailure("a SHA-256 digest has 32 bytes") }
        return digest
    }
}

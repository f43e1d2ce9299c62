import APT
import Primitives
import SystemPackage

/// What gpgv found in a signed file with a keyring.
struct Signed: Hashable {
    let payload: [UInt8]
    /// Their user ids.
    let signers: [String]
    /// The user id of a key that was good when it signed, and has expired since; then there are no others.
    var expired: String?
}

/// Verifies signed files; for locked ones what it found is kept, for the same bytes and the same keys.
struct SignatureCheck {
    let kept: KeptResults?

    /// What gpgv finds in `file` with `keys`. `name` is what errors call it. A locked file may be signed by a key that has
    /// expired since; one of today may not.
    func verified(_ file: SignedFile, keys: KeyFiles, _ name: String, isLocked: Bool) async throws -> Signed {
        let digest = Digest(of: file.stored)
        let keyring = try? keys.digest()
        if isLocked, let keyring, let known = known(digest, keyring: keyring) { return known }
        let verifier = SignatureVerifier(keyrings: keys.files, acceptsExpiredKeys: isLocked)
        let verified =
            if let signature = file.signature {
                try await verifier.verify(release: file.bytes, signature: signature, source: name)
            } else {
                try await verifier.verify(inRelease: file.bytes, source: name)
            }
        let found = Signed(
            payload: verified.payload, signers: verified.signers.map(\.name), expired: verified.expiredSigner)
        if let keyring { keep(found, of: digest, keyring: keyring) }
        return found
    }

    private func name(_ file: Digest, _ keyring: Digest) -> String { "\(file.hex)-\(keyring.hex)" }

    /// What was found when the signed file with this digest was verified against the keyring with this digest; nil where that
    /// never happened, or somebody else says so.
    func known(_ file: Digest, keyring: Digest) -> Signed? {
        guard let content = kept?.content(name(file, keyring), in: .signed) else { return nil }
        // The signers, a line each; an empty line; the payload.
        var signers: [String] = []
        var rest = content[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let line = rest[..<newline]
            rest = rest[(newline + 1)...]
            if line.isEmpty { return Signed(payload: Array(rest), signers: signers) }
            signers.append(String(decoding: line, as: UTF8.self))
        }
        return nil
    }

    /// Keeps what was found, unless the next one should hear of it too.
    func keep(_ signed: Signed, of file: Digest, keyring: Digest) {
        guard signed.expired == nil,
            !signed.signers.contains(where: { $0.isEmpty || $0.utf8.contains(UInt8(ascii: "\n")) })
        else { return }
        let content = Array((signed.signers + ["", ""]).joined(separator: "\n").utf8) + signed.payload
        kept?.keep(content, as: name(file, keyring), in: .signed)
    }
}

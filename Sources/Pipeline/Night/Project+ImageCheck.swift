import APT
import Primitives
import SystemPackage

extension Project {
    /// Verifies an image in the output folder against what lies beside it, and returns what was found, a line each: its checksum,
    /// and the signature of that by this build host's key.
    ///
    /// Throws `WrongChecksum`, `SignatureError`, `FileError`.
    func verify(_ image: PublishedImage) async throws -> [String] {
        let name = image.path.lastComponent?.string ?? ""
        let folder = image.path.removingLastComponent()
        let checksum = try Files.read(folder.appending(PublishedFiles.checksum(of: name)))
        let found = try await BlockingWork.run { try Files.digest(image.path).digest }
        guard checksum == PublishedFiles.checksumText(found, of: name) else {
            throw WrongChecksum(image: image.shown, found: found)
        }
        let holder = try PrivateFolder()
        let keyring = holder.path.appending("key.gpg")
        try Files.write(try await SigningKey(home: workspace.key).publicKey, to: keyring)
        let signature = folder.appending(PublishedFiles.signature(of: name))
        let verified = try await SignatureVerifier(keyrings: [keyring]).verify(
            release: checksum, signature: try Files.read(signature), source: workspace.shown(signature))
        withExtendedLifetime(holder) {}
        return ["sha256 \(found.hex)"] + verified.signers.map { "signed by \($0.name) (\($0.keyID))" }
    }
}

/// An image whose bytes are not those of its checksum file.
struct WrongChecksum: UserError {
    let image: String
    let found: Digest
    var what: String { "\(image) is not what its checksum file says: its SHA-256 is \(found.hex)" }
    var hint: String? { "remove it, and build again" }
}

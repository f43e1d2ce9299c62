import APT
import Primitives
import SystemPackage

/// The keys that signatures on an image are held against, and what came out of each.
actor ImageSignatures {
    private let verifier: SignatureVerifier
    /// Whether the keys are those that somebody named, and not those that the image brings along.
    let isGiven: Bool
    /// Keeps the key of the image while it is used.
    private let folder: PrivateFolder?
    /// Whose signatures were good, each once.
    private(set) var signers: [SignatureVerifier.Signer] = []
    /// Keys that signed, by their ids, and are not among those that count.
    private(set) var unknown: Set<String> = []
    /// How many signatures were good.
    private(set) var goodCount = 0

    /// Keys in the file `given`; without one, `onImage`, the key that lies on the image. Throws `FileError`.
    init(given: FilePath?, onImage: [UInt8]) throws {
        isGiven = given != nil
        if let given {
            folder = nil
            verifier = SignatureVerifier(keyrings: [given])
        } else {
            let folder = try PrivateFolder()
            let ring = folder.path.appending("image.gpg")
            try Files.write(onImage, to: ring)
            self.folder = folder
            verifier = SignatureVerifier(keyrings: [ring])
        }
    }

    /// What is wrong with the signature of `bytes`, which errors call `name`; nil where it is good.
    ///
    /// - Throws: `SignatureError` where no signature at all can be verified: no gpgv, no keyring; `CancellationError`.
    func problem(of bytes: [UInt8], signature: [UInt8], called name: String) async throws -> ImageReport.Finding? {
        do {
            let verified = try await verifier.verify(release: bytes, signature: signature, source: name)
            goodCount += 1
            for signer in verified.signers where !signers.contains(signer) { signers.append(signer) }
            return nil
        } catch let error as SignatureError {
            switch error.problem {
            case .noVerifier, .keyring, .failed: throw error
            case .unknownKeys(let ids):
                unknown.formUnion(ids)
                return ImageReport.Finding(name, Self.words(forUnknown: ids))
            case .bad(let signer):
                return ImageReport.Finding(name, "is not what \(signer) signed")
            case .unsigned: return ImageReport.Finding(name, "has a signature that is none")
            case .expiredKey(let signer), .revokedKey(let signer), .expiredSignature(let signer),
                .weakDigest(let signer):
                return ImageReport.Finding(
                    name, "carries a signature of \(signer) that does not count", details: [error.what])
            }
        }
    }

    /// What is said of a file that keys with these ids signed, and no other.
    static func words(forUnknown ids: [String]) -> String { "is signed by another key: \(ids.joined(separator: ", "))" }

    /// Who signed, as far as anything was good.
    var signer: ImageReport.Signer? {
        signers.first.map {
            ImageReport.Signer(name: $0.name, fingerprint: $0.primaryFingerprint, isGiven: isGiven)
        }
    }
}

import Primitives
package import SystemPackage

/// A signature that proves nothing: of what, and why.
package struct SignatureError: UserError, Equatable {
    /// Why it proves nothing; a signer is a name and the ID of a key.
    package enum Problem: Sendable, Equatable {
        /// The text was changed after `signer` signed it, or the signature is damaged.
        case bad(signer: String)
        /// None of the keys that signed it, given by their ids, is in the keyrings.
        case unknownKeys([String])
        /// The key has expired.
        case expiredKey(signer: String)
        /// The key was revoked by its owner.
        case revokedKey(signer: String)
        /// The signature itself has expired.
        case expiredSignature(signer: String)
        /// It was made with MD5, SHA-1 or RIPEMD-160.
        case weakDigest(signer: String)
        /// There is no signature, or more around the signed text than it; in gpgv's words.
        case unsigned([String])
        /// A keyring can't be read or is none.
        case keyring(FilePath, String)
        case noVerifier(String)
        case failed(String)
    }

    /// What was to be verified: an address or a path.
    package let source: String
    /// The keys that would have counted.
    package let keyrings: [FilePath]
    /// Why it proves nothing.
    package let problem: Problem

    package init(_ source: String, keyrings: [FilePath], _ problem: Problem) {
        self.source = source
        self.keyrings = keyrings
        self.problem = problem
    }

    private var rings: String { keyrings.map(\.string).joined(separator: ", ") }

    package var what: String {
        switch problem {
        case .bad(let signer): "\(source) is not what \(signer) signed: the signature is bad"
        case .unknownKeys(let ids): "\(source) is signed by \(ids.joined(separator: ", ")), which is not in \(rings)"
        case .expiredKey(let signer): "\(source) is signed by \(signer), a key that has expired in \(rings)"
        case .revokedKey(let signer): "\(source) is signed by \(signer), a key that was revoked"
        case .expiredSignature(let signer): "\(source) carries a signature of \(signer) that has expired"
        case .weakDigest(let signer): "\(source) is signed by \(signer) with a digest that is broken"
        case .unsigned: "\(source) is not signed as it should be"
        case .keyring(let path, let detail): "cannot use the keyring \(path): \(detail)"
        case .noVerifier(let program): "cannot verify \(source): there is no \(program) on this machine"
        case .failed(let detail): "cannot verify \(source): \(detail)"
        }
    }

    package var details: [String] {
        if case .unsigned(let lines) = problem { return lines }
        return []
    }

    package var hint: String? {
        switch problem {
        case .bad:
            """
            these are not the bytes that were signed: a mirror that is being updated, a proxy that keeps old files, or somebody \
            who changes them; try again later, then another mirror
            """
        case .unsigned:
            "ask for the file yourself: a proxy or a portal may have given a page of its own; else try another mirror"
        case .unknownKeys: "name the keyring that holds the key in deploy.yaml; first make sure whose key it is"
        case .expiredKey: "get the repository's present keyring (packages debian-archive-keyring, ubuntu-keyring)"
        case .keyring: "install the package that holds it (debian-archive-keyring, ubuntu-keyring), or mend deploy.yaml"
        case .noVerifier: "install gpgv: apt-get install gpgv"
        case .revokedKey, .expiredSignature, .weakDigest, .failed: nil
        }
    }
}

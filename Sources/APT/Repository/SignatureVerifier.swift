import Primitives
package import SystemPackage

/// Verifies Release files with gpgv against the keys of named keyrings, and of no others.
package struct SignatureVerifier: Sendable {
    /// A key that signed, and whose signature is good.
    package struct Signer: Hashable, Sendable {
        /// 16 hexadecimal digits.
        package let keyID: String
        /// Of the signing key: 40 or 64 hexadecimal digits.
        package let fingerprint: String
        /// Of the primary key that it belongs to.
        package let primaryFingerprint: String
        /// The first user id in the keyring.
        package let name: String
    }

    /// A file whose signature is good.
    package struct Verified: Sendable {
        /// The signed bytes, as gpgv put them out: nothing around them in the file counts.
        package let payload: [UInt8]
        /// At least one, unless there is an `expiredSigner`.
        package let signers: [Signer]
        /// Who signed with a key that was in force then, and is not any more; only where that is accepted and nobody else signed.
        package let expiredSigner: String?
    }

    /// The files with the keys that count.
    package let keyrings: [FilePath]
    private let program: String
    private let acceptsExpiredKeys: Bool

    /// A verifier that trusts the keys in `keyrings`, binary or armored files. `program` is gpgv's name or path. With
    /// `acceptsExpiredKeys`, a key counts for what it signed before it expired: for files that were taken when it was in force.
    package init(keyrings: [FilePath], acceptsExpiredKeys: Bool = false, program: String = "gpgv") {
        self.keyrings = keyrings
        self.acceptsExpiredKeys = acceptsExpiredKeys
        self.program = program
    }

    /// Verifies a clear-signed file. As for apt, one good signature suffices where others are of unknown keys, and one
    /// bad signature is enough to refuse all.
    ///
    /// - Throws: `SignatureError`, `FileError`, `CancellationError`. `source` is what errors call the file.
    package func verify(inRelease bytes: [UInt8], source: String) async throws -> Verified {
        let folder = try await prepare(source)
        let (message, payload) = (folder.path.appending("InRelease"), folder.path.appending("payload"))
        try Files.write(bytes, to: message)
        let found = try await run(["--output", payload.string, message.string], folder, source)
        guard found.plaintexts == 1 else {
            throw SignatureError(
                source, keyrings: keyrings, .unsigned(["it holds \(found.plaintexts) signed texts, not one"]))
        }
        return Verified(
            payload: try Files.read(payload), signers: found.signers,
            expiredSigner: found.signers.isEmpty ? found.expiredSigner : nil)
    }

    /// Verifies `release` by the detached signature in Release.gpg, on the same terms.
    package func verify(release: [UInt8], signature: [UInt8], source: String) async throws -> Verified {
        let folder = try await prepare(source)
        let (message, detached) = (folder.path.appending("Release"), folder.path.appending("Release.gpg"))
        try Files.write(release, to: message)
        try Files.write(signature, to: detached)
        let found = try await run([detached.string, message.string], folder, source)
        return Verified(
            payload: release, signers: found.signers, expiredSigner: found.signers.isEmpty ? found.expiredSigner : nil)
    }

    /// A home for gpgv with copies of the keyrings in it.
    private func prepare(_ source: String) async throws -> PrivateFolder {
        let folder = try PrivateFolder()
        for (index, keyring) in keyrings.enumerated() {
            func failure(_ detail: String) -> SignatureError {
                SignatureError(source, keyrings: keyrings, .keyring(keyring, detail))
            }
            let bytes: [UInt8]
            do { bytes = try Files.read(keyring) } catch { throw failure("\(error.errno)") }
            guard let binary = ArmoredKey.binary(bytes) else { throw failure("it is neither a key nor an armored key") }
            try Files.write(binary, to: folder.path.appending("keyring-\(index).gpg"))
        }
        return folder
    }

    private func run(
        _ arguments: [String], _ folder: PrivateFolder, _ source: String
    ) async throws -> VerificationStatus {
        let rings = keyrings.indices.flatMap { ["--keyring", folder.path.appending("keyring-\($0).gpg").string] }
        let outcome: ChildProgram.Outcome
        do {
            outcome = try await ChildProgram.openPGP(program).run(
                ["--homedir", folder.path.string, "--status-fd", "1"] + rings + arguments)
        } catch let failure as ChildProgram.Failure {
            switch failure {
            case .notFound: throw SignatureError(source, keyrings: keyrings, .noVerifier(program))
            case .failed(let detail): throw SignatureError(source, keyrings: keyrings, .failed(detail))
            }
        }
        var status = VerificationStatus()
        for line in String(decoding: outcome.output, as: UTF8.self).split(separator: "\n") { status.read(line) }
        if let problem = status.problem(messages: outcome.messages, acceptsExpiredKeys: acceptsExpiredKeys) {
            throw SignatureError(source, keyrings: keyrings, problem)
        }
        return status
    }
}

/// What gpgv's status lines say (GnuPG, doc/DETAILS).
private struct VerificationStatus {
    private(set) var signers: [SignatureVerifier.Signer] = []
    private(set) var plaintexts = 0
    private var refused: SignatureError.Problem?
    private var lesser: SignatureError.Problem?
    private var unknown: [String] = []
    private var good: (keyID: String, name: String)?
    /// When the key of the signature that is being read expired, in seconds since 1970.
    private var keyExpiry: Int64?
    /// Whose key has expired, of the signature that is being read.
    private var late: String?
    /// Who signed with a key before it expired.
    private(set) var expiredSigner: String?

    mutating func read(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: true)
        guard words.count >= 2, words[0] == "[GNUPG:]" else { return }
        let keyID = words.count > 2 ? String(words[2]) : ""
        let name = words.count > 3 ? String(words[3]) : keyID
        let signer = "\(name) (\(keyID))"
        switch words[1] {
        case "PLAINTEXT": plaintexts += 1
        case "NEWSIG": (good, late, keyExpiry) = (nil, nil, nil)
        case "GOODSIG": good = (keyID, name)
        case "BADSIG": refused = .bad(signer: signer)
        case "KEYEXPIRED": keyExpiry = min(keyExpiry ?? .max, Int64(keyID) ?? 0)
        case "EXPKEYSIG":
            lesser = .expiredKey(signer: signer)
            late = signer
        case "REVKEYSIG": lesser = .revokedKey(signer: signer)
        case "EXPSIG": lesser = .expiredSignature(signer: signer)
        case "NO_PUBKEY": unknown.append(keyID)
        case "VALIDSIG":
            // FPR DATE TIME EXPIRY VERSION RESERVED PUBKEY-ALGORITHM HASH-ALGORITHM CLASS PRIMARY-FPR
            let fields = line.split(separator: " ").dropFirst(2).map(String.init)
            // RFC 9580, 9.5: MD5, SHA-1, RIPEMD-160.
            let isWeak = fields.count >= 10 && ["1", "2", "3"].contains(fields[7])
            if let late, fields.count >= 10, !isWeak, let made = Int64(fields[2]), let keyExpiry, made < keyExpiry {
                expiredSigner = late
            }
            guard let good, fields.count >= 10 else { return }
            if isWeak {
                lesser = .weakDigest(signer: "\(good.name) (\(good.keyID))")
            } else {
                signers.append(
                    SignatureVerifier.Signer(
                        keyID: good.keyID, fingerprint: fields[0], primaryFingerprint: fields[9], name: good.name))
            }
            self.good = nil
        default: break
        }
    }

    /// Why the file is not to be trusted; nil where it is.
    func problem(messages: [String], acceptsExpiredKeys: Bool) -> SignatureError.Problem? {
        if let refused { return refused }
        if !signers.isEmpty || acceptsExpiredKeys && expiredSigner != nil { return nil }
        if let lesser { return lesser }
        return unknown.isEmpty ? .unsigned(messages) : .unknownKeys(unknown)
    }
}

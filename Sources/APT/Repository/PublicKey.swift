import Primitives
import SystemPackage

/// The public key of somebody who signs, out of a file.
package struct PublicKey: Sendable {
    /// Binary, as keyrings have it.
    package let bytes: [UInt8]
    /// 40 or 64 upper-case hexadecimal digits, of the primary key.
    package let fingerprint: String

    /// Reads one key, binary or armored; `source` is what errors call it.
    ///
    /// - Throws: `PublicKeyError`, `FileError`, `CancellationError`.
    package init(reading bytes: [UInt8], source: String) async throws {
        guard let binary = ArmoredKey.binary(bytes) else {
            throw PublicKeyError(source: source, problem: "it is no key")
        }
        let folder = try PrivateFolder()
        let outcome: ChildProgram.Outcome
        do {
            outcome = try await ChildProgram.openPGP("gpg").run(
                [
                    "--homedir", folder.path.string, "--no-options", "--batch", "--no-tty", "--with-colons",
                    "--import-options", "show-only", "--import",
                ], input: binary)
        } catch is ChildProgram.Failure {
            throw PublicKeyError(source: source, problem: "there is no gpg on this machine to read it")
        }
        // GnuPG, doc/DETAILS: a record "pub" (or "sec") for each primary key, and its fingerprint in the tenth field of the next "fpr".
        var kinds: [String] = []
        var fingerprints: [String] = []
        for line in String(decoding: outcome.output, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            switch fields.first {
            case "pub", "sec": kinds.append(String(fields[0]))
            case "fpr" where fingerprints.count < kinds.count && fields.count > 9:
                fingerprints.append(String(fields[9]))
            default: break
            }
        }
        guard !kinds.contains("sec") else {
            throw PublicKeyError(source: source, problem: "it holds a secret key, which must not leave the build host")
        }
        guard fingerprints.count == 1 else {
            throw PublicKeyError(source: source, problem: "it holds \(fingerprints.count) keys, and one is wanted")
        }
        self.bytes = binary
        fingerprint = fingerprints[0]
        withExtendedLifetime(folder) {}
    }
}

/// A file that is not the one public key that it should be.
package struct PublicKeyError: UserError, Equatable {
    /// As it was named.
    package let source: String
    /// A sentence.
    package let problem: String

    package var what: String { "\(source) can't be taken as a public key: \(problem)" }
    package var hint: String? { "`deploy key --export` writes one" }
    package var isUsageError: Bool { true }
}

import APT
package import ContentStore
import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

extension DerivedResults.Kind {
    /// Indexes unpacked, and tables made of them.
    package static let parsed = Self("parsed")
    /// Signatures, and the locks that were followed from their keys to their packages.
    package static let signed = Self("signed")
    /// Lists of mirrors.
    package static let mirrors = Self("mirrors")
    /// For which kernels a version of OpenZFS can be built.
    package static let zfsKernels = Self("zfs-kernels")

    /// All that are kept of darksites.
    package static let all = [parsed, signed, mirrors, zfsKernels]
}

/// What verifications came to, kept among the derived results, so that the next build need not do them again.
///
/// They may be shared, and whoever can write to them could put a result there that nobody came to. So each is kept with a keyed
/// digest (HMAC, RFC 2104) of its name and content, whose secret lies in the folder of the build host's private key: who can
/// read that can sign mirrors anyway. Without a secret of this user alone nothing is kept, and all is verified every time.
package struct KeptResults: Sendable {
    private let derived: DerivedResults
    private let secret: [UInt8]

    /// Results among `derived`, with the secret in the folder `home`, made there where it is missing; nil where there is none.
    package init?(derived: DerivedResults, home: FilePath) {
        guard let secret = Self.secret(in: home) else { return nil }
        self.derived = derived
        self.secret = secret
    }

    /// What was kept as `name`; nil where nothing was, or somebody else wrote it.
    package func content(_ name: String, in kind: DerivedResults.Kind) -> [UInt8]? {
        guard let bytes = derived.bytes(fileName(name, kind), of: kind), bytes.count >= 64,
            let mark = Digest(hex: bytes[..<64])
        else { return nil }
        let content = Array(bytes[64...])
        return mark == self.mark(of: content, name, kind) ? content : nil
    }

    /// Keeps `content` as `name`. That it can't be kept is no error: then it is worked out again.
    package func keep(_ content: [UInt8], as name: String, in kind: DerivedResults.Kind) {
        derived.keep(Array(mark(of: content, name, kind).hex.utf8) + content, as: fileName(name, kind), of: kind)
    }

    /// Each secret has files of its own: two users of one folder do not take each other's away.
    private func fileName(_ name: String, _ kind: DerivedResults.Kind) -> String {
        "\(name)-\(mark(of: [], "", kind).short)"
    }

    private func mark(of content: [UInt8], _ name: String, _ kind: DerivedResults.Kind) -> Digest {
        let label = Array("kept 1 \(kind.name) \(name.utf8.count) \(name)\n".utf8)
        return Digest(authenticating: label + content, with: secret)
    }

    // MARK: The secret

    private static let secretSize = 32

    private static func secret(in home: FilePath) -> [UInt8]? {
        let file = home.appending(SigningKey.storeSecret)
        if let known = read(file, in: home) { return known }
        guard !Files.exists(file) else { return nil }
        if !Files.exists(home) {
            guard (try? Files.createDirectory(home.removingLastComponent())) != nil,
                home.withPlatformString({ mkdir($0, 0o700) }) == 0
            else { return nil }
        }
        var random = SystemRandomNumberGenerator()
        let made = (0..<secretSize).map { _ in UInt8.random(in: 0...255, using: &random) }
        guard (try? Files.write(made, to: file, permissions: [.ownerReadWrite])) != nil else { return nil }
        // Another process may have made one at the same time: that counts which is there.
        return read(file, in: home)
    }

    /// The secret, where it is this user's alone.
    private static func read(_ file: FilePath, in home: FilePath) -> [UInt8]? {
        guard isOurs(home, S_IFDIR, forbidden: 0o022), isOurs(file, S_IFREG, forbidden: 0o077),
            let bytes = try? Files.read(file), bytes.count == secretSize
        else { return nil }
        return bytes
    }

    private static func isOurs(_ path: FilePath, _ kind: mode_t, forbidden: mode_t) -> Bool {
        var status = stat()
        // A folder may be reached over a link; what counts is who can write where it leads.
        let code = path.withPlatformString { kind == S_IFDIR ? stat($0, &status) : lstat($0, &status) }
        return code == 0 && status.st_mode & S_IFMT == kind && status.st_uid == geteuid()
            && status.st_mode & forbidden == 0
    }
}

extension Digest {
    /// HMAC-SHA256 (RFC 2104) of `bytes` with `secret`, which is no longer than a block of 64 bytes.
    init(authenticating bytes: [UInt8], with secret: [UInt8]) {
        let key = secret + Array(repeating: 0, count: max(0, 64 - secret.count))
        var inner = SHA256Hasher()
        inner.update(key.map { $0 ^ 0x36 })
        inner.update(bytes)
        var outer = SHA256Hasher()
        outer.update(key.map { $0 ^ 0x5C })
        outer.update(inner.finalize().bytes)
        self = outer.finalize()
    }
}

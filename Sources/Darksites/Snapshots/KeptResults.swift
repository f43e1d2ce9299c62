import APT
package import ContentStore
import Primitives
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// What verifications came to, kept in the store, so that the next build need not do them again.
///
/// A store may be shared, and whoever can write to it could put a result there that nobody came to. So each is kept with a keyed
/// digest (HMAC, RFC 2104) of its name and content, whose secret lies in the folder of the build host's private key: who can
/// read that can sign mirrors anyway. Without a secret of this user alone nothing is kept, and all is verified every time.
package struct KeptResults: Sendable {
    /// The folders of the store that hold such results.
    package enum Folder: String, Sendable {
        /// Signatures, and the locks that were followed from their keys to their packages.
        case signed
        /// Lists of mirrors.
        case mirrors
    }

    private let root: FilePath
    private let secret: [UInt8]?

    /// Results in `store`, with the secret in the folder `home`, made there where it is missing.
    package init(store: ContentStore, home: FilePath) {
        root = store.root
        secret = Self.secret(in: home)
    }

    /// Nothing is kept, and nothing is known.
    package init(keepingNothingIn store: ContentStore) {
        root = store.root
        secret = nil
    }

    /// What was kept as `name`; nil where nothing was, or somebody else wrote it.
    package func content(_ name: String, in folder: Folder) -> [UInt8]? {
        guard let secret, let bytes = try? Files.read(path(name, folder, secret)), bytes.count >= 64,
            let mark = Digest(hex: bytes[..<64])
        else { return nil }
        let content = Array(bytes[64...])
        return mark == Self.mark(of: content, name, folder, secret) ? content : nil
    }

    /// Keeps `content` as `name`. That it can't be kept is no error: then it is worked out again.
    package func keep(_ content: [UInt8], as name: String, in folder: Folder) {
        guard let secret, (try? Files.createDirectory(root.appending(folder.rawValue))) != nil else { return }
        let mark = Self.mark(of: content, name, folder, secret)
        try? Files.write(Array(mark.hex.utf8) + content, to: path(name, folder, secret))
    }

    /// Each secret has files of its own: two users of one store do not take each other's away.
    private func path(_ name: String, _ folder: Folder, _ secret: [UInt8]) -> FilePath {
        let whose = Self.mark(of: [], "", folder, secret).short
        return root.appending(folder.rawValue).appending("\(name)-\(whose)")
    }

    private static func mark(of content: [UInt8], _ name: String, _ folder: Folder, _ secret: [UInt8]) -> Digest {
        let label = Array("kept 1 \(folder.rawValue) \(name.utf8.count) \(name)\n".utf8)
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

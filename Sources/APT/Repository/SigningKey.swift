private import Glibc
import Primitives
package import SystemPackage

/// A signing key that can't be made or used.
package struct SigningKeyError: UserError, Equatable {
    /// Why there is no key to sign with.
    package enum Problem: Sendable, Equatable {
        case noProgram
        /// What gpg said.
        case failed(String, [String])
        /// A signature older than the key would be worth nothing.
        case beforeCreation(Int64)
        /// Others could have put a key there, or could take it: what is wrong with the folder.
        case notPrivate(String)
        /// The folder is no key's, and holds other things.
        case otherThings
    }

    /// The folder that holds the key.
    package let home: FilePath
    /// Why there is no key to sign with.
    package let problem: Problem

    package init(home: FilePath, problem: Problem) {
        self.home = home
        self.problem = problem
    }

    package var what: String {
        switch problem {
        case .noProgram: "cannot sign the mirror: there is no gpg on this machine"
        case .failed(let operation, _): "cannot \(operation) with the build host's key in \(home)"
        case .notPrivate(let problem): "the folder of the build host's key, \(home), \(problem)"
        case .otherThings: "\(home) holds no key of a build host, and other things: no key is made among them"
        case .beforeCreation(let epoch): "cannot sign with the date \(RepositoryDate.text(epoch)): the key is younger"
        }
    }

    package var details: [String] {
        if case .failed(_, let lines) = problem { return lines }
        return []
    }

    package var hint: String? {
        switch problem {
        case .noProgram: "install gnupg: apt-get install gnupg"
        case .failed: nil
        case .notPrivate: "make it yours alone (chown, chmod 700), or name another one: DEPLOY_KEY=/path ./deploy …"
        case .otherThings: "name a folder of its own: DEPLOY_KEY=\(home.appending("signing-key"))"
        case .beforeCreation: "set SOURCE_DATE_EPOCH to a later time"
        }
    }
}

/// The build host's key, which signs its mirrors: an Ed25519 OpenPGP key without passphrase in a folder of its own.
package struct SigningKey: Sendable {
    /// Every key is said to be made then, on 1 January 2005, so that no signature is older than its key.
    package static let creation: Int64 = 1_104_537_600
    /// Whose key it says it is; there is no address of mail in it.
    package static let userID = "kldload build host"
    /// A file beside the key: the secret of what this user keeps in stores. It may be there before the key is.
    package static let storeSecret = "store-secret"

    /// The folder with the secret key, 0700.
    package let home: FilePath
    /// 40 upper-case hexadecimal digits.
    package let fingerprint: String
    /// The public key, binary: what `Signed-By` takes as a .gpg file.
    package let publicKey: [UInt8]
    /// The public key, armored: what `Signed-By` takes as an .asc file.
    package let armoredPublicKey: [UInt8]

    /// The key in the folder `home`, made on first use. Of several processes that need it at once, one makes it.
    ///
    /// - Throws: `SigningKeyError`, `FileError`, `CancellationError`.
    package init(home: FilePath) async throws {
        self.home = home
        try Self.judge(home)
        if let stored = try Self.stored(in: home) {
            (fingerprint, publicKey, armoredPublicKey) = stored
            return
        }
        try Files.createDirectory(home)
        try Files.setPermissions(0o700, of: home)
        (fingerprint, publicKey, armoredPublicKey) = try await KeySession.open(home) { session in
            if let stored = try Self.stored(in: home) { return stored }
            if try await session.fingerprint() == nil { try await session.makeKey() }
            guard let made = try await session.fingerprint() else {
                throw SigningKeyError(home: home, problem: .failed("make a key", []))
            }
            let binary = try await session.run("export", ["--export-options", "export-minimal", "--export", made])
            let armored = try await session.run(
                "export", ["--export-options", "export-minimal", "--armor", "--export", made])
            try Files.write(binary, to: home.appending("public.gpg"))
            try Files.write(armored, to: home.appending("public.asc"))
            // The last one: where it is, the others are.
            try Files.write((made + "\n").utf8, to: home.appending("fingerprint"))
            return (made, binary, armored)
        }
    }

    /// `bytes` clear-signed, as InRelease is, dated `epoch` in seconds since 1970. The same bytes and time give the
    /// same result.
    package func clearsign(_ bytes: [UInt8], epoch: Int64) async throws -> [UInt8] {
        try await sign(bytes, epoch, ["--clearsign"])
    }

    /// An armored detached signature of `bytes`, as Release.gpg is.
    package func detachSign(_ bytes: [UInt8], epoch: Int64) async throws -> [UInt8] {
        try await sign(bytes, epoch, ["--armor", "--detach-sign"])
    }

    private func sign(_ bytes: [UInt8], _ epoch: Int64, _ mode: [String]) async throws -> [UInt8] {
        guard epoch >= Self.creation else { throw SigningKeyError(home: home, problem: .beforeCreation(epoch)) }
        return try await KeySession.open(home) { session in
            try await session.sign(bytes, epoch, fingerprint, mode)
        }
    }

    /// Throws where the folder is not one for this user's key alone. What is in one that was just made is made private later.
    private static func judge(_ home: FilePath) throws {
        guard let status = try FileStatus(at: home, followsLinks: true) else { return }
        let owner = FolderOwner(of: status, sudoUser: getenv("SUDO_UID").map { String(cString: $0) })
        if case .somebodyElse = owner, let problem = owner.problem {
            throw SigningKeyError(home: home, problem: .notPrivate(problem))
        }
        let names = try Files.list(home)
        // What gpg makes first, or an older gpg made; and our own files, before it.
        let known: Set<String> = [
            "fingerprint", "lock", storeSecret, "pubring.kbx", "pubring.gpg", "private-keys-v1.d",
        ]
        guard names.isEmpty || !known.isDisjoint(with: names) else {
            throw SigningKeyError(home: home, problem: .otherThings)
        }
        if names.contains("fingerprint"), status.permissions & 0o022 != 0 {
            throw SigningKeyError(home: home, problem: .notPrivate("can be written to by others"))
        }
    }

    private static func stored(in home: FilePath) throws -> (String, [UInt8], [UInt8])? {
        let mark = home.appending("fingerprint")
        guard Files.exists(mark) else { return nil }
        let name = String(try Files.readText(mark).prefix { !$0.isWhitespace })
        return (name, try Files.read(home.appending("public.gpg")), try Files.read(home.appending("public.asc")))
    }
}

/// gpg at work in a key's folder, alone there: no other process of ours uses, or ends, its gpg-agent meanwhile.
private struct KeySession {
    private let home: FilePath
    /// A short name of the folder: a socket's path may have 107 bytes only.
    private let alias: FilePath
    private let tool = ChildProgram.openPGP("gpg")

    /// Waits for the folder's lock, lets `body` work, and ends the gpg-agent that gpg started.
    static func open<Result>(_ home: FilePath, _ body: (KeySession) async throws -> Result) async throws -> Result {
        let lock = home.appending("lock")
        let descriptor = lock.withPlatformString { Glibc.open($0, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw FileError("lock", lock, Errno(rawValue: errno)) }
        defer { close(descriptor) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw FileError("lock", lock, Errno(rawValue: errno))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        let folder = try PrivateFolder()
        let alias = folder.path.appending("h")
        let absolute = home.isAbsolute ? home : try currentFolder().pushing(home)
        guard absolute.withPlatformString({ target in alias.withPlatformString { symlink(target, $0) } }) == 0 else {
            throw FileError("make", alias, Errno(rawValue: errno))
        }
        let session = KeySession(home: home, alias: alias)
        let outcome: Swift.Result<Result, any Error>
        do { outcome = .success(try await body(session)) } catch { outcome = .failure(error) }
        // Not as part of a task that may be cancelled: the agent must go in any case.
        await Task { await session.endAgent() }.value
        withExtendedLifetime(folder) {}
        return try outcome.get()
    }

    func fingerprint() async throws -> String? {
        let list = try await run("look for a key", ["--with-colons", "--list-secret-keys"])
        // GnuPG, doc/DETAILS: the tenth field of a "fpr" record; the first one is the primary key's.
        let line = String(decoding: list, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("fpr:") }
        let fields = line?.split(separator: ":", omittingEmptySubsequences: false) ?? []
        return fields.count > 9 ? String(fields[9]) : nil
    }

    func makeKey() async throws {
        _ = try await run(
            "make a key",
            ["--faked-system-time", "\(SigningKey.creation)!", "--cert-digest-algo", "SHA512", "--quick-generate-key"]
                + [SigningKey.userID, "ed25519", "sign", "never"])
    }

    func sign(_ bytes: [UInt8], _ epoch: Int64, _ key: String, _ mode: [String]) async throws -> [UInt8] {
        try await run(
            "sign",
            ["--faked-system-time", "\(epoch)!", "--digest-algo", "SHA512", "--local-user", key + "!"] + mode,
            input: bytes)
    }

    /// Runs gpg without asking anybody anything; what it wrote to standard output.
    func run(_ operation: String, _ arguments: [String], input: [UInt8] = []) async throws -> [UInt8] {
        let common = [
            "--homedir", alias.string, "--no-options", "--batch", "--no-tty", "--pinentry-mode", "loopback",
            "--passphrase", "", "--no-auto-check-trustdb", "--no-emit-version", "--no-comments",
        ]
        do {
            let outcome = try await tool.run(common + arguments, input: input)
            guard outcome.isSuccess else {
                throw SigningKeyError(home: home, problem: .failed(operation, outcome.messages))
            }
            return outcome.output
        } catch let failure as ChildProgram.Failure {
            switch failure {
            case .notFound: throw SigningKeyError(home: home, problem: .noProgram)
            case .failed(let detail): throw SigningKeyError(home: home, problem: .failed(operation, [detail]))
            }
        }
    }

    private func endAgent() async {
        // Where this fails the agent ends by itself, once it misses its socket.
        _ = try? await ChildProgram.openPGP("gpgconf").run(["--homedir", alias.string, "--kill", "gpg-agent"])
    }

    private static func currentFolder() throws(FileError) -> FilePath {
        guard let name = getcwd(nil, 0) else { throw FileError("find", ".", Errno(rawValue: errno)) }
        defer { free(name) }
        return FilePath(platformString: name)
    }
}

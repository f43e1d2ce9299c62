import Primitives
import SystemPackage
import Testing

@testable import APT

@Suite struct SignatureTests {
    private static let epoch: Int64 = 1_750_000_000
    private static let text = Array("Origin: test\nSuite: stable\n\n- dashes - and trailing blanks  \nend\n".utf8)

    private func key(_ bench: RepositoryBench, _ name: String = "key") async throws -> (SigningKey, FilePath) {
        let key = try await SigningKey(home: bench.path.appending(name))
        try bench.write(key.publicKey, to: "\(name).gpg")
        return (key, bench.path.appending("\(name).gpg"))
    }

    private func problem(_ body: () async throws -> Void) async -> SignatureError.Problem? {
        do {
            try await body()
            return nil
        } catch let error as SignatureError {
            return error.problem
        } catch {
            Issue.record(error)
            return nil
        }
    }

    @Test func whatTheKeySignedIsVerifiedByItAlone() async throws {
        let bench = try RepositoryBench()
        let (key, ring) = try await key(bench)
        let (_, otherRing) = try await self.key(bench, "other")
        let signed = try await key.clearsign(Self.text, epoch: Self.epoch)
        let detached = try await key.detachSign(Self.text, epoch: Self.epoch)
        try bench.write(key.armoredPublicKey, to: "key.asc")

        for rings in [[ring], [otherRing, ring], [bench.path.appending("key.asc")]] {
            let verifier = SignatureVerifier(keyrings: rings)
            let verified = try await verifier.verify(inRelease: signed, source: "InRelease")
            // The cleartext framework drops blanks at the ends of lines (RFC 9580, 7.2): what was signed counts.
            #expect(
                String(decoding: verified.payload, as: UTF8.self).hasPrefix("Origin: test\nSuite: stable\n\n- dashes"))
            #expect(verified.signers.map(\.fingerprint) == [key.fingerprint])
            #expect(verified.signers.map(\.name) == [SigningKey.userID])
            #expect(verified.signers.allSatisfy { key.fingerprint.hasSuffix($0.keyID) })
            let second = try await verifier.verify(release: Self.text, signature: detached, source: "Release")
            #expect(second.payload == Self.text)
        }

        let stranger = SignatureVerifier(keyrings: [otherRing])
        let id = String(key.fingerprint.suffix(16))
        #expect(await problem { _ = try await stranger.verify(inRelease: signed, source: "x") } == .unknownKeys([id]))
        #expect(
            await problem { _ = try await stranger.verify(release: Self.text, signature: detached, source: "x") }
                == .unknownKeys([id]))
        let named = SignatureError("x", keyrings: [otherRing], .unknownKeys([id]))
        #expect(named.what == "x is signed by \(id), which is not in \(otherRing)")
    }

    /// As mail, web pages and editors leave keys.
    @Test func keysAreReadAsPeopleBringThem() async throws {
        let bench = try RepositoryBench()
        let (key, _) = try await key(bench)
        let (other, _) = try await self.key(bench, "other")
        let armored = String(decoding: key.armoredPublicKey, as: UTF8.self)
        let plain = ArmoredKey.binary(Array(armored.utf8))
        #expect(plain == key.publicKey)
        let blanks = armored.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: " \t \n")
        let variants = [
            "\u{FEFF}" + armored, armored.replacing("\n", with: "\r\n"), blanks,
            "\u{FEFF}" + blanks.replacing("\n", with: "\r\n"),
            "a key\n" + armored + "\nand text\n",
        ]
        for text in variants { #expect(ArmoredKey.binary(Array(text.utf8)) == plain) }
        let two = armored + String(decoding: other.armoredPublicKey, as: UTF8.self)
        #expect(ArmoredKey.binary(Array(two.utf8)) == key.publicKey + other.publicKey)
        #expect(ArmoredKey.binary([0xEF, 0xBB, 0xBF] + key.publicKey) == plain, "a mark before a binary key")
        #expect(ArmoredKey.binary(Array("\u{FEFF}<html>".utf8)) == nil)
    }

    @Test func aChangedByteIsABadSignature() async throws {
        let bench = try RepositoryBench()
        let (key, ring) = try await key(bench)
        let verifier = SignatureVerifier(keyrings: [ring])
        var signed = try await key.clearsign(Self.text, epoch: Self.epoch)
        let position = try #require(signed.firstIndex(of: UInt8(ascii: "O")))
        let place = try #require(signed[position...].firstIndex(of: UInt8(ascii: "t")))
        signed[place] = UInt8(ascii: "T")
        let bad = SignatureError.Problem.bad(signer: "\(SigningKey.userID) (\(key.fingerprint.suffix(16)))")
        #expect(await problem { _ = try await verifier.verify(inRelease: signed, source: "x") } == bad)
        let detached = try await key.detachSign(Self.text, epoch: Self.epoch)
        #expect(
            await problem { _ = try await verifier.verify(release: Self.text + [10], signature: detached, source: "x") }
                == bad)
    }

    @Test func whatStandsAroundTheSignedTextDoesNotCount() async throws {
        let bench = try RepositoryBench()
        let (key, ring) = try await key(bench)
        let verifier = SignatureVerifier(keyrings: [ring])
        let signed = try await key.clearsign(Array("Suite: stable\n".utf8), epoch: Self.epoch)
        let (stranger, _) = try await self.key(bench, "stranger")
        let evil = try await stranger.clearsign(Array("Suite: evil\n".utf8), epoch: Self.epoch)
        let plain = Array("Suite: evil\n".utf8)
        for around in [plain + signed, signed + plain, signed + signed, signed + evil, evil + signed] {
            // gpgv may refuse it; if it doesn't, only what the known key signed comes out.
            if let verified = try? await verifier.verify(inRelease: around, source: "x") {
                #expect(verified.payload == Array("Suite: stable\n".utf8))
            }
        }
        for unsigned in [Self.text, [], Array("<html></html>".utf8)] {
            guard case .unsigned? = await problem({ _ = try await verifier.verify(inRelease: unsigned, source: "x") })
            else {
                Issue.record("not unsigned")
                continue
            }
        }
    }

    @Test func expiredRevokedAndWeakKeysAreEachTheirOwnError() async throws {
        let bench = try RepositoryBench()
        let gpg = "gpg -q --homedir home --no-options --batch --pinentry-mode loopback --passphrase ''"
        try bench.run(
            """
            mkdir -m 700 home
            printf 'Suite: stable\\n' > text
            \(gpg) --faked-system-time '1500000000!' --quick-generate-key old ed25519 sign 30d
            \(gpg) --faked-system-time '1500001000!' -u old --clearsign -o old.sig text
            \(gpg) --export old > old.gpg
            \(gpg) --faked-system-time '1500000000!' --quick-generate-key weak rsa2048 sign never
            \(gpg) --faked-system-time '1500001000!' -u weak --digest-algo RIPEMD160 --allow-weak-digest-algos \
                --clearsign -o weak.sig text
            \(gpg) --export weak > weak.gpg
            gpgconf --homedir home --kill gpg-agent
            """)
        func problem(_ name: String) async -> SignatureError.Problem? {
            let verifier = SignatureVerifier(keyrings: [bench.path.appending("\(name).gpg")])
            return await self.problem {
                _ = try await verifier.verify(inRelease: bench.read("\(name).sig"), source: "x")
            }
        }
        guard case .expiredKey? = await problem("old") else {
            Issue.record("\(String(describing: await problem("old")))")
            return
        }
        guard case .weakDigest? = await problem("weak") else {
            Issue.record("\(String(describing: await problem("weak")))")
            return
        }
    }

    @Test func missingPiecesAreNamed() async throws {
        let bench = try RepositoryBench()
        let absent = bench.path.appending("absent.gpg")
        #expect(
            await problem { _ = try await SignatureVerifier(keyrings: [absent]).verify(inRelease: [1], source: "x") }
                == .keyring(absent, "No such file or directory"))
        try bench.write("no key".utf8, to: "text.gpg")
        let text = bench.path.appending("text.gpg")
        guard
            case .keyring(text, _)? = await problem({
                _ = try await SignatureVerifier(keyrings: [text]).verify(inRelease: [1], source: "x")
            })
        else {
            Issue.record("a text is taken for a keyring")
            return
        }
        let verifier = SignatureVerifier(keyrings: [], program: "gpgv-that-is-not-there")
        #expect(
            await problem { _ = try await verifier.verify(inRelease: [1], source: "x") }
                == .noVerifier("gpgv-that-is-not-there"))
    }

    private static let debianKeys = FilePath("/usr/share/keyrings/debian-archive-keyring.gpg")

    /// Fetches trixie's InRelease from where this machine's apt gets its packages.
    private static func fetchDebiansRelease() -> [UInt8]? {
        let script = """
            address=$(apt-get indextargets --format '$(SITE)' | sed -n 1p)
            curl -fsS --max-time 20 "${address:-http://ftp.debian.org/debian}/dists/trixie/InRelease" -o InRelease
            """
        guard let bench = try? RepositoryBench(), (try? bench.attempt(script)) == true else { return nil }
        return try? bench.read("InRelease")
    }

    @Test(
        .tags(.network),
        .enabled("needs Debian's archive and its keyring") {
            Files.exists(debianKeys) && fetchDebiansRelease() != nil
        })
    func verifiesDebiansOwnRelease() async throws {
        let bytes = try #require(Self.fetchDebiansRelease())
        let verified = try await SignatureVerifier(keyrings: [Self.debianKeys]).verify(
            inRelease: bytes, source: "trixie")
        #expect(!verified.signers.isEmpty)
        let release = try Release(payload: verified.payload, source: "trixie")
        try release.check(suite: "trixie", now: release.date)
        #expect(release.acquireByHash)
        _ = try release.entry("main/binary-amd64/Packages.xz")
    }
}

@Suite struct SigningKeyTests {
    @Test func theSameBytesAndTimeGiveTheSameSignature() async throws {
        let bench = try RepositoryBench()
        let key = try await SigningKey(home: bench.path.appending("key"))
        let bytes = Array("Suite: stable\n".utf8)
        let first = try await key.clearsign(bytes, epoch: 1_750_000_000)
        let detached = try await key.detachSign(bytes, epoch: 1_750_000_000)
        // Long enough for a clock that counts seconds to move on.
        try await Task.sleep(for: .milliseconds(1100))
        let again = try await SigningKey(home: bench.path.appending("key"))
        #expect(again.fingerprint == key.fingerprint)
        #expect(try await again.clearsign(bytes, epoch: 1_750_000_000) == first)
        #expect(try await again.detachSign(bytes, epoch: 1_750_000_000) == detached)
        #expect(try await again.clearsign(bytes, epoch: 1_750_000_001) != first)
        #expect(try bench.run("stat -c %a key") == "700\n")
        #expect(try bench.strayAgents() == "")
        await #expect(throws: SigningKeyError(home: key.home, problem: .beforeCreation(1))) {
            try await key.clearsign(bytes, epoch: 1)
        }
    }

    @Test func severalAtOnceMakeOneKey() async throws {
        let bench = try RepositoryBench()
        let home = bench.path.appending(String(repeating: "a-long-name-", count: 15)).appending("key")
        let prints = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<4 {
                group.addTask {
                    let key = try await SigningKey(home: home)
                    _ = try await key.clearsign([UInt8(ascii: "a")], epoch: 1_750_000_000 + Int64(number))
                    return key.fingerprint
                }
            }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(prints.count == 1)
        #expect(try bench.run("ls '\(home)/private-keys-v1.d' | wc -l") == "1\n")
        #expect(try bench.strayAgents() == "")
    }

    @Test func aKeyThatWasNotFinishedIsMadeOrTakenUp() async throws {
        let bench = try RepositoryBench()
        let first = try await SigningKey(home: bench.path.appending("key"))
        try bench.run("rm key/fingerprint key/public.asc")
        #expect(try await SigningKey(home: bench.path.appending("key")).fingerprint == first.fingerprint)
    }

    @Test func sequoiaAcceptsItWhereInstalled() async throws {
        let bench = try RepositoryBench()
        let key = try await SigningKey(home: bench.path.appending("key"))
        let bytes = Array("Suite: stable\n".utf8)
        try bench.write(bytes, to: "text")
        try bench.write(try await key.detachSign(bytes, epoch: 1_750_000_000), to: "text.sig")
        try bench.write(key.armoredPublicKey, to: "key.asc")
        let output = try bench.run("sqv --keyring key.asc text.sig text")
        #expect(output.contains(key.fingerprint))
    }
}

import APT
import Archives
import Primitives
import SystemPackage
import Testing

@Suite struct MirrorTests {
    private static let epoch: Int64 = 1_750_000_000

    private func stanza(_ name: String, _ version: String = "1", _ extra: String = "", arch: String = "amd64")
        -> [UInt8]
    {
        let digest = Digest(of: name.utf8).hex
        return Array(
            """
            Package: \(name)
            Version: \(version)
            Architecture: \(arch)
            Filename: pool/theirs/\(name).deb
            Size: 10
            \(extra)SHA256: \(digest)
            Description: one
             two
            """.utf8)
    }

    private func package(
        _ name: String, _ version: String = "1", _ extra: String = "", arch: String = "amd64"
    ) throws(MirrorError) -> MirrorPackage {
        try MirrorPackage(
            stanza: stanza(name, version, extra, arch: arch), path: "pool/\(name).deb", size: ByteCount(10),
            digest: Digest(of: name.utf8))
    }

    private func suite(_ packages: [MirrorPackage], _ architectures: [String] = ["amd64"]) -> MirrorSuite {
        MirrorSuite(
            name: "trixie", origin: "kldload", label: "kldload", suite: "stable", version: "13",
            architectures: architectures, components: [.init(name: "main", packages: packages)])
    }

    @Test func onlyTheFilenameOfAStanzaChanges() throws {
        let source = stanza("a", "1", "Weird-Field: x\n y\n  z\n")
        let made = try MirrorPackage(
            stanza: source + Array("\n\n".utf8), path: "pool/x/a.deb", size: ByteCount(10), digest: Digest(of: "a".utf8)
        )
        let expected = String(decoding: source, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.hasPrefix("Filename:") ? "Filename: pool/x/a.deb" : String($0) }.joined(separator: "\n")
        #expect(String(decoding: made.stanza, as: UTF8.self) == expected + "\n")
    }

    @Test func aStanzaThatIsNotOfTheFileIsAnError() throws {
        let digest = Digest(of: "a".utf8)
        #expect(throws: MirrorError(package: "a 1 amd64", problem: .mismatch(field: "Size", stanza: "10", file: "11")))
        {
            try MirrorPackage(stanza: stanza("a"), path: "pool/a", size: ByteCount(11), digest: digest)
        }
        let other = Digest(of: "b".utf8)
        #expect(
            throws: MirrorError(
                package: "a 1 amd64", problem: .mismatch(field: "SHA256", stanza: digest.hex, file: other.hex))
        ) {
            try MirrorPackage(stanza: stanza("a"), path: "pool/a", size: ByteCount(10), digest: other)
        }
        for path in ["/pool/a", "../a", "pool/../../a", "pool/a b", "pool/a\nEvil: x", ""] {
            #expect(throws: MirrorError(package: "a 1 amd64", problem: .path(path))) {
                try MirrorPackage(stanza: stanza("a"), path: path, size: ByteCount(10), digest: digest)
            }
        }
        #expect(throws: MirrorError.self) {
            try MirrorPackage(stanza: Array("Package: a\n".utf8), path: "a", size: ByteCount(1), digest: digest)
        }
    }

    @Test func theOrderOfPackagesDoesNotMatterAndArchitectureAllIsEverywhere() async throws {
        let packages = [
            try package("b"), try package("a", "2"), try package("a"), try package("c", arch: "all"),
            try package("d", arch: "arm64"), try package("c", arch: "all"),
        ]
        let writer = MirrorWriter(epoch: Self.epoch)
        let files = try await writer.files(of: suite(packages, ["amd64", "arm64"]))
        #expect(try await writer.files(of: suite(packages.reversed(), ["amd64", "arm64"])) == files)
        #expect(Set(files.map(\.path)).count == files.count)
        let byPath = Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.bytes) })
        func names(_ architecture: String) throws -> [Substring] {
            let bytes = try #require(byPath["dists/trixie/main/binary-\(architecture)/Packages"])
            return String(decoding: bytes, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("Package:") }
        }
        #expect(try names("amd64") == ["Package: a", "Package: a", "Package: b", "Package: c"])
        #expect(try names("arm64") == ["Package: c", "Package: d"])

        let release = try Release(payload: try #require(byPath["dists/trixie/Release"]), source: "ours")
        #expect(release.date == Self.epoch)
        #expect(release.validUntil == nil)
        #expect(release.acquireByHash)
        #expect(release.entries.count == 8)
        for (path, entry) in release.entries {
            let bytes = try #require(byPath["dists/trixie/" + path])
            #expect(Digest(of: bytes) == entry.digest)
            #expect(ByteCount(bytes.count) == entry.size)
            #expect(byPath["dists/trixie/" + Release.byHashPath(of: path, try #require(entry.digest))] == bytes)
        }
    }

    @Test func packagesThatDoNotFitAreErrors() async throws {
        let writer = MirrorWriter(epoch: Self.epoch)
        let foreign = try package("a", arch: "arm64")
        await #expect(throws: MirrorError(package: "a 1", problem: .architecture("arm64"))) {
            try await writer.files(of: suite([foreign]))
        }
        let other = try MirrorPackage(
            stanza: stanza("a"), path: "pool/other", size: ByteCount(10), digest: Digest(of: "a".utf8))
        let mine = try package("a")
        await #expect(throws: MirrorError(package: "a 1 amd64", problem: .twice)) {
            try await writer.files(of: suite([other, mine]))
        }
    }

    /// What the mirror is for: apt updates from it, verifies it, and downloads and checks packages.
    @Test(arguments: ["key.asc", "key.gpg"]) func aptUsesTheMirror(keyFile: String) async throws {
        let bench = try RepositoryBench()
        let key = try await SigningKey(home: bench.path.appending("key"))
        try bench.write(key.publicKey, to: "key.gpg")
        try bench.write(key.armoredPublicKey, to: "key.asc")
        var packages: [MirrorPackage] = []
        for (name, depends) in [("aaa", "bbb (>= 1)"), ("bbb", "ccc"), ("ccc", "aaa | bbb")] {
            try bench.run(
                """
                mkdir -p build/\(name)/DEBIAN build/\(name)/usr mirror/pool
                printf 'Package: \(name)\\nVersion: 1:2+b1\\nArchitecture: all\\nMaintainer: T <t@example.org>\\n' \
                    > build/\(name)/DEBIAN/control
                printf 'Depends: \(depends)\\nDescription: short\\n long\\n' >> build/\(name)/DEBIAN/control
                echo \(name) > build/\(name)/usr/\(name)
                dpkg-deb --root-owner-group -b build/\(name) mirror/pool/\(name).deb
                """)
            let file = bench.path.appending("mirror/pool/\(name).deb")
            let (digest, size) = try Files.digest(file)
            let control = try DebFile(file).controlParagraph()
            packages.append(
                try MirrorPackage(
                    controlParagraph: control, path: "pool/\(name).deb", size: ByteCount(size), digest: digest))
        }
        let files = try await MirrorWriter(epoch: Self.epoch).files(of: suite(packages))
        for file in files { try bench.write(file.bytes, to: "mirror/\(file.path)") }
        let release = try #require(files.last)
        #expect(release.path == "dists/trixie/Release")
        try bench.write(
            try await key.detachSign(release.bytes, epoch: Self.epoch), to: "mirror/dists/trixie/Release.gpg")
        let log = try bench.run(
            """
            mkdir -p root/etc/apt/sources.list.d root/etc/apt/apt.conf.d root/etc/apt/preferences.d \
                root/var/lib/apt/lists/partial root/var/lib/dpkg root/var/cache/apt/archives/partial
            : > root/var/lib/dpkg/status
            printf 'Types: deb\\nURIs: file:%s\\nSuites: trixie\\nComponents: main\\nSigned-By: %s\\n' \
                "$PWD/mirror" "$PWD/\(keyFile)" > root/etc/apt/sources.list.d/ours.sources
            cat > apt.conf <<END
            Dir "$PWD/root";
            Dir::State::status "$PWD/root/var/lib/dpkg/status";
            APT::Architecture "amd64";
            APT::Architectures { "amd64"; };
            APT::Sandbox::User "root";
            Debug::NoLocking "true";
            END
            export APT_CONFIG=$PWD/apt.conf
            apt-get update --error-on=any
            mkdir got; cd got; apt-get download aaa bbb ccc; ls | wc -l
            apt-get install -s aaa
            apt-cache show bbb
            """)
        #expect(log.contains("Inst aaa"))
        #expect(log.contains("Depends: ccc"))
        #expect(!log.contains("W: "), "\(log)")

        // Another key, or a changed byte, and apt refuses.
        let stranger = try await SigningKey(home: bench.path.appending("stranger"))
        try bench.write(stranger.publicKey, to: "key.gpg")
        try bench.write(stranger.armoredPublicKey, to: "key.asc")
        try bench.run(
            "export APT_CONFIG=$PWD/apt.conf; rm -rf root/var/lib/apt/lists/*; ! apt-get update --error-on=any")
    }

    /// Ten times as many packages take about ten times as long: a writer that looked at all for each would need a hundred times.
    @Test(.timeLimit(.minutes(4))) func threeThousandPackagesAreQuick() async throws {
        let packages = try (0..<3000).map { number throws(MirrorError) in
            try package("package-\(number)", "1", "X-Filler: \(String(repeating: "\(number)", count: 150))\n")
        }
        #expect(try await MirrorWriter(epoch: Self.epoch).files(of: suite(packages)).count == 9)
    }
}

import Primitives
import SystemPackage
import Testing

@testable import Pipeline

#if canImport(Glibc)
import Glibc
#endif

/// A folder like /etc/apt that is gone when the test is.
private final class EtcAPT {
    let folder: FilePath

    init(_ files: [String: String]) throws {
        folder = FilePath("/tmp/etc-apt-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        try Files.createDirectory(folder)
        for (name, text) in files {
            let path = folder.pushing(FilePath(name))
            try Files.createDirectory(path.removingLastComponent())
            try Files.write(text.utf8, to: path)
        }
    }

    deinit { try? Files.remove(folder) }

    func read() throws -> HostAPT { try HostAPT.read(folder) }
}

@Suite struct MirrorSelectionTests {
    private func debian(_ files: [String: String]) throws -> [[String]] {
        try addresses(of: .debian, "trixie", files)
    }

    private func addresses(
        of vendor: Vendor, _ codename: String, _ files: [String: String], architecture: String = "amd64"
    ) throws -> [[String]] {
        let host = try EtcAPT(files).read()
        return [false, true].map {
            host.addresses(of: vendor, isSecurity: $0, codename: codename, architecture: architecture).map(\.url)
        }
    }

    static let lastResort = [["http://ftp.debian.org/debian"], ["http://ftp.debian.org/debian-security"]]

    @Test func oneLineSourcesAreRead() throws {
        let found = try debian([
            "sources.list": """
            # deb http://commented.example/debian trixie main
            deb-src http://source.example/debian trixie main
            deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian/ bookworm main contrib # why
            deb http://mirror.example/debian bookworm-updates main
            deb\thttps://security.example/debian-security bookworm-security main
            deb file:/srv/debian trixie main
            deb cdrom:[Debian]/ trixie main
            deb http://other.example/ubuntu noble main
            deb
            """
        ])
        #expect(
            found == [
                ["http://mirror.example/debian", "file:///srv/debian"], ["https://security.example/debian-security"],
            ])
    }

    @Test func deb822SourcesAreRead() throws {
        let found = try debian([
            "sources.list.d/debian.sources": """
            Types: deb deb-src
            # a comment between
            URIs: http://a.example/debian
             http://b.example/debian
            Suites: trixie trixie-updates
            Components: main
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----

            Types: deb
            URIs: http://a.example/debian-security/
            Suites: trixie-security
            Components: main

            Types: deb
            Enabled: no
            URIs: http://off.example/debian
            Suites: trixie
            Components: main
            """,
            "sources.list.d/broken.sources": "Types deb\nnothing\n",
            "sources.list.d/off.list.disabled": "deb http://off.example/debian trixie main",
        ])
        #expect(
            found == [["http://a.example/debian", "http://b.example/debian"], ["http://a.example/debian-security"]])
    }

    @Test func anAddressUnderAnotherNameCountsWhereDebiansKeyringIsNamed() throws {
        let found = try debian([
            "sources.list.d/x.list": """
            deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://proxy.example/repository/apt trixie main
            deb http://vendor.example/linux/debian trixie stable
            deb http://vendor.example/tools trixie main
            """
        ])
        #expect(found == [["http://proxy.example/repository/apt"], Self.lastResort[1]])
    }

    @Test func ofUbuntuTheHostsMirrorsCountByTheSuitesTheyAreFor() throws {
        let found = try addresses(
            of: .ubuntu, "noble",
            [
                "sources.list.d/ubuntu.sources": """
                Types: deb
                URIs: http://mirror.example/ubuntu/
                Suites: jammy jammy-updates
                Components: main universe

                Types: deb
                URIs: http://security.example/ubuntu/
                Suites: jammy-security
                Components: main

                Types: deb
                URIs: http://ppa.example/ubuntu
                Suites: stable
                Components: main

                Types: deb
                URIs: http://mirror.example/debian
                Suites: trixie
                Components: main
                """
            ])
        #expect(found == [["http://mirror.example/ubuntu"], ["http://security.example/ubuntu"]])
    }

    @Test func aHostWithoutUbuntuGetsItFromUbuntu() throws {
        let files = ["sources.list": "deb http://mirror.example/debian trixie main"]
        #expect(
            try addresses(of: .ubuntu, "noble", files)
                == [["http://archive.ubuntu.com/ubuntu"], ["http://security.ubuntu.com/ubuntu"]])
        let ports = ["http://ports.ubuntu.com/ubuntu-ports"]
        #expect(try addresses(of: .ubuntu, "noble", files, architecture: "arm64") == [ports, ports])
    }

    @Test func aMirrorListIsFollowed() throws {
        let found = try debian([
            "mirrors/debian.list": "# list\nhttp://a.example/debian\tpriority:1\nhttp://b.example/debian/\n",
            "sources.list":
                "deb mirror+file:/etc/apt/mirrors/debian.list trixie main\ndeb mirror+file:///etc/apt/none trixie main",
        ])
        #expect(found[0] == ["http://a.example/debian", "http://b.example/debian"])
    }

    @Test func withoutAnythingTheLastResortIsTheProjectsServer() throws {
        #expect(try debian([:]) == Self.lastResort)
        #expect(try HostAPT.read("/nonexistent") == HostAPT())
    }

    @Test(arguments: [
        (
            "Acquire::http::Proxy \"http://proxy.example:3128\";", "http://proxy.example:3128",
            "http://proxy.example:3128"
        ),
        (
            "// no\nAcquire { http { /* x */ Proxy \"http://p.example\"; Timeout 5; }; https::Proxy \"DIRECT\"; };",
            "http://p.example", nil
        ),
        ("acquire::HTTP::proxy http://p.example;", "http://p.example", "http://p.example"),
        ("Acquire::https::Proxy \"http://p.example\";", nil, "http://p.example"),
        ("Acquire::http::Proxy::host.example \"http://p.example\";", nil, nil),
        ("APT { List { \"a\"; \"b\"; }; };\n# Acquire::http::Proxy \"x\";\nbroken {", nil, nil),
    ])
    func theProxyOfAptIsKnown(text: String, plain: String?, secure: String?) throws {
        let host = try EtcAPT(["apt.conf.d/01proxy": text, "apt.conf.d/02proxy.bak": "Acquire::http::Proxy \"no\";"])
            .read()
        #expect(host.proxy == plain)
        #expect(host.secureProxy == secure)
        let selection = MirrorSelection(host: host, environment: [:], workingFolder: "/w")
        #expect(selection.proxy(for: .remote("https://x.example")) == secure)
        #expect(selection.proxy(for: .folder("/x")) == nil)
    }

    @Test func theProxyOfAptIsForWhatComesFromItsMirrors() throws {
        let debian = try DeclarationTests.parse(DeclarationTests.text).distributions[0]
        let source = HostAPT.Source(
            address: .remote("http://host.example/debian"), suites: ["trixie"], components: ["main"])
        let host = HostAPT(sources: [source], proxy: "http://proxy.example:3128")
        func proxies(_ environment: [String: String], _ repository: Int) -> [String: String] {
            MirrorSelection(host: host, environment: environment, workingFolder: "/w")
                .proxies(of: debian.repositories[repository], in: debian)
        }
        #expect(proxies([:], 0) == ["http://host.example/debian": "http://proxy.example:3128"])
        #expect(proxies(["DEPLOY_MIRROR_DEBIAN": "http://x.example/d"], 0) == [:])
        #expect(proxies([:], 1) == [:], "its mirror is a folder")
    }

    @Test func theEnvironmentWinsAndMirrorsAreTriedInTheirOrder() throws {
        let declaration = try DeclarationTests.parse(DeclarationTests.text)
        let debian = declaration.distributions[0]
        let host = HostAPT(sources: [
            HostAPT.Source(address: .remote("http://mirror.example/debian"), suites: ["trixie"], components: ["main"])
        ])
        func addresses(_ environment: [String: String]) throws -> [String] {
            try MirrorSelection(host: host, environment: environment, workingFolder: "/w")
                .addresses(of: debian.repositories[0], in: debian).map(\.url)
        }
        #expect(
            try addresses([:]) == ["http://mirror.example/debian", "file:///srv/debian", "file:///checkout/mirror"])
        #expect(
            try addresses(["DEPLOY_MIRROR_DEBIAN": "http://x.example/d/  my"]) == [
                "http://x.example/d", "file:///w/my",
            ])
        #expect(throws: Mistake.self) { try addresses(["DEPLOY_MIRROR_DEBIAN": "gopher://x"]) }
        #expect(MirrorSelection.variable(for: "debian-security") == "DEPLOY_MIRROR_DEBIAN_SECURITY")
    }

    @Test(arguments: [
        ("http://h.example//", "http://h.example"), ("HTTPS://h.example/a", "https://h.example/a"), ("/a/../b c", nil),
        ("../x%20", "file:///x%2520"), ("file://host/x", nil), ("http://", nil), ("http:///x", nil), ("", nil),
        ("a\u{7}", nil),
    ])
    func addressesAreCheckedAndTidied(text: String, url: String?) {
        #expect(MirrorAddress(text, relativeTo: "/base")?.url == url)
    }
}

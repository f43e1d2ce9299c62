import Declaration
import MadeDeclaration
import Primitives
import SystemPackage
import Testing

@testable import Pipeline
@testable import Transfer

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

    func read() -> HostAPT { HostAPT.read(folder) }
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
            host.addresses(
                of: VendorArchive(vendor: vendor, codename: codename, isSecurity: $0, architecture: architecture)
            ).addresses.map(\.url)
        }
    }

    static let lastResort = [["http://ftp.debian.org/debian"], ["http://security.debian.org/debian-security"]]

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
        #expect(HostAPT.read("/nonexistent") == HostAPT())
    }

    typealias Choice = APTProxies.Choice

    @Test(arguments: [
        (
            "Acquire::http::Proxy \"http://proxy.example:3128\";", Choice.server("http://proxy.example:3128"),
            Choice.server("http://proxy.example:3128")
        ),
        (
            "// no\nAcquire { http { /* x */ Proxy \"http://p.example\"; Timeout 5; }; https::Proxy \"DIRECT\"; };",
            .server("http://p.example"), .direct
        ),
        ("acquire::HTTP::proxy http://p.example;", .server("http://p.example"), .server("http://p.example")),
        ("Acquire::https::Proxy \"http://p.example\";", .environment, .server("http://p.example")),
        // Of one host alone, which is another one.
        ("Acquire::http::Proxy::host.example \"http://p.example\";", .environment, .environment),
        (
            "Acquire::http::Proxy { X.Example \"http://p.example\"; };", .server("http://p.example"),
            .server("http://p.example")
        ),
        (
            "Acquire::http { Proxy \"http://g.example\"; Proxy::x.example \"DIRECT\"; };\n"
                + "Acquire::https::Proxy::x.example \"http://s.example\";", .direct, .server("http://s.example")
        ),
        (
            "Acquire::http::Proxy-Auto-Detect \"/usr/bin/detect\"; Acquire::http::Proxy \"http://g.example\";",
            .program("/usr/bin/detect", otherwise: .server("http://g.example")),
            .program("/usr/bin/detect", otherwise: .server("http://g.example"))
        ),
        (
            "Acquire::http::ProxyAutoDetect \"/old\"; Acquire::https::Proxy-Auto-Detect \"/new\";",
            .program("/old", otherwise: .environment), .program("/new", otherwise: .environment)
        ),
        ("Acquire::http::ProxyAutoDetect \"/d\"; Acquire::http::Proxy::x.example \"DIRECT\";", .direct, .direct),
        ("APT { List { \"a\"; \"b\"; }; };\n# Acquire::http::Proxy \"x\";\nbroken {", .environment, .environment),
    ])
    func theWayThatAptGoesIsKnown(text: String, plain: Choice, secure: Choice) throws {
        let host = try EtcAPT(["apt.conf.d/01proxy": text, "apt.conf.d/02proxy.bak": "Acquire::http::Proxy \"no\";"])
            .read()
        let selection = MirrorSelection(host: host, environment: [:], workingFolder: "/w")
        #expect(selection.proxy(for: .remote("http://x.example/debian")) == plain)
        #expect(selection.proxy(for: .remote("https://x.example")) == secure)
        #expect(selection.proxy(for: .folder("/x")) == nil)
    }

    @Test func whatAProgramSaysOfAProxyIsReadAsAptDoes() {
        #expect(APTProxies.answer("http://p.example:8000/\nmore\n") == .server("http://p.example:8000/"))
        #expect(APTProxies.answer("  DIRECT  \n") == .direct)
        #expect(APTProxies.answer("socks5h://p.example:1080") == .server("socks5h://p.example:1080"))
        #expect(APTProxies.answer("a word\n") == nil)
        #expect(APTProxies.answer("") == nil)
    }

    @Test func theWayOfAptIsForWhatComesFromItsMirrors() throws {
        let debian = try MadeDeclaration.parse(MadeDeclaration.text).distributions[0]
        let repositories = try #require(debian.apt).repositories
        let source = HostAPT.Source(
            address: .remote("http://host.example/debian"), suites: ["trixie"], components: ["main"])
        let host = HostAPT(
            sources: [source], proxies: APTProxies(["acquire::http::proxy": "http://proxy.example:3128"]))
        func proxies(_ environment: [String: String], _ repository: Int) -> [String: Choice] {
            MirrorSelection(host: host, environment: environment, workingFolder: "/w")
                .proxies(of: repositories[repository])
        }
        #expect(proxies([:], 0) == ["http://host.example/debian": .server("http://proxy.example:3128")])
        #expect(proxies(["DEPLOY_MIRROR_DEBIAN": "http://x.example/d"], 0) == [:])
        #expect(proxies([:], 1) == [:], "its mirror is a folder")
    }

    /// What can't be read is passed over, and told: apt warns, and goes on.
    @Test func whatCannotBeReadIsPassedOver() throws {
        let etc = try EtcAPT([
            "sources.list": "deb http://mirror.example/debian trixie main\n",
            "sources.list.d/folder.list/x": "", "apt.conf.d/01proxy": "Acquire::http::Proxy \"http://p.example\";",
        ])
        #expect(symlink("/nowhere/x", etc.folder.appending("sources.list.d/link.sources").string) == 0)
        let host = etc.read()
        #expect(host.sources.count == 1)
        #expect(host.proxies.choice(host: "x", isSecure: false) == .server("http://p.example"))
        #expect(host.problems.count == 2 && host.problems.allSatisfy { $0.hasPrefix("cannot ") }, "\(host.problems)")
    }

    /// With a Signed-By that holds the key itself, nothing says whose archive it is: then the person is told why another
    /// server is asked.
    @Test func anAddressOfTheHostThatIsNotTakenIsNamed() throws {
        let debian = try MadeDeclaration.parse(MadeDeclaration.text).distributions[0]
        let etc = try EtcAPT([
            "sources.list.d/x.sources": """
            Types: deb
            URIs: http://proxy.example/debian-remote
            Suites: trixie
            Components: main
            Signed-By:
             -----BEGIN PGP PUBLIC KEY BLOCK-----
             .
             mQ==
             -----END PGP PUBLIC KEY BLOCK-----
            """
        ])
        let repository = try #require(debian.apt).repositories[0]
        func remark(_ host: HostAPT, _ environment: [String: String] = [:]) -> String? {
            MirrorSelection(host: host, environment: environment, workingFolder: "/w")
                .remark(on: repository)
        }
        let text = try #require(remark(etc.read()))
        for word in ["http://ftp.debian.org/debian", "http://proxy.example/debian-remote", "DEPLOY_MIRROR_DEBIAN"] {
            #expect(text.contains(word), "\(text)")
        }
        #expect(remark(etc.read(), ["DEPLOY_MIRROR_DEBIAN": "http://x.example"]) == nil)
        #expect(remark(HostAPT()) == nil)
    }

    @Test func loginsAreReadAsAptWritesThem() {
        let logins = APTLogins.parse(
            """
            # machine no.example login no password no
            machine a.example login u password p
            machine http://b.example:8080/debian
              login v
              password w machine ftp://c.example login x password y
            machine d.example/only login z
            """)
        #expect(
            logins
                == [
                    Login(machine: "a.example", user: "u", password: "p"),
                    Login(machine: "http://b.example:8080/debian", user: "v", password: "w"),
                    Login(machine: "d.example/only", user: "z", password: ""),
                ].compactMap { $0 })
    }

    @Test func theEnvironmentWinsAndMirrorsAreTriedInTheirOrder() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.text)
        let debian = declaration.distributions[0]
        let host = HostAPT(sources: [
            HostAPT.Source(address: .remote("http://mirror.example/debian"), suites: ["trixie"], components: ["main"])
        ])
        func addresses(_ environment: [String: String]) throws -> [String] {
            try MirrorSelection(host: host, environment: environment, workingFolder: "/w")
                .addresses(of: try #require(debian.apt).repositories[0]).map(\.url)
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
        ("http://h.example//", "http://h.example"), ("HTTPS://h.example/a", "https://h.example/a"),
        ("/a/../b c", "file:///b%20c"),
        ("../x%20", "file:///x%2520"), ("../my repos/x", "file:///my%20repos/x"),
        ("file:///srv/my%20repos/a%2Bb/", "file:///srv/my%20repos/a%2Bb"), ("file://localhost/x", "file:///x"),
        ("file:///a%2", nil), ("file:///a%00", nil), ("file:///a b", nil), ("http://h.example/a b", nil),
        ("~/x y", "file:///home/me/x%20y"), ("~", "file:///home/me"), ("~you/x", nil), ("x/~", "file:///base/x/~"),
        ("file://host/x", nil), ("http://", nil), ("http:///x", nil), ("", nil),
        ("a\u{7}", nil),
    ])
    func addressesAreCheckedAndTidied(text: String, url: String?) {
        #expect(MirrorAddress(text, relativeTo: "/base", home: "/home/me")?.url == url)
        #expect(text.hasPrefix("~") == false || MirrorAddress(text, relativeTo: "/base") == nil)
    }
}

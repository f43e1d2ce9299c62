import BuildGraph
import ContentStore
import Declaration
import MadeDeclaration
import SystemPackage
import Testing

@testable import Pipeline

/// What bash is told of a distribution, and what follows from whom it is like.
@Suite struct DistributionFactsTests {
    /// A declaration with a distribution that nothing in this repository knows, like Ubuntu, beside that of the tests.
    private func declaration() throws -> Declaration {
        let mint = """
              mint:
                like: ubuntu
                release: "22"
                codename: wilma
                architecture: amd64
                repositories:
                  - {name: mint, mirrors: ["http://packages.example.org"], suites: [wilma], components: [main, upstream], keyring: /usr/share/keyrings/mint.gpg}
                  - {name: base, mirrors: [host], suites: [noble, noble-updates], components: [main], keyring: /usr/share/keyrings/ubuntu-archive-keyring.gpg}
                  - {name: local, mirrors: ["http://local.example.org"], suites: ["./"], components: [], keyring: /keys/own.gpg, updates: none}
                  - {name: flat, mirrors: ["http://flat.example.org"], suites: ["./"], components: [], keyring: /keys/own.gpg}
                profiles: {kiosk: [base]}
            live:
            """
        let text = MadeDeclaration.text.split(separator: "\nlive:\n", maxSplits: 1).joined(separator: "\n\(mint)\n")
        return try MadeDeclaration.parse(
            text.split(separator: "darksites: {debian: [core]}").joined(
                separator: "darksites: {debian: [core], mint: [kiosk]}"))
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func allThatTheInstallerNeedsIsWrittenDown() throws {
        let declaration = try declaration()
        let mint = try #require(declaration[distribution: "mint"])
        let facts = DistributionFacts(
            mint, profiles: ["kiosk"], port: declaration.port(of: mint), checkout: "/checkout")
        #expect(
            text(facts.bytes) == """
                FAMILY=apt
                PROFILES=kiosk
                RELEASE=22
                CODENAME=wilma
                ARCHITECTURE=amd64
                PORT=3144
                UPDATES=http://packages.example.org wilma main,upstream /usr/share/keyrings/mint.gpg
                UPDATES=http://archive.ubuntu.com/ubuntu noble,noble-updates main /usr/share/keyrings/ubuntu-archive-keyring.gpg
                UPDATES=http://flat.example.org ./ - /keys/own.gpg

                """)
        // A keyring in the checkout is on no machine, and where the checkout is makes no other image.
        let own = DistributionFacts(mint, profiles: ["kiosk"], port: declaration.port(of: mint), checkout: "/keys")
        #expect(!text(own.bytes).contains("own.gpg") && text(own.bytes).contains("mint.gpg"))
        let rpm = try #require(try MadeDeclaration.parse(MadeDeclaration.rpmText)[distribution: "centos"])
        #expect(
            text(DistributionFacts(rpm, profiles: ["core", "server"], port: nil, checkout: "/checkout").bytes) == """
                FAMILY=rpm
                PROFILES=core server
                RELEASE=9
                CODENAME=el9
                ARCHITECTURE=x86_64
                PLATFORM=el9

                """)
    }

    @Test func eachMirrorHasItsPort() throws {
        let declaration = try declaration()
        #expect(declaration.port(of: try #require(declaration[distribution: "debian"])) == 3142)
        #expect(Vendor.ubuntu.port == 3143)
        #expect(declaration.port(of: try #require(declaration[distribution: "mint"])) == 3144)
    }

    @Test func theLiveSystemServesTheMirrorsOfTheImageAndInstallsFromItsOwn() throws {
        let layer = Step.buildLayer(try declaration(), identity: "x", includes: .literal([]))
        func file(_ path: String) -> String? {
            guard case .literal(let bytes)? = layer["tree\(path)"] else { return nil }
            return text(bytes)
        }
        #expect(
            file("/etc/systemd/system/multi-user.target.d/kldload-darksites.conf")
                == "[Unit]\nWants=kldload-darksite@debian.service kldload-darksite@mint.service\n")
        let sources = try #require(file("/etc/apt/sources.list.d/kldload-darksite.sources"))
        #expect(sources.contains("\nURIs: http://127.0.0.1:3142\nSuites: trixie\nComponents: main\n"))
    }

    @Test(arguments: [
        ("free", ["free", "core"], "free"), ("core", ["free", "core"], "core"), ("acme", ["free", "core"], "free"),
        ("core", ["free", "core", "active"], nil), ("free", ["core"], nil),
    ])
    func theLiveSystemShowsThePageOfItsEdition(edition: String, pages: [String], shown: String?) throws {
        var declaration = try declaration()
        declaration.iso.edition = edition
        let folder = "usr/local/share/kldload-webui"
        let tree = try FileTree(
            Dictionary(
                uniqueKeysWithValues: pages.map { ("\(folder)/\($0)/index.html", .file(Blob(of: Array($0.utf8)))) }))
        let layer = Step.buildLayer(
            declaration, identity: "x", includes: .folder("/checkout/includes", tree, shownAs: "includes"))
        var found: String?
        if case .file(let path, let blob, _)? = layer["tree/\(folder)/active/index.html"] {
            found = path.removingLastComponent().lastComponent?.string
            #expect(path.starts(with: "/checkout/includes") && blob == Blob(of: Array((found ?? "").utf8)))
        }
        #expect(found == shown)
    }

    @Test func aDistributionIsMadeInTheStageOfWhomItIsLike() throws {
        #expect(BuildStage.all.map(\.name) == ["builder", "debian", "ubuntu", "rpm", "iso"])
        #expect(BuildStage.all.map(\.number) == [1, 2, 3, 4, 5])
        #expect(BuildStage.darksite(of: try #require(try declaration()[distribution: "mint"])).name == "ubuntu")
    }

    @Test(arguments: [
        ([], ["debian-archive-keyring"]),
        (["build", "centos"], ["debian-archive-keyring", "distribution-gpg-keys"]),
        (["build", "--distro=centos"], ["debian-archive-keyring", "distribution-gpg-keys"]),
        (["explain", "centos/gate"], ["debian-archive-keyring", "distribution-gpg-keys"]),
        (["build", "rpm"], ["debian-archive-keyring", "distribution-gpg-keys"]),
    ])
    func keyringsThatAreMissingHavePackages(words: [String], packages: [String]) throws {
        let rpm = """
              centos:
                family: rpm
                release: "9"
                platform: el9
                architecture: x86_64
                repositories:
                  - {name: baseos, metalink: "https://x.example.org", keys: [/usr/share/distribution-gpg-keys/centos/KEY]}
                profiles: {core: [base]}
            """
        let text = MadeDeclaration.text.split(separator: "/keys/debian-archive").joined(
            separator: "/usr/share/keyrings/debian-archive"
        )
        .split(separator: "\nlive:\n", maxSplits: 1).joined(separator: "\n\(rpm)\nlive:\n")
        let declaration = try MadeDeclaration.parse(text)
        let found = declaration.packagesOfMissingKeyrings(naming: words) { _ in false }
        #expect(found == packages)
        #expect(declaration.packagesOfMissingKeyrings(naming: words) { _ in true } == [])
    }
}

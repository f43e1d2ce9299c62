import MadeDeclaration
import Primitives
import SystemPackage
import Testing

@testable import Declaration

@Suite struct DeclarationTests {
    @Test func everythingIsReadIntoTypedValues() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.text)
        let debian = try #require(declaration[distribution: "debian"])
        #expect(debian.release == "13")
        let folder = { (path: FilePath) in Declaration.Mirror.address(.folder(path)) }
        #expect(
            debian.apt?.repositories[0].mirrors
                == [
                    .host(
                        VendorArchive(vendor: .debian, codename: "trixie", isSecurity: false, architecture: "amd64")),
                    .address(.remote("http://mirror.example/debian")), folder("/srv/debian"),
                    folder("/checkout/mirror"),
                ])
        #expect(debian.apt?.repositories[0].trust == .keyring("/keys/debian-archive-keyring.gpg"))
        #expect(debian.apt?.repositories[1].mirrors == [folder("/own")])
        #expect(debian.apt?.repositories[1].trust == .unsigned)
        #expect(debian.apt?.pins[0].target == .release(["n": "trixie-backports", "c": "main"]))
        #expect(debian.apt?.pins[0].priority == -10)
        #expect(debian.profiles.map(\.name) == ["core", "server"])
        #expect(
            debian.profiles[1].sets[1]
                == PackageSetReference("server", at: SourceLocation(file: "deploy.yaml", line: 20, column: 11)))
        #expect(declaration.live.includes == "/checkout/includes.chroot")
        #expect(declaration.live.postinstall == nil)
        #expect(declaration.output == Declaration.Output(folder: "/checkout/live-build/output", keep: 5))
        #expect(declaration.builds == Declaration.Builds(keep: 20))
        #expect(declaration.iso.squashfsLevel == 3)
        #expect(declaration.profiles(of: debian).map(\.name) == ["core", "server", "live", "builder", "zfs-build"])
    }

    @Test func theLiveSystemOfADesktopIsAProfileOfItsOwn() throws {
        func declared(_ more: String, carrying profiles: String = "[core]") throws -> Declaration {
            let text = MadeDeclaration.text
                .replacing("      core: [base, core]", with: "      core: [base, core]\n      desktop: [base, core]")
                .replacing("  sets: [live]", with: "  sets: [live]\(more)")
                .replacing("{debian: [core]}", with: "{debian: \(profiles)}")
            return try MadeDeclaration.parse(text)
        }
        let desktop = "\n  desktop-sets: [screen]"
        let declaration = try declared(desktop)
        let debian = try #require(declaration[distribution: "debian"])
        // Whatever the image carries: so the lock is the same.
        #expect(
            declaration.profiles(of: debian).map { "\($0.name) \($0.sets.map(\.name))" }.dropFirst(3).prefix(2)
                == ["live [\"live\"]", "live-desktop [\"live\", \"screen\"]"])
        #expect(declaration.liveProfile == .live)
        #expect(try declared(desktop, carrying: "[core, desktop]").liveProfile == .liveDesktop)
        #expect(try declared("", carrying: "[core, desktop]").liveProfile == .live)
        #expect(throws: UserErrors.self) { try declared("\n  desktop-sets: screen") }
    }

    @Test(arguments: [
        ("{sets: [zfs-build]}", ["core", "server"]),
        ("{sets: [zfs-build]}\n    gates: {install: [server]}", ["server"]),
        ("{sets: [zfs-build]}\n    gates: {install: []}", []),
    ])
    func coreAndServerAreReallyInstalledUnlessTheDeclarationSaysOtherwise(text: String, profiles: [String]) throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.text.replacing("{sets: [zfs-build]}", with: text))
        #expect(declaration[distribution: "debian"]?.installedProfiles == profiles)
    }

    @Test(arguments: [
        (
            "    release: \"13\"", "    relaese: \"13\"",
            [
                "3:3 distributions.debian lacks \"release\" | for example: release: \"13\"",
                "4:5 there is no key \"relaese\" in distributions.debian | did you mean release?",
            ]
        ),
        (
            "unsigned: true}", "unsigned: true, snapshot: \"http://s.example/debian/\"}",
            [
                "13:104 distributions.debian.repositories[1].snapshot cannot be \"http://s.example/debian/\" | with {date}, which becomes 20261119T203112Z, or {sha256}, which becomes a file's digest"
            ]
        ),
        (
            "unsigned: true}", "unsigned: true, snapshot: \"s.example/{date}\"}",
            [
                "13:104 distributions.debian.repositories[1].snapshot cannot be \"s.example/{date}\" | an address: http://, https:// or file:///"
            ]
        ),
        (
            "unsigned: true}", "unsigned: true, snapshots: \"http://s.example/{sha256}\"}",
            [
                "13:94 there is no key \"snapshots\" in distributions.debian.repositories[1] | did you mean snapshot?"
            ]
        ),
        (
            "{sets: [zfs-build]}", "{sets: [zfs-build]}\n    gates: {install: [core, sever]}",
            ["22:29 there is no profile \"sever\" | did you mean server?"]
        ),
        (
            "{sets: [zfs-build]}", "{sets: [zfs-build]}\n    gates: {instal: [core]}",
            [
                "22:5 distributions.debian.gates lacks \"install\" | for example: install: [core, server]",
                "22:13 there is no key \"instal\" in distributions.debian.gates | did you mean install?",
            ]
        ),
        ("output: {keep: 5}", "output: {keep: many}", ["33:16 output.keep should be a whole number, and is \"many\""]),
        ("output: {keep: 5}", "output: {keep: 0}", ["33:16 output.keep cannot be 0 | from 1 to 1000"]),
        (
            "output: {keep: 5}", "output: {keep: 5}\nstore: {max-size: much}",
            ["34:19 store.max-size cannot be \"much\" | it is a number and a unit: 500M, 40G, 1.5T (or MiB, GiB, TiB)"]
        ),
        (
            "output: {keep: 5}", "output: {keep: 5}\nstore: {maxsize: 40G}",
            [
                "34:1 store lacks \"max-size\" | for example: max-size: 40G",
                "34:9 there is no key \"maxsize\" in store | did you mean max-size?",
            ]
        ),
        ("output: {keep: 5}", "output: [5]", ["33:9 output should be a mapping (key: value), and is a list"]),
        (
            "output: {keep: 5}", "output: {keep: 5}\nbuilds: {keep: 0, kept: 1}",
            [
                "34:16 builds.keep cannot be 0 | from 1 to 1000",
                "34:19 there is no key \"kept\" in builds | the keys are: keep",
            ]
        ),
        ("output: {keep: 5}", "output:", ["33:8 output should be a mapping (key: value), and is nothing"]),
        (
            "[base, core]", "base",
            [
                "17:13 distributions.debian.profiles.core should be a list ([one, two], or a line \"- one\" for each), and is \"base\""
            ]
        ),
        (
            "[base, core]", "[base, base]",
            ["17:20 distributions.debian.profiles.core has \"base\" twice | first on line 17"]
        ),
        (
            "[base, core]", "[../base]",
            [
                "17:14 distributions.debian.profiles.core cannot be \"../base\" | the name of a file in package-sets/DISTRIBUTION/, without .txt"
            ]
        ),
        (
            "      core: [base", "      live: [base",
            [
                "17:7 the name \"live\" is taken: the build has a profile of its own called so",
                "31:12 debian has no profile \"core\" | known: live, server",
                "32:24 debian has no profile \"core\" | known: live, server",
            ]
        ),
        (
            "unsigned: true", "unsigned: yes",
            ["13:88 distributions.debian.repositories[1].unsigned should be true or false, and is \"yes\""]
        ),
        (
            ", unsigned: true", "",
            [
                "13:9 distributions.debian.repositories[1] lacks \"keyring\" | for example: keyring: /usr/share/keyrings/debian-archive-keyring.gpg (or unsigned: true, which trusts everybody)"
            ]
        ),
        ("name: own", "name: debian", ["13:9 two repositories are called \"debian\" | the other is on line 8"]),
        (
            "[../own]", "[ftp://x.example]",
            [
                "13:31 distributions.debian.repositories[1].mirrors cannot be \"ftp://x.example\" | host, or addresses: http://, https://, file:///… (with %20 for a space), or a folder"
            ]
        ),
        (
            "release n=trixie-backports, c=main", "release x=y",
            [
                "15:38 distributions.debian.pins[0].pin cannot be \"release x=y\" | release a=ARCHIVE, n=CODENAME, c=COMPONENT, v=VERSION, o=ORIGIN, l=LABEL, b=ARCHITECTURE"
            ]
        ),
        (
            "version: 1", "version: 2",
            [
                "1:10 this deploy reads version 1 of deploy.yaml, and this is version 2 | use the deploy it was written for"
            ]
        ),
        ("profile: core", "profile: sever", ["31:12 debian has no profile \"sever\" | did you mean server?"]),
        (
            "profile: core", "profile: server",
            [
                "31:12 the image is called after server, and carries core of debian | add server to iso.darksites, or name one that is there"
            ]
        ),
        (
            "darksites: {debian: [core]}", "darksites: {debain: [core]}",
            ["32:15 there is no distribution \"debain\" | did you mean debian?"]
        ),
        (
            "label: KLDLOAD", "label: kld load",
            [
                "28:10 iso.label cannot be \"kld load\" | ISO 9660 has A to Z, 0 to 9 and _ in a volume's name, 32 of them at most"
            ]
        ),
        (
            "sets: [builder]}", "image: debian:13}",
            [
                "26:11 builder has an image, and is not made from distribution",
                "26:40 builder.image cannot be \"debian:13\" | an image is named by digest: registry.example/debian@sha256:… (a tag can change under you)",
            ]
        ),
        (
            "  distribution: debian\n  sets: [live]", "  distribution: ubuntu\n  sets: [live]",
            ["23:17 there is no distribution \"ubuntu\" | known: debian"]
        ),
    ])
    func aWrongValueIsAnErrorAtItsPlace(part: String, replacement: String, expected: [String]) {
        #expect(MadeDeclaration.errors(part, replacement) == expected)
    }

    @Test func aMissingFileIsAnErrorWhereItIsNamed() {
        #expect(
            MadeDeclaration.errors("version: 1", "version: 1") {
                !"\($0)".contains("keyring") && !"\($0)".contains("includes")
            }
                == [
                    "12:18 there is no keyring /keys/debian-archive-keyring.gpg | get it from whoever signs the repository, and put it there",
                    "25:13 there is no folder /checkout/includes.chroot | an empty one will do",
                ])
        #expect(
            MadeDeclaration.errors("includes: includes.chroot", "includes: includes.chroot\n  postinstall: after") {
                !"\($0)".contains("after")
            } == ["26:16 there is no folder /checkout/after | an empty one will do"])
        #expect(throws: UserErrors.self) { try Declaration.load("deploy.yaml", in: "/nonexistent") }
    }

    @Test func theKeyringOfADistributionThatIsNotInUseMayBeMissing() throws {
        let exists = { (path: FilePath) in !"\(path)".contains("ubuntu-archive") }
        let declaration = try MadeDeclaration.parse(MadeDeclaration.withUbuntu(), exists: exists)
        #expect(declaration.distributionsInUse == ["debian"])
        let used = MadeDeclaration.withUbuntu().replacing(
            "darksites: {debian: [core]}", with: "darksites: {ubuntu: [core]}")
        #expect(try MadeDeclaration.parse(used).distributionsInUse == ["debian", "ubuntu"])
        let errors = MadeDeclaration.errors(in: used, exists: exists)
        #expect(errors.count == 1)
        #expect(
            errors[0].hasPrefix(
                "31:18 there is no keyring /keys/ubuntu-archive-keyring.gpg | get it from whoever signs the repository")
        )
    }

    @Test func twoDistributionsHaveNoRepositoryOfTheSameName() {
        #expect(
            MadeDeclaration.errors(in: MadeDeclaration.withUbuntu("debian"))
                == ["27:9 debian has a repository called \"debian\" too | call it ubuntu-debian"])
    }

    @Test func aDistributionBesideTheImageHasTheImagesProfileOrAllOfItsOwn() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.withUbuntu())
        let ubuntu = try #require(declaration[distribution: "ubuntu"])
        #expect(declaration.darksite(of: ubuntu).profiles == ["core"])
        let overrides = DeclarationOverrides(profile: "server", environment: [:])
        #expect(try declaration.applying(overrides).darksite(of: ubuntu).profiles == ["core"])
        let debian = try #require(declaration[distribution: "debian"])
        #expect(try declaration.applying(overrides).darksite(of: debian).profiles == ["server"])
    }

    @Test func theDistributionOfAFlagIsInUse() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.withUbuntu())
        let chosen = try declaration.applying(DeclarationOverrides(environment: ["KLDLOAD_DISTRO": "ubuntu"]))
        #expect(chosen.distributionsInUse == ["debian", "ubuntu"])
        #expect(chosen.iso.darksites.map(\.distribution) == ["debian", "ubuntu"])
    }

    @Test func keysGivenTwiceAreToldTogetherWithEverythingElse() {
        let text = MadeDeclaration.text.replacing(
            "codename: trixie", with: "codename: trixie\n    \"codename\": sid\n    arch: 1"
        )
        .replacing("keep: 5", with: "keep: 5, keep: 6")
        .replacing("      server:\n", with: "      core: [x]\n      server:\n")
        #expect(
            MadeDeclaration.errors(in: text) == [
                "6:5 \"codename\" is given twice | first on line 5",
                "7:5 there is no key \"arch\" in distributions.debian"
                    + " | the keys are: release, codename, architecture, foreign-architectures, repositories, pins, profiles, zfs-module, gates, family, like",
                "20:7 \"core\" is given twice | first on line 19",
                "36:19 \"keep\" is given twice | first on line 36",
            ])
    }

    @Test(arguments: [
        ("version: 1\n  x: [", 2), ("a: 'b", 1), ("a: b: c", 1), ("\tx", 1), ("", 1), ("a: *b", 1),
        ("{a: 1}\n---\n{b: 2}", 2),
        ("? [a]\n: 1", 1), ("version: \u{1}", 1), ("&a [*a]", 1), ("x: &a [1]\n<<: *a", 1),
    ])
    func whatIsNoYAMLIsAnErrorWithItsLine(text: String, line: Int) {
        do {
            Issue.record("no error: \(try MadeDeclaration.parse(text))")
        } catch {
            #expect(error.errors.first?.location?.line == line, "\(error)")
        }
    }

    @Test func aliasesThatMultiplyAreRefused() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let items = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(items)]\n"
        }
        #expect(MadeDeclaration.errors(in: text).contains { $0.hasSuffix("too many values") })
    }

    // MARK: Overrides

    @Test func flagsWinOverVariablesAndVariablesOverTheFile() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.text)
        let environment = ["PROFILE": "server", "EDITION": "pro", "KLDLOAD_DISTRO": ""]
        let byVariable = try declaration.applying(DeclarationOverrides(environment: environment))
        #expect(byVariable.iso.profile == "server")
        #expect(byVariable.iso.edition == "pro")
        #expect(
            byVariable.iso.darksites == [Declaration.Darksite(distribution: "debian", profiles: ["core", "server"])])
        let byFlag = try declaration.applying(DeclarationOverrides(profile: "core", environment: environment))
        #expect(byFlag.iso.profile == "core")
        #expect(byFlag.iso.darksites == declaration.iso.darksites)
        #expect(try declaration.applying(DeclarationOverrides(environment: [:])) == declaration)
    }

    @Test func unknownNamesInOverridesListThoseThatExist() throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.text)
        let overrides = DeclarationOverrides(
            profile: "severe", edition: "a b", distribution: nil, environment: ["KLDLOAD_DISTRO": "arch"])
        do {
            Issue.record("no error: \(try declaration.applying(overrides))")
        } catch {
            #expect(
                error.errors.map(\.what) == [
                    "an edition cannot be called \"a b\" (--edition)",
                    "there is no distribution \"arch\" (KLDLOAD_DISTRO)",
                ])
            #expect(error.isUsageError)
        }
        do {
            Issue.record(
                "no error: \(try declaration.applying(DeclarationOverrides(profile: "severe", environment: [:])))")
        } catch {
            #expect(error.errors[0].what == "debian has no profile \"severe\" (--profile)")
            #expect(error.errors[0].hint == "did you mean server? deploy.yaml has: core, server")
        }
    }
}

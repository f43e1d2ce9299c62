import MadeDeclaration
import SystemPackage
import Testing

@testable import Declaration

/// No key is taken and dropped: each changes what is declared. What becomes of that, the tests of plan, lock and mirrors say.
@Suite struct DeclarationKeyTests {
    @Test(arguments: [
        ("release: \"13\"", "release: \"14\""), ("codename: trixie", "codename: forky"),
        ("architecture: amd64", "architecture: arm64"),
        ("architecture: amd64", "architecture: amd64\n    foreign-architectures: [i386]"),
        ("- name: debian\n", "- name: debian-x\n"), ("mirrors: [../own]", "mirrors: [../own2]"),
        ("suites: [stable]", "suites: [unstable]"), ("components: [main], unsigned", "components: [x], unsigned"),
        ("/keys/debian-archive-keyring.gpg", "/keys/other.gpg"), ("unsigned: true}\n", "keyring: /keys/own.gpg}\n"),
        ("[main], unsigned: true}", "[main], unsigned: true, snapshot: \"http://s.example/{date}/\"}"),
        ("[main], unsigned: true}", "[main], unsigned: true, max-age: 14d}"),
        ("priority: 90", "priority: 90\n        max-age: any"),
        ("[\"linux-*\"]", "[\"zfs*\"]"), ("n=trixie-backports", "n=sid"), ("priority: -10", "priority: 500"),
        ("core: [base, core]\n      server", "core: [base]\n      server"),
        ("{sets: [zfs-build]}", "{sets: [zfs-other]}"),
        ("zfs-module: {sets: [zfs-build]}", "zfs-module: {sets: [zfs-build]}\n    gates: {install: [server]}"),
        ("family: rpm\n    release: \"9\"", "family: rpm\n    release: \"10\""), ("platform: el9", "platform: el10"),
        ("repo=baseos", "repo=base"), ("keys: [/keys/KEY]", "keys: [/keys/KEY2]"),
        ("        vouched-by: metalink\n", ""),
        ("priority: 90", "priority: 91"), ("cost: 2000", "cost: 2001"), ("\"kernel*\"", "\"kernel-x*\""),
        ("../zfs]", "../zfs2]"), ("[/keys/A, ", "[/keys/B, "), ("///srv/list", "///srv/list2"),
        (", module-hotfixes: true", ""), ("\"*-debuginfo\"", "\"*-debug\""), ("nodejs:20", "nodejs:22"),
        ("zfs: kmod", "zfs: dkms"),
        ("    online: true\n", "    repositories: [{name: r, baseurl: [../r], unsigned: true}]\n"),
        ("live:\n  distribution: debian", "live:\n  distribution: centos"), ("sets: [live]", "sets: [live2]"),
        ("includes: includes.chroot", "includes: other"),
        ("sets: [live]", "sets: [live]\n  desktop-sets: [live-desktop]"),
        ("includes: includes.chroot", "includes: includes.chroot\n  postinstall: scripts"),
        ("sets: [builder]}", "sets: [builder2]}"), ("sets: [builder]}", "sets: [builder], rpm-sets: [b]}"),
        (
            "{distribution: debian, sets: [builder]}",
            "{image: \"r.example/d@sha256:0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\"}"
        ),
        ("edition: free", "edition: pro"),
        ("profile: core\n  darksites: {debian: [core]}", "profile: server\n  darksites: {debian: [server]}"),
        ("  profile: core", "  profile: core\n  systems: []"),
        ("  profile: core", "  profile: core\n  squashfs-level: 15"), ("{debian: [core]}", "{debian: [core, server]}"),
        ("{keep: 5}", "{keep: 6}"), ("{keep: 5}", "{keep: 5, folder: elsewhere}"),
    ])
    func eachKeyChangesWhatIsDeclared(part: String, replacement: String) throws {
        let text = MadeDeclaration.rpmText
        #expect(text.contains(part))
        let before = try MadeDeclaration.parse(text)
        let after = try MadeDeclaration.parse(text.replacingFirst(part, with: replacement))
        #expect(after != before)
    }

    /// Nothing is resolved of a distribution that is installed over the network.
    @Test(arguments: ["excludes: [\"x*\"]", "modules: [\"nodejs:20\"]", "gates: {install: [core]}", "zfs: kmod"])
    func whatWouldHaveNoEffectIsRefused(key: String) throws {
        let name = key.prefix { $0 != ":" }
        let errors = MadeDeclaration.rpmErrors("    online: true\n", "    online: true\n    \(key)\n")
        #expect(errors.count == 1 && errors[0].contains("rhel is online") && errors[0].contains(name), "\(errors)")
    }

    @Test func aSystemIsOfAProfileThatIsReallyInstalled() throws {
        func declared(_ systems: String) -> String {
            MadeDeclaration.text.replacingFirst("  profile: core", with: "  profile: core\n  systems: \(systems)")
        }
        #expect(try MadeDeclaration.parse(declared("[core]")).iso.systems == ["core"])
        #expect(try MadeDeclaration.parse(declared("[]")).iso.systems == [])
        #expect(try MadeDeclaration.parse(MadeDeclaration.text).iso.systems == nil)
        let unknown = MadeDeclaration.errors(in: declared("[desktop]")) { _ in true }
        #expect(unknown.count == 1 && unknown[0].contains("has \"desktop\" among the profiles"), "\(unknown)")
        let odd = MadeDeclaration.errors(in: declared("{}")) { _ in true }
        #expect(odd.count == 1 && odd[0].contains("systems"), "\(odd)")
    }

    @Test func whatIsNamedAndNotOnTheImageIsTold() throws {
        func idle(gates: String, systems: String) throws -> [String] {
            let text = MadeDeclaration.text
                .replacingFirst("    zfs-module:", with: "    gates: {install: \(gates)}\n    zfs-module:")
                .replacingFirst("  profile: core", with: "  profile: core\n  systems: \(systems)")
            return try MadeDeclaration.parse(text).idleInstallations
        }
        #expect(try MadeDeclaration.parse(MadeDeclaration.text).idleInstallations == [], "what nobody named")
        #expect(try idle(gates: "[core]", systems: "[core]") == [])
        #expect(
            try idle(gates: "[core, server]", systems: "[server]") == [
                "debian: gates.install names server, which the image does not carry: it is not installed",
                "iso.systems names server, which the image does not carry: it is not installed",
            ])
    }

    @Test func editorsOfOtherSystemsAreUnderstood() throws {
        let text = MadeDeclaration.text
        let plain = try MadeDeclaration.parse(text)
        #expect(try MadeDeclaration.parse("\u{FEFF}" + text.replacing("\n", with: "\r\n")) == plain)
        let spaces = [
            "codename: trixie": "codename:\u{A0}trixie", "keep: 5": "keep: 5\u{A0}", "  live": "  live\u{2003}",
        ]
        for (part, replacement) in spaces where text.contains(part) {
            let errors = MadeDeclaration.errors(in: text.replacingFirst(part, with: replacement)) { _ in true }
            #expect(errors.count == 1 && errors[0].contains("is no space to YAML"), "\(errors)")
            #expect(errors.first?.contains("ordinary space") == true)
        }
    }

    @Test func homesAndArchitecturesAreRead() throws {
        let text = MadeDeclaration.text.replacingFirst("{keep: 5}", with: "{folder: ~/out}")
        let declaration = try Declaration.parse(text, file: "deploy.yaml", folder: "/checkout", home: "/home/me") { _ in
            true
        }
        #expect(declaration.output.folder == "/home/me/out")
        #expect(MadeDeclaration.errors(in: text) { _ in true }.count == 1, "without a home there is no ~/")
        let wrong = MadeDeclaration.text.replacingFirst("architecture: amd64", with: "architecture: x86_64")
        #expect(MadeDeclaration.errors(in: wrong) { _ in true }.first?.contains("here it is called amd64") == true)
    }
}

import APT
import BuildGraph
import Darksites
import Declaration
import Glibc
import Locking
import Packages
import Primitives
import SystemPackage
import Testing
import Transfer

@testable import Pipeline

/// A key that `deploy.yaml` may have changes what is asked for, from where it is fetched, the steps of the build, or what is published.
@Suite final class EveryKeyTests {
    /// A declaration with every key there is.
    static let text = """
        version: 1
        distributions:
          debian:
            family: apt
            like: debian
            release: "13"
            codename: trixie
            architecture: amd64
            foreign-architectures: [i386]
            repositories:
              - name: debian
                mirrors: ["http://one.example.org/debian"]
                suites: [trixie]
                components: [main]
                keyring: /keys/debian.gpg
                unsigned: false
                snapshot: http://snapshot.example.org/{date}/
                max-age: 14d
                updates: http://updates.example.org/debian
              - {name: own, packages: [./debs]}
            pins:
              - {packages: [linux-base], pin: release n=trixie, priority: 600}
            profiles: {core: [base], server: [base]}
            gates: {install: [core]}
            zfs-module: {sets: [zfs-build]}
          centos:
            family: rpm
            release: "9"
            platform: el9
            architecture: x86_64
            online: false
            repositories:
              - name: baseos
                metalink: https://list.example.org/metalink
                keys: [/keys/baseos]
                package-keys: [/keys/packages]
                priority: 50
                cost: 500
                excludes: [curl]
                module-hotfixes: true
                max-age: 8w
              - {name: epel, metalink: "https://list.example.org/epel", vouched-by: metalink, keys: [/keys/epel]}
              - {name: extra, mirrorlist: "https://list.example.org/extra", unsigned: true}
              - {name: zfs, baseurl: ["http://zfs.example.org"], keys: [/keys/zfs]}
              - {name: rpms, packages: [./rpms]}
            excludes: [wget]
            modules: ["nodejs:20"]
            zfs: dkms
            profiles: {core: [base], server: [base]}
            gates: {install: [core]}
        live: {distribution: debian, sets: [live], desktop-sets: [desk], includes: includes, postinstall: after}
        builder: {distribution: debian, sets: [builder], rpm-sets: [builder-rpm]}
        iso:
          label: KLDLOAD
          edition: free
          distribution: debian
          profile: core
          darksites: {debian: [core], centos: [core]}
          systems: [core]
          squashfs-level: 3
        output: {folder: out, keep: 3}
        builds: {keep: 20}
        store: {max-size: 40G}
        remote: {address: "grpc://h:1", readonly: true, required: true, execute: true, authority: a, certificate: b, key: c, token: d}

        """

    /// By section, a key and what it is changed to: a part of the text and its replacement.
    static let changes: [(section: String, key: String, part: String, replacement: String)] = [
        ("", "distributions", "trixie]\n        components", "trixie-updates]\n        components"),
        ("", "live", "sets: [live]", "sets: [live, more]"), ("", "builder", "sets: [builder]", "sets: [builder, more]"),
        ("", "iso", "label: KLDLOAD", "label: OTHER"), ("", "output", "keep: 3", "keep: 4"),
        ("", "builds", "keep: 20", "keep: 21"),
        ("debian", "family", "    family: apt\n", ""), ("debian", "like", "like: debian", "like: ubuntu"),
        ("debian", "release", "release: \"13\"", "release: \"14\""),
        ("debian", "codename", "codename: trixie", "codename: forky"),
        ("debian", "architecture", "architecture: amd64", "architecture: arm64"),
        ("debian", "foreign-architectures", "[i386]", "[armhf]"),
        ("debian", "repositories", "- {name: own, packages: [./debs]}", "- {name: own, packages: [./other]}"),
        ("debian", "pins", "priority: 600", "priority: 700"),
        (
            "debian", "profiles", "{core: [base], server: [base]}\n    gates: {install: [core]}\n    zfs-module",
            "{core: [base], server: [more]}\n    gates: {install: [core]}\n    zfs-module"
        ),
        ("debian", "gates", "gates: {install: [core]}\n    zfs-module", "gates: {install: []}\n    zfs-module"),
        ("debian", "zfs-module", "    zfs-module: {sets: [zfs-build]}\n", ""),
        ("debian.gates", "install", "gates: {install: [core]}\n    zfs-module", "gates: {install: []}\n    zfs-module"),
        ("debian.zfs-module", "sets", "sets: [zfs-build]", "sets: [zfs-build, more]"),
        ("debian.repositories", "name", "name: debian\n", "name: other\n"),
        ("debian.repositories", "mirrors", "http://one.example.org/debian", "http://two.example.org/debian"),
        ("debian.repositories", "suites", "suites: [trixie]", "suites: [trixie, trixie-updates]"),
        ("debian.repositories", "components", "components: [main]", "components: [main, contrib]"),
        ("debian.repositories", "keyring", "/keys/debian.gpg", "/keys/other.gpg"),
        ("debian.repositories", "unsigned", "keyring: /keys/debian.gpg\n        unsigned: false", "unsigned: true"),
        ("debian.repositories", "snapshot", "snapshot.example.org", "other.example.org"),
        ("debian.repositories", "max-age", "max-age: 14d", "max-age: 15d"),
        ("debian.repositories", "updates", "updates: http://updates.example.org/debian", "updates: none"),
        ("debian.repositories", "packages", "packages: [./debs]", "packages: [./other]"),
        ("debian.pins", "packages", "packages: [linux-base]", "packages: [linux-doc]"),
        ("debian.pins", "pin", "release n=trixie", "release n=forky"),
        ("debian.pins", "priority", "priority: 600", "priority: 700"),
        ("centos", "release", "release: \"9\"", "release: \"10\""),
        ("centos", "platform", "platform: el9", "platform: el10"),
        ("centos", "architecture", "architecture: x86_64", "architecture: aarch64"),
        ("centos", "repositories", "http://zfs.example.org", "http://other.example.org"),
        ("centos", "excludes", "excludes: [wget]", "excludes: [tar]"), ("centos", "modules", "nodejs:20", "nodejs:22"),
        ("centos", "zfs", "zfs: dkms", "zfs: kmod"),
        (
            "centos", "profiles", "zfs: dkms\n    profiles: {core: [base], server: [base]}",
            "zfs: dkms\n    profiles: {core: [base], server: [more]}"
        ),
        ("centos", "gates", "gates: {install: [core]}\nlive", "gates: {install: []}\nlive"),
        ("centos.repositories", "name", "name: baseos", "name: other"),
        ("centos.repositories", "baseurl", "http://zfs.example.org", "http://other.example.org"),
        ("centos.repositories", "mirrorlist", "https://list.example.org/extra", "https://list.example.org/other"),
        ("centos.repositories", "metalink", "https://list.example.org/metalink", "https://list.example.org/other"),
        ("centos.repositories", "keys", "keys: [/keys/baseos]", "keys: [/keys/other]"),
        ("centos.repositories", "package-keys", "package-keys: [/keys/packages]", "package-keys: [/keys/other]"),
        ("centos.repositories", "vouched-by", "vouched-by: metalink, ", ""),
        ("centos.repositories", "unsigned", "unsigned: true", "keys: [/keys/extra]"),
        ("centos.repositories", "priority", "priority: 50", "priority: 51"),
        ("centos.repositories", "cost", "cost: 500", "cost: 501"),
        ("centos.repositories", "excludes", "excludes: [curl]", "excludes: [tar]"),
        ("centos.repositories", "module-hotfixes", "module-hotfixes: true", "module-hotfixes: false"),
        ("centos.repositories", "max-age", "max-age: 8w", "max-age: 9w"),
        ("centos.repositories", "packages", "packages: [./rpms]", "packages: [./other]"),
        ("live", "distribution", "live: {distribution: debian", "live: {distribution: centos"),
        ("live", "sets", "sets: [live]", "sets: [live, more]"),
        ("live", "desktop-sets", ", desktop-sets: [desk]", ""),
        ("live", "includes", "includes: includes", "includes: other"),
        ("live", "postinstall", ", postinstall: after", ", postinstall: other"),
        ("builder", "distribution", "builder: {distribution: debian", "builder: {distribution: centos"),
        ("builder", "sets", "sets: [builder]", "sets: [builder, more]"),
        ("builder", "rpm-sets", ", rpm-sets: [builder-rpm]", ""),
        (
            "builder", "image", "{distribution: debian, sets: [builder], rpm-sets: [builder-rpm]}",
            "{image: \"x@sha256:\(Digest(of: [1]).hex)\"}"
        ),
        ("iso", "label", "label: KLDLOAD", "label: OTHER"), ("iso", "edition", "edition: free", "edition: other"),
        ("iso", "distribution", "distribution: debian\n  profile", "distribution: centos\n  profile"),
        ("iso", "profile", "profile: core\n", "profile: server\n"),
        ("iso", "darksites", "{debian: [core], centos: [core]}", "{debian: [core, server], centos: [core]}"),
        ("iso", "systems", "systems: [core]", "systems: []"),
        ("iso", "squashfs-level", "squashfs-level: 3", "squashfs-level: 4"),
        ("output", "folder", "folder: out", "folder: other"), ("output", "keep", "keep: 3", "keep: 4"),
        ("builds", "keep", "keep: 20", "keep: 21"),
        ("", "store", "{max-size: 40G}", "{max-size: 41G}"), ("store", "max-size", "max-size: 40G", "max-size: 40GiB"),
        ("", "remote", "key: c, token: d}", "key: c}"), ("remote", "address", "grpc://h:1", "grpc://h:2"),
        ("remote", "readonly", "readonly: true", "readonly: false"),
        ("remote", "required", "required: true", "required: false"),
        ("remote", "execute", "execute: true", "execute: false"),
        ("remote", "authority", "authority: a", "authority: b"),
        ("remote", "certificate", "certificate: b", "certificate: a"), ("remote", "key", "key: c", "key: d"),
        ("remote", "token", "token: d", "token: c"),
    ]

    /// Keys that don't change what comes out, and what they do instead.
    static let others = [
        "version": "another one is refused: the reader's tests", "centos.family": "which keys there are",
        "centos.online": "nothing is mirrored: DistributionsInUseTests",
    ]

    private let key: FilePath

    init() throws {
        var template = Array("/tmp/every-key-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        key = template.withUnsafeBufferPointer { FilePath($0.baseAddress.map { String(cString: $0) } ?? "") }
    }

    deinit { try? Files.remove(key) }

    private static func parse(_ text: String) throws -> Declaration {
        try Declaration.parse(text, file: "deploy.yaml", folder: "/checkout", exists: { _ in true })
    }

    /// All that a build takes from a declaration, as text.
    private func consequences(_ declaration: Declaration, signer: SigningKey) throws -> [String] {
        var lines = [
            "\(declaration.output) \(declaration.builds) \(declaration.storeLimit?.bytes ?? 0)",
            "\(declaration.remote.map { "\($0.address) \($0.isReadOnly) \($0.isRequired) \($0.executes) \($0.files)" } ?? "")",
            "\(declaration.live.includes) \(declaration.live.postinstall ?? "")",
        ]
        let selection = MirrorSelection(host: HostAPT(), environment: [:], workingFolder: "/")
        for distribution in declaration.distributions {
            var (keyrings, packageKeys, files): ([String: Digest], [String: Digest], [String: Digest]) = ([:], [:], [:])
            func digest(_ some: Any) -> Digest { Digest(of: Array("\(some)".utf8)) }
            switch distribution.source {
            case .apt(let source):
                for repository in source.repositories {
                    if case .keyring(let path) = repository.trust { keyrings[repository.name] = digest(path) }
                    if !repository.packages.isEmpty { files[repository.name] = digest(repository.packages.map(\.text)) }
                    lines.append("\(try selection.addresses(of: repository)) \(repository.site)")
                    lines.append("\(String(describing: repository.snapshot)) \(repository.maximumAge)")
                }
            case .rpm(let source):
                for repository in source.repositories {
                    keyrings[repository.name] = digest(repository.keys)
                    packageKeys[repository.name] = digest(repository.packageKeys)
                    if case .packages(let patterns) = repository.access {
                        files[repository.name] = digest(patterns.map(\.text))
                    }
                    lines.append("\(try selection.addresses(of: repository)) \(String(describing: repository.list))")
                    lines.append("\(repository.maximumAge)")
                }
            }
            lines.append(
                "\(LockedRequest(of: distribution, profiles: [:], keyrings: keyrings, packageKeys: packageKeys, files: files))"
            )
            for profile in declaration.profiles(of: distribution, usingRPM: true) {
                lines.append("\(distribution.name) \(profile.name) \(profile.sets.map(\.name))")
            }
        }
        do {
            let plan = try BuildPlanner(
                declaration: declaration, lock: Self.lock, beside: [],
                fetch: PackageFetch(addresses: RepositoryAddresses([:]), downloader: Downloader()), signer: signer,
                includes: .literal(Array(declaration.live.includes.string.utf8)),
                postinstall: .literal(Array("\(declaration.live.postinstall ?? "")".utf8)), packageKeys: [:],
                forbidden: [:], isDraft: false
            ).plan()
            lines.append(plan.imageName)
            for (name, step) in plan.graph.steps.sorted(by: { $0.key < $1.key }) {
                lines.append(
                    "\(step.stage.name) \(name) \(step.title) \(step.inputs.sorted { $0.key < $1.key }) \(step.outputs.keys.sorted())"
                )
                if case .container(let image, _, let arguments, let environment) = step.action {
                    lines.append("\(image) \(arguments) \(environment)")
                }
            }
        } catch let error as any UserError {
            lines.append("no plan: \(error.what)")
        }
        return lines
    }

    /// A lock that has a package for whatever is asked.
    private static let lock = Lock(
        [("debian", PackageFamily.apt, "amd64"), ("centos", .rpm, "x86_64")].map { name, family, architecture in
            let profiles = ["core", "server", "live", "builder", "rpm-builder", "zfs-build"]
            return LockedDistribution(
                name: name, family: family, architecture: architecture, asked: nil,
                snapshots: [
                    LockedSnapshot(
                        repository: "debian", suite: "trixie", date: LockDate(secondsSince1970: 1_700_000_000),
                        digest: Digest(of: [1]), size: ByteCount(1))
                ], indexes: [],
                packages: ["linux-image-6.12.1-\(architecture)", "dpkg"].map { package in
                    LockedPackage(
                        name: package, version: "1", architecture: architecture, profiles: profiles, isEssential: true,
                        size: ByteCount(1), repository: "debian", path: "pool/\(package).deb", digest: Digest(of: [2]))
                },
                built: family == .apt
                    ? [
                        LockedBuild(
                            name: "zfs-modules-6.12.1-amd64", version: "1", architecture: "amd64", profiles: profiles)
                    ]
                    : [])
        })

    @Test func everyKeyChangesSomething() async throws {
        let signer = try await SigningKey(home: key)
        let before = try consequences(try Self.parse(Self.text), signer: signer)
        for change in Self.changes {
            let text = Self.text.replacing(change.part, with: change.replacement, maxReplacements: 1)
            #expect(text != Self.text, "\(change) replaces nothing")
            let after: [String]
            do {
                after = try consequences(try Self.parse(text), signer: signer)
            } catch let error as any UserError {
                after = [error.description]
            }
            if change.key == "family" {
                #expect(after == before, "apt is what there is without the key")
            } else {
                #expect(after != before, "\(change.section).\(change.key) is accepted, and changes nothing")
            }
        }
    }

    /// The reader says which keys it knows where it meets another one: none of them is left out above.
    @Test(arguments: [
        ("", "version: 1"), ("debian", "    like: debian"), ("debian.repositories", "        max-age: 14d"),
        ("debian.pins", "{packages: [linux-base]"), ("debian.gates", "{install: [core]}\n    zfs-module"),
        ("debian.zfs-module", "{sets: [zfs-build]}"), ("centos", "    platform: el9"),
        ("centos.repositories", "        cost: 500"), ("live", "{distribution: debian, sets: [live]"),
        ("builder", "{distribution: debian, sets: [builder]"), ("iso", "  label: KLDLOAD"), ("output", "{folder: out"),
        ("store", "{max-size: 40G"), ("remote", "{address"),
    ])
    func noKeyIsLeftOut(section: String, place: String) throws {
        let indent = place.prefix { $0 == " " }
        let text =
            place.hasPrefix("{")
            ? Self.text.replacing(place, with: "{unknown: 1, " + place.dropFirst(), maxReplacements: 1)
            : Self.text.replacing(place, with: "\(place)\n\(indent)unknown: 1", maxReplacements: 1)
        let errors = #expect(throws: UserErrors.self) { try Self.parse(text) }
        let hint = try #require(errors?.errors.first { $0.what.contains("\"unknown\"") }?.hint)
        let known = hint.replacing("the keys are: ", with: "").split(separator: ", ").map(String.init)
        #expect(known.count > 0)
        for key in known {
            let isShown = Self.changes.contains { $0.section == section && $0.key == key }
            let name = section.isEmpty ? key : "\(section).\(key)"
            #expect(isShown || Self.others[name] != nil, "nothing shows what \(name) does")
        }
    }
}

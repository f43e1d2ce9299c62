package import Declaration
package import Primitives
package import SystemPackage

/// Declarations for tests: one of Debian, and one with distributions of RPM packages beside it.
package enum MadeDeclaration {
    package static let text = """
        version: 1
        distributions:
          debian:
            release: "13"
            codename: trixie
            architecture: amd64
            repositories:
              - name: debian
                mirrors: [host, "http://mirror.example/debian/", "file:///srv/debian", mirror]
                suites: [trixie, trixie-updates]
                components: [main]
                keyring: /keys/debian-archive-keyring.gpg
              - {name: own, mirrors: [../own], suites: [stable], components: [main], unsigned: true}
            pins:
              - {packages: ["linux-*"], pin: "release n=trixie-backports, c=main", priority: -10}
            profiles:
              core: [base, core]
              server:
                - base
                - server
            zfs-module: {sets: [zfs-build]}
        live:
          distribution: debian
          sets: [live]
          includes: includes.chroot
        builder: {distribution: debian, sets: [builder]}
        iso:
          label: KLDLOAD
          edition: free
          distribution: debian
          profile: core
          darksites: {debian: [core]}
        output: {keep: 5}

        """

    private static let centos = """
          centos:
            family: rpm
            release: "9"
            platform: el9
            architecture: x86_64
            repositories:
              - name: centos-baseos
                metalink: https://mirrors.example.org/metalink?repo=baseos-$releasever&arch=$basearch
                keys: [/keys/KEY]
              - name: centos-epel
                metalink: https://mirrors.example.org/metalink?repo=epel-9
                vouched-by: metalink
                keys: [/keys/EPEL]
                priority: 90
                cost: 2000
                excludes: ["kernel*", curl]
              - {name: centos-zfs, baseurl: [http://zfs.example.org/$basearch/, ../zfs], keys: [/keys/ZFS], package-keys: [/keys/A, /keys/ZFS]}
              - {name: centos-hotfix, mirrorlist: file:///srv/list, unsigned: true, module-hotfixes: true}
            excludes: ["*-debuginfo"]
            modules: ["nodejs:20"]
            zfs: kmod
            profiles:
              core: [base, core]
          rhel:
            family: rpm
            release: "9"
            platform: el9
            architecture: x86_64
            online: true
            profiles:
              core: [base, core]
        live:

        """

    package static var rpmText: String { replacing("live:\n", with: centos, in: text) }

    /// A declaration with a second distribution, which nothing is made of.
    package static func withUbuntu(_ repository: String = "ubuntu") -> String {
        text.replacing(
            "live:\n",
            with: """
                  ubuntu:
                    release: "24.04"
                    codename: noble
                    architecture: amd64
                    repositories:
                      - name: \(repository)
                        mirrors: [host]
                        suites: [noble]
                        components: [main]
                        keyring: /keys/ubuntu-archive-keyring.gpg
                    profiles: {core: [base]}
                live:

                """)
    }

    package static func parse(
        _ text: String, exists: @escaping (FilePath) -> Bool = { _ in true }
    ) throws(UserErrors) -> Declaration {
        try Declaration.parse(text, file: "deploy.yaml", folder: "/checkout", exists: exists)
    }

    /// The errors of ``text`` with `part` replaced: "LINE:COLUMN what | hint".
    package static func errors(
        _ part: String, _ replacement: String, exists: @escaping (FilePath) -> Bool = { _ in true }
    ) -> [String] {
        errors(in: replacing(part, with: replacement, in: text), exists: exists)
    }

    /// Those of ``rpmText``, without their places, which are the same wherever Debian's part ends.
    package static func rpmErrors(
        _ part: String, _ replacement: String, exists: @escaping (FilePath) -> Bool = { _ in true }
    ) -> [String] {
        errors(in: replacing(part, with: replacement, in: rpmText), exists: exists).map {
            String($0.drop { $0 != " " }.dropFirst())
        }
    }

    package static func errors(in text: String, exists: @escaping (FilePath) -> Bool = { _ in true }) -> [String] {
        do {
            return ["0:0 no error: \(try parse(text, exists: exists))"]
        } catch {
            guard error.isUsageError else { return ["0:0 this is no usage error: \(error)"] }
            return error.errors.map { error in
                let place = error.location.map { "\($0.line):\($0.column) " } ?? ""
                return place + error.what + (error.hint.map { " | \($0)" } ?? "")
            }
        }
    }

    /// `text` with the first `part` replaced; without any, a text that no reader takes.
    private static func replacing(_ part: String, with replacement: String, in text: String) -> String {
        guard let range = text.firstRange(of: part) else { return "there is no \(part) to replace" }
        return text[..<range.lowerBound] + replacement + text[range.upperBound...]
    }
}

/// What a test that knows the family looks at; nil where it is the other one.
extension Declaration.Distribution {
    package var apt: Declaration.APTSource? { if case .apt(let source) = source { source } else { nil } }
    package var rpm: Declaration.RPMSource? { if case .rpm(let source) = source { source } else { nil } }
}

import APT
import Declaration
import MadeDeclaration
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// The example in deploy.yaml that takes the kernel and ZFS from backports does just that.
@Suite struct BackportsExampleTests {
    /// deploy.yaml with the example switched on, as its comments say.
    private func declaration() throws -> Declaration {
        let file = FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
        let lines = try Files.readText(file.appending("deploy.yaml")).split(
            separator: "\n", omittingEmptySubsequences: false)
        let first = try #require(lines.firstIndex { $0.contains("- name: debian-backports") })
        let second = try #require(lines.firstIndex { $0 == "    # pins:" })
        var text: [String] = []
        for (index, line) in lines.enumerated() where line != "    pins: []" {
            let isExample = first..<first + 5 ~= index || second..<second + 4 ~= index
            text.append(isExample ? String(line.replacing("# ", with: "", maxReplacements: 1)) : String(line))
        }
        return try MadeDeclaration.parse(text.joined(separator: "\n"))
    }

    private static func stanza(_ name: String, _ version: String, source: String? = nil) -> String {
        "Package: \(name)\nVersion: \(version)\nArchitecture: amd64\n" + (source.map { "Source: \($0)\n" } ?? "")
    }

    @Test func takesTheKernelAndZFSAndNothingElse() throws {
        let source = try #require(try declaration()[distribution: "debian"]?.apt)
        #expect(source.repositories.map(\.name) == ["debian", "debian-security", "debian-backports"])
        let moved = [
            ("linux-image-amd64", nil), ("linux-image-6.12-amd64", nil), ("linux-headers-amd64", "linux"),
            ("linux-kbuild-6.12", "linux"), ("linux-base", nil), ("zfs-dkms", "zfs-linux"),
            ("zfsutils-linux", "zfs-linux"),
            ("libzfs6linux", "zfs-linux (1)"),
        ]
        let kept = [("linux-libc-dev", "linux"), ("curl", nil), ("systemd", nil), ("dkms", nil), ("zfs-fuse", nil)]
        func index(_ version: String) throws -> PackageIndex {
            let text = (moved + kept).map { Self.stanza($0.0, version, source: $0.1) }.joined(separator: "\n")
            return try PackageIndex(parsing: Array(text.utf8), source: version)
        }
        let backports = source.repositories[2]
        let table = try PackageTable(
            [
                (
                    index("1"),
                    IndexOrigin(
                        repository: "debian", suite: "trixie", component: "main", origin: "Debian", label: "Debian",
                        archive: "stable", codename: "trixie", version: "13.2")
                ),
                (
                    index("2~bpo13+1"),
                    IndexOrigin(
                        repository: backports.name, suite: backports.suites[0], component: "main",
                        origin: "Debian Backports", label: "Debian Backports", archive: "stable-backports",
                        codename: "trixie-backports", notAutomatic: true, butAutomaticUpgrades: true)
                ),
            ], architecture: "amd64")
        let universe = DebianUniverse(table, pins: try source.pins.map { try Pin($0) })
        for (names, version) in [(moved, "2~bpo13+1"), (kept, "1")] {
            for (name, _) in names {
                let candidate = try #require(universe.candidate(of: name))
                #expect("\(table.version(of: candidate))" == version, "\(name)")
            }
        }
    }
}

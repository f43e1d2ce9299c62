import Primitives
import Solver
import SystemPackage
import Testing

@testable import APT

/// Debian 13 as the host's mirror has it, against the real apt with the same sources and pins.
@Suite("Debian's archive", .tags(.network, .judge), .enabled(if: networkTestsAreOn), .serialized)
struct ArchiveTests {
    static let pins: [(packages: String, pin: String, priority: Int)] = [
        ("linux-image-* linux-headers-* zfs* libzfs*", "release n=trixie-backports", 600),
        ("src:curl", "version *", 90), ("bash", "release a=stable", -1),
    ]

    /// The address of Debian's archive that the host's own apt uses.
    static func mirror() throws -> String {
        let targets = try shell("apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian'")
        return try #require(targets.split(separator: "\n").first.map(String.init))
    }

    /// A root for apt with the suites of trixie, and the table of the same indexes.
    static func make(backports: Bool) throws -> (root: AptRoot, table: PackageTable) {
        let mirror = try mirror()
        let keyring = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
        let security = String(mirror.reversed().drop { $0 == "/" }.reversed()) + "-security"
        var suites = [("trixie", mirror, "stable", "Debian"), ("trixie-updates", mirror, "stable-updates", "Debian")]
        suites.append(("trixie-security", security, "stable-security", "Debian-Security"))
        if backports { suites.append(("trixie-backports", mirror, "stable-backports", "Debian Backports")) }
        let root = try AptRoot()
        for (suite, address, _, _) in suites { root.add("deb \(keyring) \(address) \(suite) main contrib") }
        try root.pin(pins)
        try root.update()
        var sources: [(index: PackageIndex, origin: IndexOrigin)] = []
        for (suite, address, archive, label) in suites {
            for component in ["main", "contrib"] {
                let list = address.split(separator: "//").last?.split(separator: "/").joined(separator: "_") ?? ""
                let file = "\(root.folder.path)/state/lists/\(list)_dists_\(suite)_\(component)_binary-amd64_Packages"
                // apt keeps no file of an empty index.
                guard let text = try? ByteRegion(mapping: FilePath(file)) else { continue }
                let index = try PackageIndex(parsing: text, source: "\(suite)/\(component)")
                let origin = IndexOrigin(
                    repository: "debian", suite: suite, component: component, origin: "Debian", label: label,
                    archive: archive, codename: suite, notAutomatic: archive == "stable-backports",
                    butAutomaticUpgrades: archive == "stable-backports")
                sources.append((index, origin))
            }
        }
        return (root, try PackageTable(sources, architecture: "amd64"))
    }

    @Test("has the candidates that apt sees, with and without pins")
    func candidates() throws {
        let (root, table) = try Self.make(backports: true)
        let pins = try Self.pins.map { try Pin(packages: $0.packages, pin: $0.pin, priority: $0.priority) }
        let universe = DebianUniverse(table, pins: pins)
        var random = SplitMix64(seed: 1)
        var names = (0..<600).map { _ in
            table.name(of: PackageID(Int.random(in: 0..<table.packageCount, using: &random)))
        }
        names += [
            "bash", "curl", "libcurl4t64", "zfsutils-linux", "zfs-dkms", "linux-image-amd64", "linux-headers-amd64",
        ]
        let answers = try root.candidates(of: Set(names).sorted())
        for name in Set(names) {
            #expect(universe.candidate(of: name).map { table.version(of: $0).description } == answers[name], "\(name)")
        }
    }

    @Test("resolves as apt does on an empty system")
    func resolutions() throws {
        let (root, table) = try Self.make(backports: false)
        try root.pin([])
        let universe = DebianUniverse(table)
        let base = universe.basePackages().map(table.name)
        let script = "BEGIN{RS=\"\"} /\\nEssential: yes/ || /\\nPriority: (required|important)/ {print $2}"
        let listed = try root.run("apt-cache dumpavail | awk '\(script)'")
        #expect(base == Set(listed.split(separator: "\n").map(String.init)).sorted())
        for extra in [
            [], ["openssh-server", "zfsutils-linux"], ["linux-image-amd64", "grub-efi-amd64", "curl", "chrony"],
        ] {
            let ours = try ResolutionTests.solve(base + extra, in: universe)
            let theirs = try root.simulate(base + extra)
            #expect(ours == theirs, "\(extra)")
        }
        for package in universe.allCandidates {
            _ = (universe.requirements(of: package), universe.conflicts(of: package))
        }
        #expect(universe.errors.isEmpty)
    }
}

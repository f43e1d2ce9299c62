import BuildGraph
import ContentStore
import Darksites
import Locking
import Packages
import Primitives

@testable import Evidence

/// Pages about builds that never were.
enum MadePage {
    /// Text that must stay text wherever it comes from.
    static let hostile = "<script>alert(\"&'\")</script>\u{1B}[31m\u{0}</style>"

    private static let stages = [
        Stage(number: 1, name: "builder", title: "builder image"),
        Stage(number: 2, name: "debian", title: "debian darksite"), Stage(number: 5, name: "iso", title: "iso"),
    ]

    /// The steps of the default image, and when they ran in a build from nothing (seconds), each with what it reads.
    private static let steps: [(name: String, stage: Int, began: Double, took: Double, needs: [String])] = [
        ("builder/essential", 0, 0.5, 0.4, []), ("builder/packages", 0, 0.5, 0.9, []),
        ("builder/bootstrap", 0, 1.4, 2.1, ["builder/essential"]),
        ("builder/image", 0, 3.5, 11.2, ["builder/bootstrap", "builder/packages"]),
        ("debian/packages", 1, 0.5, 1.1, []), ("debian/indexes", 1, 0.5, 0.1, []),
        ("debian/zfs-packages", 1, 1.4, 0.8, []),
        ("debian/zfs-module", 1, 3.5, 252, ["builder/bootstrap", "debian/zfs-packages"]),
        ("debian/mirror", 1, 255.5, 0.6, ["debian/packages", "debian/indexes", "debian/zfs-module"]),
        ("debian/gate", 1, 256.1, 8.0, ["builder/image", "debian/mirror"]),
        ("debian/slice-core", 1, 256.1, 0.2, ["debian/mirror"]),
        ("debian/slice-server", 1, 256.1, 0.2, ["debian/mirror"]),
        ("debian/install-core", 1, 256.3, 77, ["debian/slice-core", "builder/bootstrap"]),
        ("debian/install-server", 1, 264.1, 82, ["debian/slice-server", "builder/bootstrap"]),
        (
            "debian/darksite", 1, 346.1, 0.1,
            ["debian/mirror", "debian/gate", "debian/install-core", "debian/install-server"]
        ),
        ("live/packages", 2, 0.9, 0.5, []), ("live/base", 2, 3.5, 48, ["builder/bootstrap", "live/packages"]),
        ("live/root", 2, 255.5, 42, ["live/base", "debian/zfs-module"]),
        ("live/squashfs", 2, 297.5, 1.7, ["live/root", "builder/image"]),
        ("live/includes", 2, 297.5, 0.2, ["live/root"]),
        ("live/overlay", 2, 297.7, 0.3, ["live/includes", "builder/image"]),
        ("live/build", 2, 14.7, 0.3, ["builder/image"]),
        ("live/gate", 2, 299.2, 3.2, ["live/squashfs", "live/overlay", "live/build"]),
        ("debian/system-core-files", 1, 346.2, 6.5, ["debian/install-core", "live/root"]),
        ("debian/system-core", 1, 352.7, 2.1, ["debian/system-core-files", "builder/image"]),
        (
            "debian/system-server-files", 1, 352.7, 9.5,
            ["debian/install-server", "debian/system-core-files", "live/root"]
        ),
        ("debian/system-server", 1, 362.2, 1.3, ["debian/system-server-files", "builder/image"]),
        ("iso/boot", 2, 14.7, 0.4, ["builder/image"]),
        ("iso/digests", 2, 363.5, 0.1, ["debian/darksite", "debian/system-core", "debian/system-server", "live/gate"]),
        ("iso/signature", 2, 363.6, 0.1, ["iso/digests"]),
        ("iso/image", 2, 363.7, 2.6, ["iso/signature", "iso/digests", "iso/boot", "live/gate", "debian/darksite"]),
    ]

    /// All of them.
    static var names: [String] { steps.map(\.name) }

    /// A build from nothing; `failing` names the step that fails, after which no other begins, and `changed` those that ran where
    /// not all did; the results of those `elsewhere` are not of this host.
    static func build(
        failing: String? = nil, changed: Set<String>? = nil, elsewhere: Set<String> = [], isDraft: Bool = false,
        text: String = ""
    ) -> BuildRecord {
        let end = steps.first { $0.name == failing }.map { $0.began + $0.took } ?? .infinity
        let runs = steps.map { step in
            let outcome: StepRun.Outcome =
                step.name == failing
                ? .failed
                : step.began + step.took > end
                    ? .skipped
                    : changed?.contains(step.name) ?? true ? .ran : .cached
            let hasRun = outcome == .ran || outcome == .failed
            return StepRun(
                name: StepName(step.name), stage: stages[step.stage], title: "makes \(step.name)\(text)",
                needs: step.needs.map { StepName($0) }, outcome: outcome, isRemote: elsewhere.contains(step.name),
                key: StepKey(digest: Digest(of: step.name.utf8)), began: .seconds(step.began),
                ended: .seconds(step.began + (hasRun ? step.took : 0)), made: ByteCount(Int(step.took * 4_000_000)),
                summary: outcome == .ran ? "425 packages, 443 MB, signed\(text)" : nil,
                causes: hasRun
                    ? [
                        changed == nil
                            ? "first run\(text)" : "live-build/config/includes.chroot/etc/motd changed\(text)"
                    ] : [],
                error: outcome == .failed
                    ? "step \(step.name) failed after 1:31 (exit 2)\n  CC [M] zfs_vfsops_os.o\n  error: implicit declaration of function blk_queue\(text)"
                    : nil)
        }
        let digest = Digest(of: "image".utf8)
        return BuildRecord(
            number: 42, started: 1_795_959_048, duration: .seconds(min(end + 0.2, 367)), folder: "/src/kldload",
            request: ["build"] + (isDraft ? ["--draft"] : []),
            outcome: failing.map { .failed("step \($0) failed after 1:31 (exit 2)\(text)") } ?? .succeeded,
            commit: "7992dfb",
            lock: Blob(of: Array("lock".utf8)),
            causes: changed == nil
                ? ["first run\(text)"] : ["live-build/config/includes.chroot/etc/motd changed\(text)"],
            phases: [.init(name: "declaration and lock", began: .zero, ended: .milliseconds(450))]
                + (failing == nil ? [.init(name: "publishing", began: .seconds(366.3), ended: .seconds(366.9))] : []),
            steps: runs,
            image: failing == nil
                ? .init(
                    name:
                        "kldload-free-debian-server-amd64-20261128\(isDraft ? "-draft" : "")-\(digest.short)\(text).iso",
                    series: "kldload-free-debian-server-amd64", blob: Blob(digest, size: ByteCount(965_834_752)),
                    proofs: [
                        "core, server install from this image alone (apt 3.0.4, unpacked and configured, no network)\(text)"
                    ],
                    unproven: isDraft
                        ? ["that core, server of debian can be unpacked and configured: this is a draft"] : [])
                : nil,
            tests: tests(text))
    }

    private static func tests(_ text: String) -> [ImageTest] {
        let names = [
            "it boots", "the pool is healthy", "another boot environment is made and chosen",
            "the disk is found by its number",
        ]
        return [0, 1].map { round in
            ImageTest(
                title: "debian core on one disk; ISO as CD, UEFI\(text)", finished: 1_795_962_648,
                duration: .seconds(543),
                cases: names.enumerated().map { number, name in
                    let outcome: ImageTest.Outcome =
                        number == 3 ? .skipped : number == 1 && round == 1 ? .failed : .passed
                    return .init(
                        name: name + text, outcome: outcome, duration: .seconds(number * 7),
                        remark: outcome == .passed ? nil : "because of what zpool status says\nstate: DEGRADED\(text)")
                })
        }
    }

    /// The page about that build, with `packages` packages on the image.
    static func page(of build: BuildRecord, packages: Int = 425, moves: BuildPage.Moves? = nil, text: String = "")
        -> BuildPage
    {
        let gates: Set<StepName> = ["debian/gate", "debian/install-core", "debian/install-server", "live/gate"]
        var logs: [StepName: BuildPage.Document] = [:]
        for step in build.steps where step.outcome == .ran || step.outcome == .failed {
            logs[step.name] = BuildPage.Document(
                title: "",
                text: (1...60).map {
                    "line \($0) of what \(step.name) said, which is longer than a phone is wide: \(text)"
                }
                .joined(separator: "\n"), leftOut: ByteCount(12_000))
        }
        return BuildPage(
            build: build,
            facts: [
                .init("debian 13, packages of", "core 302, server 425"), .init("kernel", "6.12.118+deb13-amd64\(text)"),
                .init("zfs", "2.3.9-0+deb13u1"), .init("archive of", "2026-11-28"),
            ], contents: build.image == nil ? nil : contents(packages, text), moves: moves, gates: gates,
            certificates: build.image == nil
                ? [] : [.init(title: "the certificate of debian", text: "Certificate of a kldload darksite\n\(text)")],
            logs: logs)
    }

    private static func contents(_ count: Int, _ text: String) -> BuildPage.Part {
        let names = [
            "base system", "set base", "set zfs", "set core", "set server", "set firmware", "set microcode",
            "set desktop",
        ]
        let sets = names.enumerated().map { number, name in
            let own = (0..<count).filter { $0 % names.count == number }
            // A few are large and most are small, as packages are.
            return BuildPage.Part(
                name + text,
                own.map {
                    BuildPage.Part("lib-package-\($0)\(text)", ByteCount(90_000_000 / (1 + $0 * $0 / 40) + 9000))
                })
        }
        return BuildPage.Part(
            "image",
            [
                .init(
                    "live system",
                    [
                        .init("10-system.squashfs", ByteCount(260_763_648)),
                        .init("20-overlay.squashfs", ByteCount(69_632)),
                    ]),
                .init("boot", [.init("initrd.img", ByteCount(46_239_986)), .init("vmlinuz", ByteCount(12_179_392))]),
                .init("debian packages", sets),
                .init(
                    "debian systems", [.init("core", ByteCount(148_512_768)), .init("server", ByteCount(49_078_272))]),
                .init("evidence and the rest", [.init("kldload/deploy.lock", ByteCount(251_297))]),
            ])
    }

    /// Some packages moved, for all the reasons there are.
    static func moves(_ count: Int = 40, text: String = "") -> BuildPage.Moves {
        func lock(_ isNew: Bool) -> Lock {
            func package(_ name: String, _ version: String, _ size: Int) -> LockedPackage {
                LockedPackage(
                    name: name, version: version, architecture: "amd64", profiles: ["core", "server"],
                    isEssential: false,
                    size: ByteCount(size), repository: "debian", path: "pool/\(name)_\(version).deb",
                    digest: Digest(of: "\(name) \(version)".utf8))
            }
            var packages = (0..<count).map {
                package(
                    "lib-moved-\($0)", isNew ? "1:2.3.\($0)-4+deb13u2" : "1:2.3.\($0)-4+deb13u1",
                    90_000 + (isNew ? 700 * $0 : 0))
            }
            packages.append(
                isNew ? package("cowsay\(text)", "3.03+dfsg2-8", 21_000) : package("fortune\(text)", "1:1.99-7", 40_000)
            )
            return Lock([
                LockedDistribution(
                    name: "debian", family: .apt, architecture: "amd64", asked: nil,
                    snapshots: [
                        LockedSnapshot(
                            repository: "debian-security", suite: "trixie-security",
                            date: LockDate(secondsSince1970: isNew ? 1_795_834_381 : 1_795_034_381),
                            digest: Digest(of: [isNew ? 1 : 0]), size: ByteCount(1))
                    ], indexes: [], packages: packages)
            ])
        }
        return BuildPage.Moves(
            image: "kldload-free-debian-server-amd64-20261127-91be002\(text).iso", size: ByteCount(963_000_000),
            comparison: LockComparison(from: lock(false), to: lock(true)))
    }
}

import Locking
import Primitives
import Testing

@testable import Darksites

/// A profile with ZFS gets a kernel that its OpenZFS can be built for.
@Suite("The kernel of a profile with ZFS")
struct KernelChoiceTests {
    private static let range = ZFSKernelRange(
        zfs: "2.3.9-1", minimum: KernelSeries(4, 18), maximum: KernelSeries(6, 17))

    private static func kernel(_ release: String, _ version: String) -> [String] {
        [
            "linux-image-amd64 \(version); Depends: linux-image-\(release)-amd64 (= \(version))",
            "linux-image-\(release)-amd64 \(version)",
            "linux-headers-amd64 \(version); Depends: linux-headers-\(release)-amd64 (= \(version))",
            "linux-headers-\(release)-amd64 \(version)",
        ]
    }

    private static let zfs = ["zfsutils-linux 2.3.9-1", "zfs-dkms 2.3.9-1; Depends: dkms", "dkms 3"]
    private static let wanted = ["linux-image-amd64", "linux-headers-amd64", "zfsutils-linux", "zfs-dkms"]

    private func kernels(_ resolution: Resolver.Resolution) -> [String] {
        resolution.locked.packages.map(\.name).filter { $0.hasPrefix("linux-") }.sorted()
    }

    @Test func isTheCandidateWhereThatIsInRange() throws {
        let made = MadeCatalog(stable: Self.zfs + Self.kernel("6.12.57", "6.12.57-1"), zfsKernels: Self.range)
        #expect(
            try kernels(made.resolve(Self.wanted)) == [
                "linux-headers-6.12.57-amd64", "linux-headers-amd64", "linux-image-6.12.57-amd64", "linux-image-amd64",
            ])
    }

    @Test(arguments: [false, true])
    func isTheNewestInRangeWhereTheCandidateIsAbove(inBackports: Bool) throws {
        let above = Self.kernel("6.18.2", "6.18.2-1")
        let below = Self.kernel("6.17.9", "6.17.9-1") + Self.kernel("6.12.57", "6.12.57-1")
        let made = MadeCatalog(
            stable: Self.zfs + above + (inBackports ? [] : below), backports: inBackports ? below : [],
            zfsKernels: Self.range)
        let resolution = try made.resolve(Self.wanted)
        #expect(
            kernels(resolution) == [
                "linux-headers-6.17.9-amd64", "linux-headers-amd64", "linux-image-6.17.9-amd64", "linux-image-amd64",
            ])
        #expect(resolution.locked.packages.first { $0.name == "linux-image-amd64" }?.version == "6.17.9-1")
        // A profile without ZFS takes what apt would.
        #expect(try kernels(made.resolve(["linux-image-amd64"])) == ["linux-image-6.18.2-amd64", "linux-image-amd64"])
    }

    @Test func isAnErrorWithBothVersionsWhereNoneIsInRange() throws {
        let made = MadeCatalog(
            stable: Self.zfs + Self.kernel("6.18.2", "6.18.2-1"), backports: Self.kernel("6.19.1", "6.19.1-1"),
            zfsKernels: Self.range)
        let errors = try #require(throws: UserErrors.self) { try made.resolve(["zfs-dkms", "linux-image-amd64"]) }
        #expect(
            errors.errors.map(\.what) == [
                "zfs 2.3.9-1 supports kernels up to 6.17; the newest kernel for \"linux-image-amd64\" is 6.18.2-amd64"
            ])
        #expect(errors.location == SourceLocation(file: "set.txt", line: 2))
        #expect(errors.hint?.contains("declare a suite that has an older kernel or a newer zfs") == true)
    }

    @Test(arguments: ["linux-image-6.18.2-amd64", "meta", "linux-image-amd64=6.18.2-1"])
    func isAnErrorWhereOneAboveIsAskedForOrNeeded(line: String) throws {
        let made = MadeCatalog(
            stable: Self.zfs + Self.kernel("6.18.2", "6.18.2-1") + Self.kernel("6.12.57", "6.12.57-1") + [
                "meta 1; Depends: linux-image-6.18.2-amd64"
            ], zfsKernels: Self.range)
        let errors = try #require(throws: UserErrors.self) { try made.resolve(["zfsutils-linux", line]) }
        #expect(errors.what.hasPrefix("zfs 2.3.9-1 supports kernels up to 6.17; "), "\(errors)")
        #expect(errors.what.contains("6.18.2"))
    }

    @Test func isNotBelowTheRangeEither() throws {
        let made = MadeCatalog(stable: Self.zfs + Self.kernel("4.9.1", "4.9.1-1"), zfsKernels: Self.range)
        let errors = try #require(throws: UserErrors.self) { try made.resolve(Self.wanted) }
        #expect(errors.description.contains("zfs 2.3.9-1 supports kernels from 4.18 on"))
    }

    @Test(arguments: [
        ("Meta: 1\nLinux-Maximum: 6.17\nLinux-Minimum: 4.18\n", "4.18 6.17"),
        ("Linux-Maximum:  6.17\r\n", "0.0 6.17"), ("Linux-Minimum: 4.18\n", ""), ("", ""), ("Linux-Maximum: x\n", ""),
    ])
    func isWithinWhatTheFileMETASays(meta: String, range: String) {
        let found = ZFSKernelRange(meta: meta, zfs: "2")
        #expect((found.map { "\($0.minimum) \($0.maximum)" } ?? "") == range)
    }

    @Test(arguments: [
        ("6.17.0-amd64", true), ("6.18", false), ("6.9.1", true), ("5.4", true), ("4.17.9", false), ("10.0", false),
        ("6.17.12+deb14-cloud-amd64", true), ("amd64", true),
    ])
    func isComparedByItsSeries(release: String, isAdmitted: Bool) {
        #expect(Self.range.admits(release) == isAdmitted)
    }
}

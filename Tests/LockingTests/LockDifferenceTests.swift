import Packages
import Primitives
import Testing

@testable import Locking

@Suite struct LockDifferenceTests {
    private func package(_ name: String, _ version: String, _ profiles: [String], size: Int = 1000, bytes: UInt8 = 1)
        -> LockedPackage
    {
        LockedPackage(
            name: name, version: version, architecture: "amd64", profiles: profiles, isEssential: false,
            size: ByteCount(size),
            repository: "debian", path: "pool/\(name)", digest: Digest(of: [bytes]))
    }

    private func distribution(_ packages: [LockedPackage], built: [LockedBuild] = []) -> LockedDistribution {
        LockedDistribution(
            name: "debian", family: .apt, architecture: "amd64", asked: nil, snapshots: [], indexes: [],
            packages: packages, built: built)
    }

    private func lines(
        _ old: [LockedPackage]?, _ new: [LockedPackage], first: Set<String> = [], limit: Int = 4
    ) -> [String] {
        LockDifference(from: old.map { distribution($0) }, to: distribution(new)).lines(
            first: first, limit: limit)
    }

    private var base: [LockedPackage] { [package("bash", "5", ["core", "server"])] }

    @Test func anAddedPackageIsTheOnlyThingThatMoved() {
        let new =
            base + [
                package("htop", "3.4.1-5", ["server"], size: 170_000), package("aalib", "1", ["server"], size: 24_000),
            ]
        #expect(
            lines(base, new, first: ["htop"])
                == ["server + htop 3.4.1-5, aalib 1 (2 packages, 194 kB); nothing else moved"])
        #expect(lines(new, base) == ["server − aalib 1, htop 3.4.1-5 (2 packages, 194 kB); nothing else moved"])
    }

    @Test func nothingMovedIsNothing() {
        #expect(lines(base, base) == [])
        // Which profiles have a package is all that matters, in whatever order it is said.
        #expect(lines(base, [package("bash", "5", ["server", "core"])]) == [])
    }

    @Test func directionOfAVersionIsTheCallersOrder() {
        #expect(
            lines(base, [package("bash", "6", ["core", "server"])])
                == ["core, server ↑ bash 5 → 6 (1 package, 1 kB); nothing else moved"])
        #expect(
            lines(base, [package("bash", "4", ["core", "server"])])
                == ["core, server ↓ bash 5 → 4 (1 package, 1 kB); nothing else moved"])
        let old = distribution([package("bash", "10", ["core"])])
        let new = distribution([package("bash", "9", ["core"])])
        let difference = LockDifference(from: old, to: new)
        #expect(difference.profiles[0].changes[0].kind == .downgraded(from: "10", to: "9"))
    }

    @Test func versionsOfRPMPackagesCompareAsRPMHasIt() {
        func locked(_ version: String) -> LockedDistribution {
            LockedDistribution(
                name: "centos", family: .rpm, architecture: "x86_64", asked: nil, snapshots: [], indexes: [],
                packages: [
                    LockedPackage(
                        name: "bash", version: version, architecture: "x86_64", profiles: ["core"], isEssential: false,
                        size: .zero, repository: "base", path: "Packages/bash.rpm", digest: Digest(of: version.utf8))
                ])
        }
        let change = LockDifference(from: locked("5^1-1"), to: locked("5-1")).profiles[0].changes[0]
        #expect(change.kind == .downgraded(from: "5^1-1", to: "5-1"), "for dpkg, it would be no version")
    }

    @Test func otherBytesUnderTheSameVersionAreTold() {
        #expect(
            lines(base, [package("bash", "5", ["core", "server"], bytes: 2)])
                == ["core, server rebuilt bash 5 (1 package, 1 kB); nothing else moved"])
    }

    @Test func newAndGoneProfilesAreCountedNotListed() {
        #expect(lines(nil, base) == ["core, server are new: 1 package, 1 kB each"])
        #expect(lines(base, [package("bash", "5", ["core"])]) == ["server is gone: 1 package, 1 kB"])
    }

    @Test func manyChangesAreCounted() {
        let many = (1...9).map { package("p\($0)", "1", ["core"]) }
        #expect(
            lines(base, base + many, limit: 2) == [
                "core + p1 1, p2 1 and 7 more (9 packages, 9 kB); nothing else moved"
            ])
    }

    @Test func packagesTheBuildMakesCountToo() {
        let old = distribution(
            base, built: [LockedBuild(name: "zfs", version: "1", architecture: "amd64", profiles: ["core"])])
        let new = distribution(
            base, built: [LockedBuild(name: "zfs", version: "2", architecture: "amd64", profiles: ["core"])])
        #expect(
            LockDifference(from: old, to: new).profiles[0].changes.map(\.kind) == [
                .upgraded(from: "1", to: "2")
            ])
    }
}

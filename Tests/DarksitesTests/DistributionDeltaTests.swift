import Locking
import Packages
import Primitives
import Testing

@testable import Darksites

/// What of two locks makes a medium of updates.
@Suite struct DistributionDeltaTests {
    private func package(
        _ name: String, _ version: String, _ profiles: [String] = ["core", "server"], of architecture: String = "amd64",
        bytes: UInt8 = 1
    ) -> LockedPackage {
        LockedPackage(
            name: name, version: version, architecture: architecture, profiles: profiles, isEssential: false,
            size: ByteCount(1000), repository: "debian", path: "pool/\(name)",
            digest: Digest(of: Array("\(name) \(version)".utf8) + [bytes]))
    }

    private func distribution(
        _ packages: [LockedPackage], built: [LockedBuild] = [], architecture: String = "amd64"
    ) -> LockedDistribution {
        LockedDistribution(
            name: "debian", family: .apt, architecture: architecture, asked: nil, snapshots: [], indexes: [],
            packages: packages, built: built)
    }

    private func delta(
        _ old: [LockedPackage], _ new: [LockedPackage], _ profiles: [String] = ["core", "server"]
    ) throws -> DistributionDelta {
        try DistributionDelta(from: distribution(old), to: distribution(new), profiles: profiles)
    }

    private func error(_ body: () throws -> DistributionDelta) -> DeltaError.Problem? {
        do {
            _ = try body()
            return nil
        } catch { return (error as? DeltaError)?.problem }
    }

    @Test func eachProfileIsToldApartAndItsFilesAreCarriedOnce() throws {
        let old = [package("bash", "5"), package("curl", "8.1"), package("nano", "7", ["server"])]
        let new = [
            package("bash", "5"), package("curl", "8.2"), package("jq", "1.7", ["server"]),
            package("live-boot", "1", ["live"]),
        ]
        let delta = try delta(old, new)
        let core = try #require(delta.profiles.first { $0.name == "core" })
        #expect(core.upgrades.map { "\($0.package.name) \($0.from) \($0.package.version)" } == ["curl 8.1 8.2"])
        #expect(core.installs == [] && core.removals == [] && core.before == 2 && core.after == 2)
        let server = try #require(delta.profiles.first { $0.name == "server" })
        #expect(server.upgrades.map(\.package.name) == ["curl"])
        #expect(server.installs.map(\.name) == ["jq"] && server.removals.map(\.name) == ["nano"])
        #expect(server.before == 3 && server.after == 3)
        #expect(delta.packages.map(\.name) == ["curl", "jq"])
        // Nothing for a profile that no machine has.
        #expect(delta.packages.map(\.profiles) == [["core", "server"], ["server"]])
        #expect(delta.size == ByteCount(2000) && delta.carried.packages == delta.packages)
        #expect(try self.delta(old, new, ["core"]).packages.map(\.name) == ["curl"])
    }

    @Test func aKernelsModuleIsCarriedWhereItIsAnotherOne() throws {
        func built(_ kernel: String) -> LockedBuild {
            LockedBuild(
                name: "zfs-modules-\(kernel)", version: "2.3", architecture: "amd64", profiles: ["core", "live"])
        }
        let bash = [package("bash", "5", ["core"])]
        let moved = try DistributionDelta(
            from: distribution(bash, built: [built("6.1")]), to: distribution(bash, built: [built("6.2")]),
            profiles: ["core"])
        #expect(moved.built.map(\.name) == ["zfs-modules-6.2"] && moved.built.map(\.profiles) == [["core"]])
        #expect(moved.profiles[0].installs.map(\.name) == ["zfs-modules-6.2"])
        #expect(moved.profiles[0].removals.map(\.name) == ["zfs-modules-6.1"])
        let same = try DistributionDelta(
            from: distribution(bash, built: [built("6.1")]), to: distribution(bash, built: [built("6.1")]),
            profiles: ["core"])
        #expect(same.isEmpty && same.built == [])
    }

    @Test func aPackageThatIsForAllNowIsTheSamePackage() throws {
        let delta = try delta([package("tzdata", "1")], [package("tzdata", "2", of: "all")])
        #expect(delta.profiles[0].upgrades.map(\.from) == ["1"] && delta.profiles[0].installs == [])
        #expect(delta.profiles[0].removals == [])
        // Of another architecture it is another package.
        let foreign = try self.delta(
            [package("libc6", "1")], [package("libc6", "1"), package("libc6", "1", of: "i386")])
        #expect(foreign.profiles[0].installs.map(\.architecture) == ["i386"])
    }

    @Test func whatWasMadeAnewUnderItsVersionStaysAsItIs() throws {
        let delta = try delta(
            [package("own", "1"), package("bash", "5")], [package("own", "1", bytes: 2), package("bash", "6")])
        #expect(delta.rebuilt.map(\.name) == ["own"] && delta.packages.map(\.name) == ["bash"])
    }

    @Test func whatGoesBackIsRefusedWithItsNames() throws {
        let old = [package("bash", "10"), package("curl", "8")]
        let problem = error { try delta(old, [package("bash", "9"), package("curl", "9")]) }
        #expect(problem == .goesBack(distribution: "debian", packages: ["bash 10 → 9"]))
        let error = DeltaError(.goesBack(distribution: "debian", packages: (1...14).map { "p\($0) 2 → 1" }))
        #expect(error.details.count == 13 && error.details.last == "and 2 more" && error.hint != nil)
    }

    @Test func otherMachinesAndProfilesAreRefused() throws {
        let packages = [package("bash", "5")]
        #expect(
            error {
                try DistributionDelta(
                    from: distribution(packages), to: distribution(packages, architecture: "arm64"), profiles: ["core"])
            } == .otherMachine(distribution: "debian", from: "amd64", to: "arm64"))
        #expect(
            error { try delta(packages, packages, ["desktop"]) }
                == .noProfile(distribution: "debian", asked: ["desktop"], old: ["core", "server"]))
        #expect(DeltaError(.noProfile(distribution: "debian", asked: ["x"], old: [])).isUsageError)
        #expect(!DeltaError(.nothingMoved(from: "a", to: "b")).isUsageError)
    }
}

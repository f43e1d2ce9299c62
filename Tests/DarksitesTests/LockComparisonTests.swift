import Locking
import Packages
import Primitives
import Testing

@testable import Darksites

/// Each change is told once, with the profiles that it is in.
@Suite struct LockComparisonTests {
    private func package(_ name: String, _ version: String, _ profiles: [String], size: Int = 1000, bytes: UInt8 = 1)
        -> LockedPackage
    {
        LockedPackage(
            name: name, version: version, architecture: "amd64", profiles: profiles, isEssential: false,
            size: ByteCount(size), repository: "debian", path: "pool/\(name)", digest: Digest(of: [bytes]))
    }

    private func lock(_ packages: [LockedPackage], date: Int64 = 0, name: String = "debian") -> Lock {
        let snapshot = LockedSnapshot(
            repository: "debian", suite: "trixie", date: LockDate(secondsSince1970: date),
            digest: Digest(of: Array("\(date)".utf8)), size: ByteCount(1))
        return Lock([
            LockedDistribution(
                name: name, family: .apt, architecture: "amd64", asked: nil, snapshots: [snapshot], indexes: [],
                packages: packages)
        ])
    }

    private func compare(_ old: Lock, _ new: Lock) throws -> LockComparison.Distribution {
        try #require(LockComparison(from: old, to: new).distributions.first)
    }

    private func shown(_ distribution: LockComparison.Distribution) -> [String] {
        distribution.changes.map { change in
            "\(change.change.description) \(change.change.growth.bytes) \(change.profiles.joined(separator: ","))"
                + (change.isElsewhere ? " elsewhere" : "")
        }
    }

    @Test func aChangeInSeveralProfilesIsToldOnceWithAllOfThem() throws {
        let old = lock([package("bash", "5", ["core", "server"], size: 100), package("htop", "3", ["server"])])
        let new = lock([package("bash", "6", ["core", "server"], size: 160), package("zsh", "1", ["core", "server"])])
        let found = try compare(old, new)
        #expect(shown(found) == ["bash 5 → 6 60 core,server", "htop 3 -1000 server", "zsh 1 1000 core,server"])
        #expect(found.kind == .changed)
        #expect((found.before.size, found.after.size) == (ByteCount(1100), ByteCount(1160)))
        #expect(found.profiles.map(\.name) == ["core", "server"])
        #expect(found.profiles[0].before == LockComparison.Load(packages: 1, size: ByteCount(100)))
        #expect(found.profiles[0].after == LockComparison.Load(packages: 2, size: ByteCount(1160)))
    }

    @Test func whatOnlyMovesBetweenProfilesIsNotTakenForNew() throws {
        let bash = package("bash", "5", ["core"])
        let found = try compare(
            lock([bash, package("htop", "3", ["server"])]), lock([bash, package("htop", "3", ["core", "server"])]))
        #expect(shown(found) == ["htop 3 1000 core elsewhere"])
        #expect(found.before == found.after)
    }

    @Test func aNewProfileListsWhatCameIntoTheLockWithIt() throws {
        let old = lock([package("bash", "5", ["core"]), package("htop", "3", ["core"])])
        let new = lock([
            package("bash", "5", ["core", "desktop"]), package("htop", "3", ["core"]),
            package("gnome", "48", ["desktop"]),
        ])
        #expect(shown(try compare(old, new)) == ["gnome 48 1000 desktop"])
        #expect(shown(try compare(new, old)) == ["gnome 48 -1000 desktop"])
        #expect(try compare(old, new).profiles.map { $0.before == nil } == [false, true])
    }

    @Test func snapshotsThatMovedAreNamedWithTheirDates() throws {
        let packages = [package("bash", "5", ["core"])]
        let found = try compare(lock(packages, date: 0), lock(packages, date: 86_400))
        #expect(found.kind == .changed && found.changes.isEmpty)
        #expect(found.snapshots.map { "\($0.from?.day ?? "") \($0.to?.day ?? "")" } == ["19700101 19700102"])
        #expect(LockComparison(from: lock(packages), to: lock(packages)).isEmpty)
        #expect(try compare(lock(packages), lock(packages)).kind == .same)
    }

    @Test func otherBytesUnderTheSameVersionAreReplaced() throws {
        let found = try compare(
            lock([package("bash", "5", ["core"], bytes: 1)]), lock([package("bash", "5", ["core"], bytes: 2)]))
        #expect(found.changes.map(\.change.kind) == [.replaced("5")])
    }

    @Test func distributionsThatCameOrWentAreKnown() throws {
        let packages = [package("bash", "5", ["core"])]
        let comparison = LockComparison(from: lock(packages), to: lock(packages, name: "ubuntu"))
        #expect(comparison.distributions.map { "\($0.name) \($0.kind)" } == ["debian gone", "ubuntu new"])
        #expect(comparison.distributions.flatMap(shown) == ["bash 5 -1000 core", "bash 5 1000 core"])
        #expect(!comparison.isEmpty)
    }
}

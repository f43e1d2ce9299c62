import BuildGraph
import Darksites
import Locking
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// What keeps the lock of RPM packages, from the declaration on.
@Suite struct RPMLockKeeperTests {
    private typealias Package = MadeRPMRepository.Package
    private let repository: MadeRPMRepository
    private let checkout: MadeCheckout

    init() throws {
        repository = try MadeRPMRepository()
        checkout = try MadeCheckout(try MadeArchive())
        try checkout.edit(
            "deploy.yaml", "distributions:\n",
            """
            distributions:
              centos:
                family: rpm
                release: "9"
                platform: el9
                architecture: x86_64
                repositories:
                  - name: rpms
                    baseurl: ["\(repository.url)"]
                    unsigned: true
                profiles:
                  core: [core]

            """)
        try set("app", "lib")
    }

    private func set(_ lines: String...) throws {
        let folder = checkout.folder.pushing("package-sets/centos")
        try Files.createDirectory(folder)
        try Files.write(lines.map { $0 + "\n" }.joined().utf8, to: folder.appending("core.txt"))
    }

    private func lock(update: LockKeeper.Update = LockKeeper.Update()) async throws -> LockedDistribution {
        let lock = try await LockKeeper(project: checkout.project()).current(update: update, naming: ["centos"])
        return try #require(lock["centos"])
    }

    private func names(_ locked: LockedDistribution) -> [String] {
        locked.packages.map { "\($0.name) \($0.version)" }
    }

    @Test func aSinglePackageMovesWithWhatItNeedsAndOthersStay() async throws {
        let old = [Package(name: "app", requires: ["part"]), Package(name: "lib"), Package(name: "part")]
        try await repository.write(old, time: 1_767_000_000)
        #expect(try names(await lock()) == ["app 1-1", "lib 1-1", "part 1-1"])
        let new = [
            Package(name: "app", version: "2", requires: ["part", "more"]), Package(name: "lib", version: "2"),
            Package(name: "part", version: "2"), Package(name: "more"),
        ]
        try await repository.write(new, time: 1_767_100_000)
        let kept = try await lock()
        #expect(names(kept) == ["app 1-1", "lib 1-1", "part 1-1"] && kept.snapshots.count == 1)
        let moved = try await lock(update: LockKeeper.Update(distributions: ["centos"], packages: ["app"]))
        #expect(names(moved) == ["app 2-1", "lib 1-1", "more 1-1", "part 1-1"])
        #expect(moved.snapshots.count == 2 && moved.indexes.count { $0.component == "primary" } == 2)
        #expect(try await lock() == moved, "the lock fits what it was made for")
        let all = try await lock(update: LockKeeper.Update(distributions: ["centos"]))
        #expect(names(all) == ["app 2-1", "lib 2-1", "more 1-1", "part 2-1"] && all.snapshots.count == 1)
    }

    @Test func whatTheDeclarationAsksForIsPartOfTheLock() async throws {
        try await repository.write([Package(name: "app"), Package(name: "lib")])
        _ = try await lock()
        try set("app")
        let standing = try LockKeeper(project: checkout.project()).standing(naming: ["centos"])
        #expect(standing.lines == ["centos: core: − lib"])
        try checkout.edit(
            "deploy.yaml", "unsigned: true\n", "unsigned: true\n        priority: 10\n        excludes: [lib]\n")
        #expect(try LockKeeper(project: checkout.project()).standing(naming: ["centos"]).lines.count >= 3)
        #expect(try names(await lock()) == ["app 1-1"])
    }

    @Test func everyMissingKeyIsToldOnceAndNothingIsFetched() async throws {
        try checkout.edit(
            "deploy.yaml", "        unsigned: true\n",
            "        keys: [/none/ONE, /none/TWO]\n        package-keys: [/none/TWO]\n")
        do {
            _ = try await lock()
            Issue.record("nothing was thrown")
        } catch let errors as UserErrors {
            #expect(
                errors.errors.map(\.what).sorted() == [
                    "there is no keyring /none/ONE", "there is no keyring /none/TWO",
                ])
            #expect(errors.errors.allSatisfy { $0.hint != nil && $0.location != nil })
        }
    }

    @Test func anUnknownNameOfASetIsToldAndTheLockStays() async throws {
        try await repository.write([Package(name: "app"), Package(name: "lib")])
        let before = try await lock()
        try set("app", "lip")
        do {
            _ = try await lock()
            Issue.record("nothing was thrown")
        } catch let errors as UserErrors {
            #expect(
                errors.errors.map(\.what) == ["no package is called \"lip\" in centos, as it is locked of 2025-12-29"])
            #expect(errors.errors.compactMap(\.location?.line) == [2])
        }
        #expect(try LockKeeper(project: checkout.project()).existing()?["centos"] == before)
    }
}

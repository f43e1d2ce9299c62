import BuildGraph
import Darksites
import Locking
import Packages
import Primitives
import Testing

@testable import Pipeline

/// What stays when the lock changes, and what an update of single packages moves.
@Suite struct LockHoldTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
    }

    private func lock(_ checkout: MadeCheckout? = nil) async throws -> LockedDistribution {
        let project = try (checkout ?? self.checkout).project()
        return try #require(try await LockKeeper(project: project).current()["debian"])
    }

    /// "nginx 1.26-1", of a profile or of all.
    private func versions(_ locked: LockedDistribution, _ profile: String? = nil) -> Set<String> {
        Set(
            locked.packages.filter { profile.map($0.profiles.contains) ?? true }.map { "\($0.name) \($0.version)" })
    }

    @Test func anAlternativeThatWasChosenStaysWhileItCanAndIsNeeded() async throws {
        try checkout.set("server", "mailer", "-exim4")
        #expect(try await versions(lock(), "server").contains("postfix 1:3.10-1"))
        // exim4 comes first in what mailer depends on, and is possible again: nobody asked for it.
        try checkout.set("server", "mailer")
        let kept = try await versions(lock(), "server")
        #expect(kept.contains("postfix 1:3.10-1") && !kept.contains("exim4 4.98-1"))
        #expect(checkout.notices.contains("debian: server: − -exim4"))
        // Now somebody does.
        try checkout.set("server", "mailer", "exim4")
        let asked = try await versions(lock(), "server")
        #expect(asked.contains("exim4 4.98-1") && !asked.contains("postfix 1:3.10-1"))
        // Nobody needs either.
        try checkout.set("server", "nginx")
        #expect(try await versions(lock(), "server").isDisjoint(with: ["exim4 4.98-1", "postfix 1:3.10-1"]))
    }

    @Test func anUpdateOfOnePackageMovesItAndWhatItNeedsAlone() async throws {
        let before = try await lock()
        try archive.moveOn()
        try await checkout.project().update(["debian", "nginx"])
        let after = try await lock()
        #expect(versions(after).subtracting(versions(before)) == ["nginx 1.28-1", "nginx-common 1.28-1"])
        #expect(versions(before).subtracting(versions(after)) == ["nginx 1.26-1", "nginx-common 1.26-1"])
        #expect(after.snapshots.map(\.date.day) == ["20250601", "20250701"])
        #expect(after.indexes.count == 2)

        // What comes later comes from where everything but nginx comes from.
        try checkout.set("core", "curl", "zsh")
        let added = try await lock()
        #expect(versions(added).subtracting(versions(after)) == ["zsh 5.9-1", "zsh-common 5.9-1"])
        #expect(versions(after).isSubset(of: versions(added)))

        // On another machine the lock is all one needs while some mirror has the signed files that it is of.
        let other = try MadeCheckout(archive)
        try other.set("core", "curl", "zsh")
        try Files.write(try Files.read(checkout.lockFile), to: other.lockFile)
        let old = try MadeArchive()
        let project = try other.project(mirrors: "\(archive.url) \(old.url)")
        let report = try await other.build("debian/mirror", project: project)
        #expect(report.records["debian/mirror"]?.summary?.contains(" packages, ") == true)
        try other.set("core", "curl", "zsh", "big")
        let elsewhere = try #require(try await LockKeeper(project: project).current()["debian"])
        #expect(versions(elsewhere, "core").subtracting(versions(added, "core")) == ["big 1.0"])
        #expect(elsewhere.snapshots == added.snapshots)

        // With the last package that needs it, today's snapshot leaves the lock.
        try checkout.set("server", "mailer")
        #expect(try await lock().snapshots == before.snapshots)
    }

    @Test func whatDependsOnTheUpdatedMovesToo() async throws {
        let before = try await lock()
        try archive.moveOn()
        try await checkout.project().update(["libcurl"])
        let after = try await lock()
        #expect(versions(after).subtracting(versions(before)) == ["curl 8.2-1", "libcurl 8.2-1"])
        try await checkout.project().update(["libcurl"])
        #expect(checkout.notices.last == "libcurl and all they need are up to date with the archives")
        #expect(try await lock() == after)
        // The whole distribution at last: one snapshot again.
        try await checkout.project().update([])
        let whole = try await lock()
        #expect(whole.snapshots.map(\.date.day) == ["20250701"])
        #expect(versions(whole).isSuperset(of: ["curl 8.2-1", "nginx 1.28-1"]))
    }

    @Test func aMirrorGetsOneVersionOfWhatSeveralProfilesHave() async throws {
        try checkout.set("core", "nginx-common", "curl")
        _ = try await lock()
        try archive.moveOn()
        try await checkout.project().update(["debian", "nginx"])
        let after = try await lock()
        #expect(after.packages.filter { $0.name == "nginx-common" }.map(\.version) == ["1.28-1"])
        #expect(versions(after, "core").contains("nginx-common 1.28-1"))
    }

    @Test func onlyWhatIsLockedCanBeUpdatedAlone() async throws {
        _ = try await lock()
        let bytes = try Files.read(checkout.lockFile)
        await #expect(throws: NotLocked.self) { try await checkout.project().update(["debian", "zsh"]) }
        await #expect(throws: NotLocked.self) { try await checkout.project().update(["nginx", "ngnix"]) }
        #expect(try Files.read(checkout.lockFile) == bytes)
    }

    @Test func anOlderStateIsNoUpdate() async throws {
        try archive.moveOn()
        _ = try await lock()
        try archive.isWell()
        await #expect(throws: MirrorIsOlder.self) { try await checkout.project().update(["nginx"]) }
    }

    @Test func aSecondUpdateOfOnePackageLeavesNoMoreSnapshotsThanItMust() async throws {
        _ = try await lock()
        try archive.moveOn()
        try await checkout.project().update(["nginx"])
        try await checkout.project().update(["curl"])
        let after = try await lock()
        #expect(after.snapshots.count == 2)
        #expect(versions(after).isSuperset(of: ["nginx 1.28-1", "curl 8.2-1"]))
    }
}

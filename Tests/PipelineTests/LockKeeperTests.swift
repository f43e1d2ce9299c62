import BuildGraph
import ContentStore
import Darksites
import Locking
import Packages
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// The lock follows the declaration, and moves only when it is asked to.
@Suite struct LockKeeperTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
    }

    private func lock(_ project: Project? = nil) async throws -> LockedDistribution {
        try #require(try await LockKeeper(project: project ?? checkout.project()).current()["debian"])
    }

    private func versions(_ locked: LockedDistribution, _ profile: String) -> [String] {
        locked.packages(of: profile).map { "\($0.name) \($0.version)" }.sorted()
    }

    @Test func aProfileIsTheBaseAndItsSetsAndWhatTheyNeed() async throws {
        let locked = try await lock()
        let core = [
            "base-files 13", "bash 5.2-1", "curl 8.1-1", "dpkg 1.22.1", "libc6 2.41-1", "libcurl 8.1-1",
            "linux-image-6.12.1-amd64 6.12.1-1", "linux-image-amd64 6.12.1-1", "mawk 1.3-1",
        ]
        #expect(versions(locked, "core") == core)
        let server = ["exim4 4.98-1", "libpcre 10.42-1", "mailer 1.0", "nginx 1.26-1", "nginx-common 1.26-1"]
        #expect(versions(locked, "server") == (core + server).sorted())
        // What the build makes for itself starts from less.
        #expect(versions(locked, "builder") == ["base-files 13", "bash 5.2-1", "dpkg 1.22.1", "libc6 2.41-1"])
        #expect(locked.packages.filter(\.isEssential).map(\.name) == ["base-files", "bash", "dpkg", "libc6"])
        #expect(checkout.notices.contains { $0.contains("core goes without the optional no-such-thing?") })
        #expect(checkout.notices.contains { $0.contains("archive of 2025-06-01 (signed by Made Archive)") })
        #expect(checkout.notices.last == "wrote deploy.lock (commit it)")
    }

    @Test func unknownNamesAreAllListedWithTheNearestOnes() async throws {
        try checkout.set("core", "ngnix", "curl", "", "  zssh", "libcrul:amd64")
        try checkout.set("server", "postfixx")
        let error = try await checkout.resolutionErrors()
        #expect(
            error.contains("package-sets/debian/core.txt:1:1: no package is called \"ngnix\" in debian"), "\(error)")
        #expect(error.contains("nginx"))
        #expect(error.contains("package-sets/debian/core.txt:4:3: no package is called \"zssh\" in debian"), "\(error)")
        #expect(
            error.contains("package-sets/debian/core.txt:5:1: no package is called \"libcrul\" in debian"), "\(error)")
        #expect(
            error.contains("package-sets/debian/server.txt:1:1: no package is called \"postfixx\" in debian"),
            "\(error)")
        #expect(error.contains("libcurl") && error.contains("postfix") && error.contains("zsh"))
        #expect(error.hasPrefix("4 errors"), "each once, though two profiles have the set")
        #expect(try archive.requests().allSatisfy { $0.hasPrefix("dists/") }, "no package was downloaded")
        #expect(!Files.exists(checkout.lockFile))
    }

    @Test func linesThatExcludeEachOtherAreBothNamed() async throws {
        try checkout.set("core", "curl", "apache")
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("profile server: "), "\(error)")
        #expect(error.contains("can't be installed together"))
        #expect(error.contains("2 | apache") && error.contains("1 | nginx"), "\(error)")
        #expect(error.contains("onflicts"), "\(error)")
        #expect(!Files.exists(checkout.lockFile))
    }

    @Test func whatASetForbidsIsNotTaken() async throws {
        try checkout.set("server", "mailer", "-exim4")
        let locked = try await lock()
        #expect(versions(locked, "server").contains("postfix 1:3.10-1"))
        #expect(!locked.packages.contains { $0.name == "exim4" })
    }

    @Test func aSecondKernelIsAnError() async throws {
        try checkout.set("core", "linux-image-6.11.9-amd64")
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("profile core must have one kernel"), "\(error)")
        #expect(error.contains("6.11.9-amd64") && error.contains("6.12.1-amd64"))
    }

    @Test func aChangedSetIsResolvedAgainstTheLockedSnapshot() async throws {
        let before = try await lock()
        try archive.moveOn()
        _ = try archive.requests()
        try checkout.set("core", "curl", "zsh")
        let after = try await lock()
        #expect(after.snapshots == before.snapshots)
        #expect(
            Set(versions(after, "core")).subtracting(versions(before, "core")) == ["zsh 5.9-1", "zsh-common 5.9-1"])
        #expect(Set(versions(before, "core")).isSubset(of: versions(after, "core")))
        #expect(try archive.requests() == [], "everything that is needed to resolve was in the store")
        #expect(checkout.notices.contains { $0.contains("zsh") && !$0.contains("curl") })

        // A set that loses a line: nothing moves either, and what nobody needs is gone.
        try checkout.set("core", "zsh")
        let less = try await lock()
        #expect(Set(versions(after, "core")).subtracting(versions(less, "core")) == ["curl 8.1-1", "libcurl 8.1-1"])
    }

    @Test func updateMovesTheLockAndSaysHow() async throws {
        let before = try await lock()
        try archive.moveOn()
        let project = try checkout.project()
        #expect(try await lock(project) == before)
        try await project.update([])
        let after = try #require(try LockKeeper(project: project).existing()?["debian"])
        #expect(after.snapshots != before.snapshots)
        #expect(versions(after, "server").contains("nginx 1.28-1"))
        #expect(checkout.notices.contains { $0.contains("nginx") && $0.contains("1.26-1") && $0.contains("1.28-1") })

        try await project.update(["debian"])
        #expect(checkout.notices.last == "deploy.lock is up to date with the archives")
        await #expect(throws: UnknownDistribution.self) { try await project.update(["debain"]) }
    }

    /// A mirror that serves an older state than the locked one, as a stale or a hostile one does.
    @Test func updateDoesNotMoveBackUnlessToldTo() async throws {
        try archive.moveOn()
        var project = try checkout.project()
        _ = try await lock(project)
        let bytes = try Files.read(checkout.lockFile)
        try archive.isWell()
        for words in [[], ["debian"], ["debian", "nginx"]] {
            let error = await #expect(throws: MirrorIsOlder.self) { try await project.update(words) }
            #expect(error?.hint?.contains("--allow-older made/trixie") == true)
        }
        #expect(try Files.read(checkout.lockFile) == bytes)
        // Another mirror is up to date.
        let other = try MadeArchive()
        try other.moveOn()
        let both = try checkout.project(mirrors: "\(archive.url) \(other.url)")
        try await both.update([])
        #expect(try Files.read(checkout.lockFile) == bytes)
        #expect(checkout.notices.contains { $0.contains("passed over") && $0.contains("older than the locked one") })

        project.allowances.older = ["made/trixie"]
        try await project.update([])
        #expect(
            checkout.notices.contains(
                "made trixie: the mirror's state of 2025-06-01T00:00:00Z is older than the locked one of 2025-07-01T00:00:00Z"
            ))
        #expect(try LockKeeper(project: project).existing()?["debian"]?.snapshots.first?.date.day == "20250601")
    }

    @Test func anotherKeyringMakesTheLockStale() async throws {
        _ = try await lock()
        try checkout.edit("deploy.yaml", archive.keyring.string, archive.otherKeyring.string)
        // The locked snapshot is judged again, by the keyring that is declared now.
        #expect(try await checkout.resolutionErrors().contains("which is not in \(archive.otherKeyring)"))
    }

    @Test func anotherDeclarationIsResolvedAgain() async throws {
        let before = try await lock()
        try checkout.edit("deploy.yaml", "server: [base, core, server]", "server: [base, core]")
        let after = try await lock()
        #expect(after.asked != before.asked)
        #expect(versions(after, "server") == versions(after, "core"))
        try checkout.edit("deploy.yaml", "keep: 2", "keep: 3")
        #expect(try await lock() == after)
    }

    @Test func aLockedBuildChangesNothing() async throws {
        _ = try await lock()
        let bytes = try Files.read(checkout.lockFile)
        _ = try await checkout.project().currentPlan(writesLock: true, request: BuildRequest(isLocked: true))
        try checkout.set("core", "zsh")
        _ = try archive.requests()
        do {
            _ = try await checkout.project().currentPlan(writesLock: true, request: BuildRequest(isLocked: true))
            Issue.record("nothing was thrown")
        } catch let error as LockWouldChange {
            #expect(
                error.details == [
                    "debian: core, server: + zsh (package-sets/debian/core.txt:1)", "debian: core, server: − curl",
                    "debian: core, server: − no-such-thing?",
                ])
            #expect(!error.isUsageError)
        }
        #expect(try Files.read(checkout.lockFile) == bytes)
        #expect(try archive.requests() == [], "that much is known without asking anybody")
    }

    @Test func aTargetThatCannotBeIsRefusedBeforeAnythingIsResolved() async throws {
        for writes in [true, false] {
            await #expect(throws: GraphError.self) {
                try await checkout.project().currentPlan(
                    writesLock: writes, request: BuildRequest(targets: ["debian/miror"]))
            }
        }
        #expect(!Files.exists(checkout.lockFile))
        #expect(try archive.requests() == [])
        let right = BuildRequest(targets: ["debian/mirror", "iso", "5"])
        #expect(try await checkout.project().currentPlan(writesLock: false, request: right).graph.order.count > 10)
        #expect(!Files.exists(checkout.lockFile))
    }

    @Test func aLockOfVersionOneIsResolvedAgainAgainstItsSnapshot() async throws {
        let before = try await lock()
        try archive.moveOn()
        let asked = ["release", "repository", "pin", "profile", "want"]
        let lines = try Files.readText(checkout.lockFile).split(separator: "\n")
            .filter { line in !asked.contains { line.hasPrefix($0 + " ") } }
        try Files.write(
            lines.joined(separator: "\n").replacing("version 4", with: "version 1")
                .replacing("distribution debian apt", with: "distribution debian").utf8, to: checkout.lockFile)
        #expect(try await lock() == before)
        #expect(checkout.notices.contains { $0.contains("written by an older deploy") })
    }

    @Test func aSnapshotThatIsGoneEverywhereIsSaidToBe() async throws {
        _ = try await lock()
        try archive.moveOn()
        try checkout.set("core", "curl", "zsh")
        // Another machine has the lock, and not the store.
        try Files.remove(checkout.folder.pushing("live-build/cache"))
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("made trixie: the snapshot of 2025-06-01T00:00:00Z in deploy.lock is gone"), "\(error)")
        #expect(error.contains("deploy update"))

        // Without a changed set nothing has to be resolved, but nobody can say any more that the lock is of signed indexes.
        try checkout.set("core", "# what everybody wants", "curl", "no-such-thing?")
        let gone = try await checkout.resolutionErrors()
        #expect(gone.hasPrefix("deploy.lock:"), "\(gone)")
        #expect(gone.contains("the snapshot of 2025-06-01T00:00:00Z in deploy.lock is gone"), "\(gone)")
    }

    @Test func anotherProfileLeavesTheLockAsItIs() async throws {
        _ = try await lock()
        let bytes = try Files.read(checkout.lockFile)
        _ = try await lock(checkout.project(profile: "server"))
        _ = try await lock(checkout.project(environment: ["PROFILE": "server"]))
        #expect(try Files.read(checkout.lockFile) == bytes)
    }

    @Test func theSameInputsGiveTheSameBytes() async throws {
        _ = try await lock()
        let other = try MadeCheckout(archive)
        _ = try await LockKeeper(project: other.project()).current()
        #expect(try Files.read(checkout.lockFile) == Files.read(other.lockFile))
    }
}

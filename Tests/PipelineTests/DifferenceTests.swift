import ContentStore
import Darksites
import Locking
import Packages
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Pipeline

/// Locks, revisions and what asked for a package, on the made archive.
@Suite struct DifferenceTests {
    private let checkout: MadeCheckout

    init() throws { checkout = try MadeCheckout(try MadeArchive()) }

    private func git(_ words: String...) throws {
        try Tool.run(
            ["git", "-C", checkout.folder.string, "-c", "user.name=x", "-c", "user.email=x@example.org"] + words)
    }

    private func commit() throws {
        if !Files.exists(checkout.folder.appending(".git")) { try git("init", "--quiet") }
        try git("add", "deploy.yaml", "package-sets")
        if Files.exists(checkout.lockFile) { try git("add", "deploy.lock") }
        try git("commit", "--quiet", "--message", "x")
    }

    private func lock() async throws { _ = try await LockKeeper(project: try checkout.project()).current() }

    private func difference(_ from: String? = nil, _ to: String? = nil) async throws -> ProjectDifference {
        try await checkout.project().difference(from: from, to: to)
    }

    private func shown(_ difference: ProjectDifference) -> [String] {
        difference.comparison.distributions.flatMap(\.changes).map { change in
            "\(change.change.description) [\(change.profiles.joined(separator: ","))] \(change.cause?.place ?? "")"
        }
    }

    @Test func headIsComparedWithTheWorkingLockAndEachSideExplainsItself() async throws {
        try await lock()
        try commit()
        #expect(try await difference().comparison.isEmpty)
        // The line that goes is one of the sets that were committed, the one that comes of those on disk.
        try checkout.set("core", "zsh")
        try await lock()
        let found = try await difference()
        #expect(found.from.name.hasPrefix("HEAD (") && found.to.name == "deploy.lock")
        #expect(
            shown(found) == [
                "curl 8.1-1 [core,server] package-sets/debian/core.txt:2",
                "libcurl 8.1-1 [core,server] package-sets/debian/core.txt:2",
                "zsh 5.9-1 [core,server] package-sets/debian/core.txt:1",
                "zsh-common 5.9-1 [core,server] package-sets/debian/core.txt:1",
            ])
        #expect(found.comparison.distributions[0].gaps == [])
    }

    @Test func aLockOfAnotherTimeIsExplainedByTheCommitThatItFits() async throws {
        try await lock()
        try commit()
        try Tool.run(["cp", checkout.lockFile.string, checkout.folder.appending("old.lock").string])
        try checkout.set("core", "zsh")
        try await lock()
        try commit()
        let found = try await difference("old.lock", "HEAD")
        #expect(shown(found).first == "curl 8.1-1 [core,server] package-sets/debian/core.txt:2")
        #expect(found.comparison.distributions[0].gaps == [])
    }

    @Test func whereTheSetsOrTheIndexesAreGoneTheProfileAloneIsNamed() async throws {
        try await lock()
        try Tool.run(["cp", checkout.lockFile.string, checkout.folder.appending("old.lock").string])
        try checkout.set("core", "zsh")
        try await lock()
        let sets = try await difference("old.lock")
        #expect(shown(sets).first == "curl 8.1-1 [core,server] ")
        #expect(shown(sets).last == "zsh-common 5.9-1 [core,server] package-sets/debian/core.txt:1")
        #expect(sets.comparison.distributions[0].gaps.map(\.side) == ["old.lock"])

        let project = try checkout.project()
        let index = try #require(try LockKeeper(project: project).existing()?["debian"]?.indexes.first)
        try Files.remove(project.store.path(of: index.digest))
        _ = try checkout.archive.requests()
        let store = try await difference("old.lock")
        #expect(shown(store).last == "zsh-common 5.9-1 [core,server] ")
        #expect(store.comparison.distributions[0].gaps.map(\.reason).contains { $0.contains("not in the store") })
        #expect(try checkout.archive.requests() == [], "a question fetches nothing")
    }

    @Test func anUpdateIsUpgradesAndASnapshotThatMoved() async throws {
        try await lock()
        try commit()
        try checkout.archive.moveOn()
        try await checkout.project().update([])
        let distribution = try #require(try await difference().comparison.distributions.first)
        #expect(distribution.changes.map(\.change.description).contains("nginx 1.26-1 → 1.28-1"))
        #expect(distribution.changes.allSatisfy { if case .upgraded = $0.change.kind { true } else { false } })
        #expect(distribution.snapshots.map { "\($0.from?.day ?? "") \($0.to?.day ?? "")" } == ["20250601 20250701"])
        let back = try #require(try await difference("deploy.lock", "HEAD").comparison.distributions.first)
        #expect(back.changes.allSatisfy { if case .downgraded = $0.change.kind { true } else { false } })
    }

    @Test func whatCanNotBeComparedIsSaidClearly() async throws {
        func refused(_ from: String? = nil, _ to: String? = nil) async throws -> String {
            do {
                _ = try await difference(from, to)
            } catch let error as any UserError {
                #expect(error.isUsageError)
                return error.description
            }
            Issue.record("nothing was thrown")
            return ""
        }
        #expect(try await refused().contains("is in no git repository"))
        try git("init", "--quiet")
        #expect(try await refused().contains("has no commit yet"))
        try commit()
        #expect(try await refused().contains("has no deploy.lock"))
        #expect(try await refused("no-such-branch").contains("no git revision \"no-such-branch\""))
        #expect(try await refused("--help").contains("no git revision"))
        #expect(try await refused("").contains("no git revision"))
        #expect(try await refused("missing.iso").contains("there is no file missing.iso"))
        #expect(try await refused("deploy.yaml", "deploy.yaml").contains("deploy.yaml:"))
        try await lock()
        try Files.write("not a lock\n".utf8, to: checkout.folder.appending("bad.lock"))
        #expect(try await refused("bad.lock").contains("bad.lock:1"))
    }

    @Test func whatGitWritesIsTakenApartByLength() throws {
        let output = Array("abc blob 4\na\nb\n\ndef blob 0\n\n".utf8)
        let files = try GitRepository.contents(output, names: ["one", "two"])
        #expect(files == ["one": Array("a\nb\n".utf8), "two": []])
        for damaged in ["abc missing\n", "abc blob 9\nab\n", "", "abc blob -1\n\n"] {
            #expect(throws: GitFailed.self) { try GitRepository.contents(Array(damaged.utf8), names: ["one"]) }
        }
    }
}

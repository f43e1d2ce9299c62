import APT
import Archives
import Darksites
import Locking
import Packages
import Primitives
import SystemPackage
import Testing

@testable import ContentStore
@testable import Pipeline

/// A lock says which bytes an image is made of. One that was edited is told from one that was resolved, whether its seals fit or
/// not, before anything of it is fetched.
@Suite struct ForgedLockTests {
    private let archive: MadeArchive
    private let checkout: MadeCheckout

    init() async throws {
        archive = try MadeArchive()
        checkout = try MadeCheckout(archive)
        _ = try await LockKeeper(project: checkout.project()).current()
        _ = try archive.requests()
    }

    /// An edit of one line of the lock: the beginning of the line, a field, and what it becomes.
    struct Edit: CustomStringConvertible {
        let line: String
        let field: Int
        let value: String
        /// Part of the error; nil where the edit is without seals no more than what a merge may leave.
        let words: String
        var isHealed = false
        var description: String { "\(line)\(field)" }
    }

    private static let zeros = String(repeating: "0", count: 64)

    static let edits = [
        Edit(
            line: "package curl ", field: 8, value: zeros,
            words: "curl 8.1-1 amd64: no signed index of made has this file"),
        Edit(
            line: "package curl ", field: 5, value: "1234",
            words: "curl 8.1-1 amd64: no signed index of made has this file"),
        Edit(
            line: "package curl ", field: 7, value: "pool/main/z/zsh/zsh_5.9-1_amd64.deb",
            words: "curl 8.1-1 amd64: no signed index of made has this file"),
        Edit(
            line: "package curl ", field: 2, value: "9.9-1", words: "curl 9.9-1 amd64: no signed index of made has it",
            isHealed: true),
        Edit(line: "package curl ", field: 3, value: "i386", words: "curl 8.1-1 i386: no signed index", isHealed: true),
        Edit(
            line: "essential dpkg ", field: 8, value: zeros,
            words: "dpkg 1.22.1 amd64: no signed index of made has this file"),
        // Of the live system and of the builder alone.
        Edit(
            line: "package big ", field: 8, value: zeros, words: "big 1.0 amd64: no signed index of made has this file"),
        Edit(line: "index ", field: 7, value: zeros, words: "no locked Release file names the index", isHealed: true),
        Edit(line: "index ", field: 5, value: "7", words: "no locked Release file names the index"),
        Edit(
            line: "index ", field: 6, value: "dists/trixie/main/binary-i386/Packages.xz",
            words: "no locked Release file names the index", isHealed: true),
        Edit(
            line: "snapshot ", field: 3, value: "2026-06-01T00:00:00Z",
            words: "made trixie: the signed state is of 2025-06-01T00:00:00Z"),
        Edit(line: "snapshot ", field: 4, value: "9", words: "made trixie: the signed state is of"),
        Edit(line: "snapshot ", field: 5, value: zeros, words: "made trixie: the snapshot of"),
    ]

    /// Edits the lock; with `resealing`, as somebody would who knows how its seals are made. Returns the number of the line.
    private func apply(_ edit: Edit, resealing: Bool) throws -> Int {
        var lines = try Files.readText(checkout.lockFile).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        let number = try #require(lines.firstIndex { $0.hasPrefix(edit.line) })
        var fields = lines[number].split(separator: " ").map(String.init)
        fields[edit.field] = edit.value
        lines[number] = fields.joined(separator: " ")
        try Files.write(lines.joined(separator: "\n").utf8, to: checkout.lockFile)
        guard resealing else { return number + 1 }
        let lock = try LockReader.read(try Files.read(checkout.lockFile), file: "deploy.lock")
        let sealed = lock.distributions.map {
            LockedDistribution(
                name: $0.name, family: $0.family, architecture: $0.architecture, asked: $0.asked,
                snapshots: $0.snapshots,
                indexes: $0.indexes, packages: $0.packages, built: $0.built)
        }
        try Files.write(try LockWriter.text(of: Lock(sealed)), to: checkout.lockFile)
        let line = fields.joined(separator: " ")
        let written = try Files.readText(checkout.lockFile).split(separator: "\n", omittingEmptySubsequences: false)
        return try #require(written.firstIndex { $0 == line }) + 1
    }

    private func failure(_ body: () async throws -> Void) async -> String? {
        do { try await body() } catch let error as any UserError { return error.description } catch {
            return "\(error)"
        }
        return nil
    }

    @Test(arguments: edits)
    func oneThatSeemsToFitIsRefused(edit: Edit) async throws {
        let line = try apply(edit, resealing: true)
        let bytes = try Files.read(checkout.lockFile)
        for (isLocked, writes) in [(false, true), (true, true), (false, false)] {
            let error = await failure {
                _ = try await checkout.project().currentPlan(
                    writesLock: writes, request: BuildRequest(isLocked: isLocked))
            }
            #expect(error?.hasPrefix("deploy.lock:\(line):1: ") == true, "\(error ?? "nothing was thrown")")
            #expect(error?.contains(edit.words) == true, "\(error ?? "nothing was thrown")")
            #expect(error?.contains("deploy update") == true)
        }
        for error in [
            await failure { _ = try await checkout.project().explain(nil) },
            await failure { _ = try await checkout.project().standing(BuildRequest()) },
        ] { #expect(error?.contains(edit.words) == true) }
        #expect(try Files.read(checkout.lockFile) == bytes)
        #expect(try archive.requests().allSatisfy { $0.hasPrefix("dists/") }, "no package was fetched")
    }

    /// What a merge may leave behind is resolved again, and said; what it can't have made is refused here, too.
    @Test(arguments: edits)
    func oneWhoseSealsDoNotFitIsRefusedOrResolvedAgain(edit: Edit) async throws {
        let good = try Files.read(checkout.lockFile)
        let line = try apply(edit, resealing: false)
        let locked = await failure {
            _ = try await checkout.project().currentPlan(writesLock: true, request: BuildRequest(isLocked: true))
        }
        #expect(locked != nil)
        let error = await failure { _ = try await LockKeeper(project: checkout.project()).current() }
        if edit.isHealed {
            #expect(error == nil)
            #expect(try Files.read(checkout.lockFile) == good)
            #expect(
                checkout.notices.contains { $0.hasPrefix("deploy.lock:\(line):1: ") && $0.contains(edit.words) },
                "\(checkout.notices)")
        } else {
            #expect(error?.hasPrefix("deploy.lock:\(line):1: ") == true, "\(error ?? "nothing was thrown")")
            #expect(error?.contains(edit.words) == true)
            #expect(locked?.hasPrefix("deploy.lock:\(line):1: ") == true, "\(locked ?? "")")
        }
    }

    /// A package that a signed index of another repository has is not one of this, though both are signed by one key.
    @Test func aPackageOfAnotherRepositoryIsRefused() async throws {
        let other = try MadeArchive()
        try other.moveOn()
        try checkout.edit(
            "deploy.yaml", "      - name: made\n",
            """
                  - name: other
                    mirrors: ["\(other.url)"]
                    suites: [trixie]
                    components: [main]
                    keyring: \(archive.keyring)
                  - name: made

            """)
        let locked = try #require(try await LockKeeper(project: checkout.project()).current()["debian"])
        let curl = try #require(locked.packages.first { $0.name == "curl" })
        #expect(curl.repository == "other" && curl.version == "8.2-1")
        let forged = LockedDistribution(
            name: locked.name, family: .apt, architecture: locked.architecture, asked: locked.asked,
            snapshots: locked.snapshots,
            indexes: locked.indexes,
            packages: locked.packages.map {
                LockedPackage(
                    name: $0.name, version: $0.version, architecture: $0.architecture, profiles: $0.profiles,
                    isEssential: $0.isEssential, size: $0.size, repository: $0.name == "curl" ? "made" : $0.repository,
                    path: $0.path, digest: $0.digest)
            }, built: locked.built)
        try Files.write(try LockWriter.text(of: Lock([forged])), to: checkout.lockFile)
        let error = await failure { _ = try await LockKeeper(project: checkout.project()).current() }
        #expect(error?.contains("curl 8.2-1 amd64: no signed index of made has this file") == true, "\(error ?? "")")
        #expect(error?.contains("other has it as pool/main/c/curl/curl_8.2-1_amd64.deb") == true, "\(error ?? "")")
    }

    /// Old packages under a new date: an index of the state before, below the Release file of today.
    @Test func statesAreNotMixed() async throws {
        let before = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        try archive.moveOn()
        try await checkout.project().update([])
        let after = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        let mixed = LockedDistribution(
            name: after.name, family: .apt, architecture: after.architecture, asked: after.asked,
            snapshots: after.snapshots,
            indexes: before.indexes, packages: before.packages, built: before.built)
        try Files.write(try LockWriter.text(of: Lock([mixed])), to: checkout.lockFile)
        let error = await failure { _ = try await LockKeeper(project: checkout.project()).current() }
        #expect(error?.contains("no locked Release file names the index") == true, "\(error ?? "nothing was thrown")")
    }

    /// Somebody who can write to the store too: he brings his own package, index and Release file, in his own name.
    @Test func aReleaseOfAnotherKeyIsRefusedThoughTheStoreHasIt() async throws {
        try archive.release("unknown-key")
        let file = archive.folder.pushing("dists/trixie/InRelease")
        let bytes = try Files.read(file)
        let store = try checkout.project().store
        try await store.insert(bytes)
        let lock = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        let forged = LockedDistribution(
            name: lock.name, family: .apt, architecture: lock.architecture, asked: lock.asked,
            snapshots: lock.snapshots.map {
                LockedSnapshot(
                    repository: $0.repository, suite: $0.suite, date: $0.date, digest: Digest(of: bytes),
                    size: ByteCount(bytes.count))
            }, indexes: lock.indexes, packages: lock.packages, built: lock.built)
        try Files.write(try LockWriter.text(of: Lock([forged])), to: checkout.lockFile)
        let error = await failure { _ = try await LockKeeper(project: checkout.project()).current() }
        #expect(error?.contains("which is not in \(archive.keyring)") == true, "\(error ?? "nothing was thrown")")
    }

    /// What is kept of indexes decides what is chosen, and never what is taken: a table that somebody put there brings nothing in.
    @Test func aForgedTableBringsNothingIn() async throws {
        let parsed = try checkout.project().derived.folder(.parsed)
        let lock = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        let index = try #require(lock.indexes.first)
        let curl = try #require(lock.packages.first { $0.name == "curl" })
        let text = try Files.readText(archive.folder.pushing("dists/trixie/main/binary-amd64/Packages"))
        let evil = checkout.folder.appending("Packages")
        try Files.write(text.replacing(curl.digest.hex, with: Self.zeros).utf8, to: evil)
        // A table of it, under the name of one of the signed index.
        try Files.remove(parsed)
        _ = try ParsedIndexes(folder: parsed).table(
            of: [
                IndexFile(
                    digest: index.digest, compression: .none, source: "made",
                    origin: IndexOrigin(repository: "made", suite: "trixie", component: "main"))
            ], architecture: "amd64"
        ) { _ in try Files.read(evil) }
        try Files.remove(checkout.lockFile)
        let error = await failure { _ = try await LockKeeper(project: checkout.project()).current() }
        #expect(
            error?.hasPrefix("curl 8.1-1 amd64: no signed index of made has this file") == true,
            "\(error ?? "nothing was thrown")")
        #expect(error?.contains("deploy clean") == true)
        #expect(!Files.exists(checkout.lockFile))
    }

    @Test func whatWasVerifiedOnceIsNotVerifiedAgain() async throws {
        let project = try checkout.project()
        let keeper = LockKeeper(project: project)
        #expect(keeper.isVerified(try keeper.standing()))
        let lock = try #require(try keeper.existing()?["debian"])
        for index in lock.indexes {
            try Files.remove(project.store.path(of: index.digest))
        }
        _ = try archive.requests()
        _ = try await keeper.current()
        #expect(try archive.requests() == [], "nothing was looked at")
        // Another user has to look himself.
        let other = try checkout.project(environment: ["DEPLOY_KEY": checkout.folder.appending("other").string])
        _ = try await LockKeeper(project: other).current()
        #expect(try archive.requests().contains { $0.hasSuffix("Packages.xz") || $0.contains("by-hash") })
    }

    /// A republished repository has another index under the path of the locked one.
    @Test func anIndexThatWasReplacedIsSaidToBe() async throws {
        try Tool.run([
            "bash", "-c",
            "cd \(archive.folder)/dists/trixie/main/binary-amd64 && rm -r by-hash && cp --remove-destination Packages Packages.xz",
        ])
        let store = try checkout.project().store
        let lock = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        for index in lock.indexes { try Files.remove(store.path(of: index.digest)) }
        let other = try checkout.project(environment: ["DEPLOY_KEY": checkout.folder.appending("other").string])
        let error = await failure { _ = try await LockKeeper(project: other).current() }
        #expect(error?.hasPrefix("made: no mirror has the locked index any more") == true, "\(error ?? "")")
        #expect(error?.contains("deploy update") == true && error?.contains("snapshot:") == true)
    }
}

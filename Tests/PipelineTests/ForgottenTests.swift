import BuildGraph
import Darksites
import Locking
import Primitives
import SystemPackage
import Testing

@testable import Pipeline

/// What is locked, and what the mirror does not have any more: the store, then other mirrors, then the snapshot service.
@Suite struct ForgottenTests {
    private let archive: MadeArchive
    /// Where old states and old files are.
    private let elsewhere: MadeArchive
    private let checkout: MadeCheckout

    init() async throws {
        archive = try MadeArchive()
        elsewhere = try MadeArchive()
        checkout = try MadeCheckout(archive)
        _ = try await LockKeeper(project: checkout.project()).current()
    }

    /// A month passes, and the archive deletes what is superseded: the index of before, and some packages.
    private func forget() throws {
        let index = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"]?.indexes.first)
        try archive.moveOn()
        try archive.sweep("dists/trixie/main/binary-amd64/by-hash/SHA256/\(index.digest.hex)")
        try archive.sweep("pool/main/c/curl/curl_8.1-1_*")
        try archive.sweep("pool/main/z/zsh/zsh_5.9-1_*")
    }

    private func forgetStore() throws { try Files.remove(checkout.folder.pushing("live-build/cache")) }

    private func declare(_ service: String) throws {
        let keyring = "keyring: \(archive.keyring)"
        try checkout.edit("deploy.yaml", keyring, "\(keyring)\n        snapshot: \"\(service)\"")
    }

    /// Adds a package, which has to be resolved against the locked snapshot, and builds the mirror.
    private func buildWithZsh(mirrors: String? = nil) async throws {
        try checkout.set("core", "curl", "zsh")
        let before = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        let report = try await checkout.build("debian/mirror", project: checkout.project(mirrors: mirrors))
        #expect(report.ran.contains("debian/mirror"))
        let after = try #require(try LockKeeper(project: checkout.project()).existing()?["debian"])
        #expect(after.snapshots == before.snapshots)
        #expect(after.packages.contains { $0.name == "zsh" && $0.version == "5.9-1" })
    }

    @Test func whatIsInTheStoreIsNotMissed() async throws {
        try await buildWithZsh()
        try forget()
        _ = try archive.requests()
        try checkout.set("core", "curl")
        let report = try await checkout.build("debian/mirror")
        #expect(report.ran.contains("debian/mirror"))
        #expect(try archive.requests() == [])
    }

    @Test func anotherMirrorMayHaveIt() async throws {
        try forget()
        try forgetStore()
        try await buildWithZsh(mirrors: "\(archive.url) \(elsewhere.url)")
        #expect(try elsewhere.requests().contains { $0.contains("curl_8.1-1") })
    }

    /// A service takes a state in after the archive has published it: the time that is asked for may be too early for it.
    @Test(arguments: ["20250601T000000Z", "20250601T010000Z", "20250602T000000Z"])
    func theSnapshotServiceHasTheArchiveAsItWas(time: String) async throws {
        try Tool.run(["bash", "-c", "cd \(elsewhere.folder) && mkdir \(time) && mv dists pool \(time)"])
        try forget()
        try forgetStore()
        try declare("\(elsewhere.url)/{date}/")
        try await buildWithZsh()
        let asked = try elsewhere.requests()
        for file in ["InRelease", "curl_8.1-1_amd64.deb", "zsh_5.9-1_amd64.deb"] {
            #expect(asked.contains { $0.hasPrefix("\(time)/") && $0.hasSuffix(file) }, "\(file)")
        }
    }

    @Test func theSnapshotServiceHasFilesByTheirDigests() async throws {
        let script = "cd \(elsewhere.folder) && find . -type f -exec sh -c 'cp $0 $(sha256sum $0 | cut -c1-64)' {} ';'"
        try Tool.run(["bash", "-c", script])
        try forget()
        try forgetStore()
        try declare("\(elsewhere.url)/{sha256}")
        try await buildWithZsh()
    }

    @Test func whatIsNowhereIsNamedWithWhatToDo() async throws {
        try forget()
        try forgetStore()
        try checkout.set("core", "curl", "zsh")
        let error = try await checkout.resolutionErrors()
        #expect(error.contains("made trixie: the snapshot of 2025-06-01T00:00:00Z in deploy.lock is gone"), "\(error)")
        #expect(error.contains("\(archive.url)/dists/trixie/InRelease: it has another state of the suite"), "\(error)")
        #expect(error.contains("declare a snapshot service (`snapshot:` of made in deploy.yaml)"), "\(error)")

        // A service that has nothing either is named among what was asked.
        try declare("\(elsewhere.url)/{date}")
        let nothing = try await checkout.resolutionErrors()
        #expect(nothing.contains("\(elsewhere.url)/20250601T000000Z/dists/trixie/"), "\(nothing)")
        #expect(nothing.contains("deploy update") && !nothing.contains("declare a snapshot service"), "\(nothing)")
    }

    @Test func aMirrorWithABadSignatureIsPassedOverAndSaid() async throws {
        try forgetStore()
        try Files.remove(checkout.lockFile)
        try archive.release("tampered")
        let both = "\(archive.url) \(elsewhere.url)"
        _ = try await LockKeeper(project: checkout.project(mirrors: both)).current()
        #expect(
            checkout.notices.contains {
                $0.hasPrefix("made trixie: \(archive.url)/dists/trixie/InRelease was passed over: ")
                    && $0.contains("the signature is bad")
            })

        try forgetStore()
        try Files.remove(checkout.lockFile)
        try elsewhere.release("expired")
        let error = try await checkout.resolutionErrors(checkout.project(mirrors: both))
        #expect(error.contains("made trixie: no mirror has an index that can be taken"), "\(error)")
        #expect(
            error.contains("\(archive.url)/dists/trixie/InRelease: made trixie is not what Made Archive"), "\(error)")
        #expect(error.contains("\(elsewhere.url)/dists/trixie/InRelease: "), "\(error)")
        #expect(error.contains("expired 207 days ago"), "\(error)")
        #expect(!Files.exists(checkout.lockFile))
    }
}

import Archives
import ContentStore
import Darksites
import Declaration
import Locking
import Packages
import Primitives
import SystemPackage
import Testing
import Transfer

@testable import Pipeline

/// Indexes that arrive and are not what they should be: which index, and what is wrong with it.
@Suite final class BadIndexTests {
    private let folder: FilePath
    private let store: ContentStore
    private let derived: DerivedResults

    init() throws {
        folder = FilePath("/tmp/bad-index-\(UInt64.random(in: 0...UInt64.max))")
        store = try ContentStore(root: folder.appending("store"))
        derived = DerivedResults(root: folder.appending("derived"))
    }

    deinit { try? Files.remove(folder) }

    private static let stanza =
        "Package: a\nVersion: 1\nArchitecture: amd64\nFilename: a.deb\nSize: 1\nSHA256: \(String(repeating: "0", count: 64))\n"

    /// Resolves "a" from an unsigned archive with one index of `bytes`, of which the Release file says `size` and `digest`.
    private func resolve(_ name: String, _ bytes: [UInt8], size: Int? = nil, digest: Digest? = nil) async throws {
        let suite = folder.pushing("archive/dists/s")
        let path = "main/binary-amd64/\(name)"
        try Files.createDirectory(suite.pushing("main/binary-amd64"))
        try Files.write(bytes, to: suite.pushing(FilePath(path)))
        try Files.write(
            """
            Suite: s
            Codename: s
            Date: Sun, 01 Jun 2025 00:00:00 UTC
            Architectures: amd64
            Components: main
            SHA256:
             \((digest ?? Digest(of: bytes)).hex) \(size ?? bytes.count) \(path)

            """.utf8, to: suite.appending("Release"))
        let source = APTRepositorySource(name: "made", suites: ["s"], components: ["main"], trust: .unsigned)
        let addresses = RepositoryAddresses(["made": ["file://\(folder)/archive"]])
        let snapshot = try await SnapshotFetch(
            [source], architectures: ["amd64"],
            access: ArchiveAccess(
                store: store, derived: derived, addresses: addresses, downloader: .impatient, now: MadeCheckout.now)
        ).latest()
        let set = try PackageSet(parsing: "a\n", name: "set", file: "set.txt")
        let union = try PackageSetUnion(of: set.entries, files: ["set.txt"], family: .apt, architecture: "amd64")
        let request = ResolutionRequest(
            distribution: "debian", architecture: "amd64",
            asked: LockedRequest(
                release: "13", codename: "trixie", source: .apt(LockedAPTRequest(repositories: [], pins: [])),
                profiles: [],
                wishes: []),
            profiles: [ProfileRequest(name: "core", base: .essential, sets: union)], rules: .apt(APTRules()))
        let catalog = try await CatalogReader(store: store, derived: derived).catalog(
            of: snapshot, for: request, fetch: PackageFetch(addresses: addresses, downloader: .impatient))
        _ = try Resolver().resolve(request, in: catalog)
    }

    private func message(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "nothing was thrown"
        } catch {
            return "\(error)"
        }
    }

    @Test func aWholeOneIsTaken() async throws {
        try await resolve("Packages", Array(Self.stanza.utf8))
        try await resolve("Packages.xz", Compression.xz.compress(Array(Self.stanza.utf8), level: 1))
    }

    @Test func oneThatIsCutOffNamesItself() async throws {
        let text = Array((Self.stanza + "\n" + Self.stanza.replacing("Package: a", with: "Package: b")).utf8)
        let packed = try Compression.xz.compress(text, level: 1)
        let xz = await message { try await resolve("Packages.xz", Array(packed.dropLast(20))) }
        #expect(xz.contains("truncated") || xz.contains("ends"), "\(xz)")
        let plain = await message { try await resolve("Packages", Array(text.dropLast(115))) }
        // What is left of b has no version: apt passes over it as well, and what stands before it counts.
        #expect(plain == "nothing was thrown")
    }

    @Test func oneOfAnotherSizeOrDigestIsNotTaken() async throws {
        let bytes = Array(Self.stanza.utf8)
        for (size, digest) in [(bytes.count + 1, nil), (bytes.count - 1, nil), (nil, Digest(of: [1]))]
            as [(Int?, Digest?)]
        {
            let text = await message { try await resolve("Packages", bytes, size: size, digest: digest) }
            #expect(text.contains("dists/s/main/binary-amd64/Packages"), "\(text)")
            #expect(text.contains("size") || text.contains("bytes") || text.contains("digest"), "\(text)")
        }
        #expect(try store.audit().damaged == [])
    }

    @Test func aCompressedOneThatIsSomethingElseIsRefused() async throws {
        let text = await message { try await resolve("Packages.xz", Array(Self.stanza.utf8)) }
        #expect(text != "nothing was thrown" && text.contains("xz"), "\(text)")
    }
}

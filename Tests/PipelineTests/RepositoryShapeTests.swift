import APT
import Archives
import ContentStore
import Darksites
import Declaration
import Locking
import MadeDeclaration
import Packages
import Primitives
import SystemPackage
import Testing
import Transfer

@testable import Pipeline

/// Repositories as people write them, all of which apt takes: which packages are seen in them, and where these are fetched from.
@Suite final class RepositoryShapeTests {
    private let folder: FilePath
    private let store: ContentStore
    private let derived: DerivedResults

    init() throws {
        folder = FilePath("/tmp/repository-shapes-\(UInt64.random(in: 0...UInt64.max))")
        store = try ContentStore(root: folder.appending("store"))
        derived = DerivedResults(root: folder.appending("derived"))
    }

    deinit { try? Files.remove(folder) }

    private var archive: FilePath { folder.appending("archive") }

    private func snapshot(
        _ suite: String, _ components: [String], _ architectures: [String] = ["amd64"],
        from locked: LockedDistribution? = nil
    ) async throws -> Snapshot {
        let source = APTRepositorySource(name: "made", suites: [suite], components: components, trust: .unsigned)
        let fetch = SnapshotFetch(
            [source], architectures: architectures,
            access: ArchiveAccess(
                store: store, derived: derived, addresses: RepositoryAddresses(["made": ["file://\(archive)"]]),
                downloader: .impatient, now: MadeCheckout.now + 400 * 86400))
        if let locked { return try await fetch.locked(locked) }
        return try await fetch.latest()
    }

    /// "name path" of each package of a snapshot.
    private func packages(_ snapshot: Snapshot, _ architectures: [String] = ["amd64"]) async throws -> [String] {
        let content = try #require(snapshot.apt)
        let parsed = ParsedSnapshots(store: store, derived: derived)
        let table = try await parsed.table(of: snapshot, content, architectures: architectures)
        return try ["a", "b", "c"].flatMap { name in
            try table.packages(named: name).map { "\(name) \(try table.details(of: $0).filename)" }
        }
    }

    @Test(arguments: ["", "Suite: stable\n", "Suite: stable\nArchitecture: i386 amd64\n", "Components: testing\n"])
    func aReleaseFileMayLeaveOutFields(fields: String) async throws {
        let repository = try UnsignedRepository(at: archive)
        try repository.add("a", in: "main/binary-amd64", filename: "./pool/a.deb")
        try repository.release(fields)
        #expect(try await packages(snapshot("stable", ["main"])) == ["a pool/a.deb"])
    }

    @Test(arguments: [("./", ""), ("amd64/", "amd64"), ("x/y/", "x/y")])
    func itMayBeFlat(suite: String, place: String) async throws {
        let repository = try UnsignedRepository(at: archive, suite: place)
        try repository.add("a", in: "", filename: "./a.deb", packed: .gzip)
        try repository.release()
        let found = try await snapshot(suite, [])
        #expect(try await packages(found) == ["a a.deb"], "from the root of the repository, as apt has it")
        #expect(found.indexes.map(\.path) == [place.isEmpty ? "Packages.gz" : "\(place)/Packages.gz"])
        #expect(found.indexes.map(\.component) == [nil] && found.indexes.map(\.architecture) == [nil])
        // One index has the packages of all architectures.
        try repository.add("a", in: "", architecture: "i386", packed: .gzip)
        try repository.release()
        #expect(try await packages(snapshot(suite, [], ["amd64", "i386"]), ["amd64", "i386"]) == ["a pool/a.deb"])
    }

    @Test(arguments: [Compression.bzip2, .zstd, .xz]) func itsIndexMayBePackedSo(packed: Compression) async throws {
        let repository = try UnsignedRepository(at: archive)
        try repository.add("a", in: "main/binary-amd64", packed: packed)
        try repository.release()
        #expect(try await packages(snapshot("stable", ["main"])) == ["a pool/a.deb"])
    }

    @Test func packagesForAllArchitecturesMayHaveAnIndexOfTheirOwn() async throws {
        let repository = try UnsignedRepository(at: archive)
        try repository.add("a", in: "main/binary-amd64")
        try repository.add("b", in: "main/binary-all", architecture: "all")
        try repository.release("Architectures: all amd64\n")
        #expect(try await packages(snapshot("stable", ["main"])) == ["a pool/a.deb", "b pool/b.deb"])
        try repository.release("Architectures: amd64\n")
        #expect(try await packages(snapshot("stable", ["main"])) == ["a pool/a.deb"])
    }

    @Test func unsignedItMayHaveInReleaseAlone() async throws {
        let repository = try UnsignedRepository(at: archive)
        try repository.add("a", in: "main/binary-amd64")
        try repository.release(file: "InRelease")
        #expect(try await packages(snapshot("stable", ["main"])) == ["a pool/a.deb"])
    }

    @Test func itMayHaveSHA512Alone() async throws {
        let repository = try UnsignedRepository(at: archive)
        try repository.add("a", in: "main/binary-amd64")
        try repository.release(kind: "SHA512")
        let found = try await snapshot("stable", ["main"])
        #expect(try await packages(found) == ["a pool/a.deb"])
        let locked = LockedDistribution(
            name: "made", family: .apt, architecture: "amd64", asked: nil, snapshots: found.snapshots,
            indexes: found.indexes,
            packages: [])
        let index = archive.pushing("dists/stable/main/binary-amd64/Packages")
        let text = try Files.readText(index)
        try Files.write(text.replacing("Version: 1", with: "Version: 2").utf8, to: index)
        // What is locked is in the store; a changed index is not what the Release file says.
        #expect(try await snapshot("stable", ["main"], from: locked).indexes == found.indexes)
        let error = await #expect(throws: (any Error).self) { try await self.snapshot("stable", ["main"]) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("is not what Release says of it (wrong sha512)"))
    }

    @Test func withoutAReleaseFileTheErrorHasTheCommandThatMakesOne() async throws {
        let repository = try UnsignedRepository(at: archive, suite: "")
        try repository.add("a", in: "")
        let error = await #expect(throws: (any Error).self) { try await self.snapshot("./", []) }
        let hint = try #require((error as? any UserError)?.hint)
        let command = try #require(hint.split(separator: "`").first { $0.contains("apt-ftparchive") })
        #expect(hint.contains("packages: [./debs/*.deb]"))
        try Tool.run(["bash", "-c", String(command)])
        #expect(try await packages(snapshot("./", [])) == ["a pool/a.deb"])
    }

    private static let own = "suites: [stable], components: [main]"

    @Test(
        arguments: [
            ("suites: [\"./\"]", "./"), ("suites: [\"/\"], components: []", "./"), ("suites: [./amd64/]", "amd64/"),
            ("suites: [/x/y/]", "x/y/"),
        ])
    func aFlatOneIsDeclaredByItsFolder(written: String, suite: String) throws {
        let declaration = try MadeDeclaration.parse(MadeDeclaration.text.replacing(Self.own, with: written))
        let repository = try #require(declaration.distributions.first?.apt?.repositories.last)
        #expect(repository.suites == [suite] && repository.components.isEmpty)
    }

    @Test(
        arguments: [
            ("suites: [\"./\"], components: [main]", "a flat repository has no components"),
            ("suites: [\"./\", stable], components: [main]", "has flat suites (./) and others"),
            ("suites: [../x/], components: [main]", "suites cannot be \"../x/\""),
            ("suites: [stable]", "lacks \"components\""),
        ])
    func anythingElseIsTold(written: String, problem: String) {
        let errors = MadeDeclaration.errors(Self.own, written)
        #expect(errors.count == 1 && errors[0].contains(problem), "\(errors)")
    }
}

import Primitives
import SystemPackage
import Testing

@testable import Archives

/// A file of an image that xorriso made is found, and nothing else is taken for an image.
@Suite struct DiscImageTests {
    private let bench: Workbench

    init() throws {
        bench = try Workbench()
        try bench.run(
            """
            mkdir -p tree/kldload tree/pool
            head -c 5000000 /dev/zero > tree/pool/large
            printf 'version 1\\n' > tree/kldload/deploy.lock
            : > tree/kldload/empty
            xorriso -as mkisofs -quiet -R -J -V MADE -o made.iso tree
            """)
    }

    private func file(_ name: String, limit: Int = 1000) throws -> [UInt8]? {
        try DiscImage.file(name, on: bench.path.appending("made.iso"), limit: ByteCount(limit))
    }

    @Test func filesAreFoundByTheirLongNames() throws {
        #expect(DiscImage.isImage(bench.path.appending("made.iso")))
        #expect(try file("kldload/deploy.lock") == Array("version 1\n".utf8))
        #expect(try file("kldload/empty") == [])
        #expect(try file("kldload/none") == nil)
        #expect(try file("kldload") == nil, "a folder is no file")
    }

    @Test func aFileThatIsTooLargeIsNotRead() {
        #expect(throws: ArchiveError.self) { try file("pool/large") }
    }

    @Test func anImageThatIsCutOffIsAnError() throws {
        try bench.write(try bench.read("made.iso").prefix(40_000), to: "made.iso")
        #expect(throws: ArchiveError.self) { try file("kldload/deploy.lock") }
    }

    @Test func otherFilesAreNoImages() throws {
        try bench.write(sampleBytes(100_000), to: "noise")
        #expect(!DiscImage.isImage(bench.path.appending("noise")))
        #expect(!DiscImage.isImage(bench.path.appending("tree")))
        #expect(!DiscImage.isImage(bench.path.appending("missing")))
    }
}

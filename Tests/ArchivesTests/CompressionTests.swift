import Archives
import Primitives
import SystemPackage
import Testing

@Suite struct CompressionTests {
    static let packing: [Compression] = [.gzip, .bzip2, .xz, .zstd]
    private let limit = ByteCount(64 << 20)

    private func tool(_ compression: Compression) -> String {
        switch compression {
        case .gzip: "gzip"
        case .bzip2: "bzip2"
        case .xz: "xz"
        case .zstd: "zstd -q"
        case .none: "cat"
        }
    }

    @Test(arguments: packing, [0, 1, 4095, 4096, 1_100_001])
    func readsWhatTheToolWrote(compression: Compression, size: Int) throws {
        let bench = try Workbench()
        let bytes = sampleBytes(size)
        try bench.write(bytes, to: "plain")
        try bench.run("\(tool(compression)) -c plain > packed")
        let file = bench.path.appending("packed")
        #expect(try compression.decompress(file: file, limit: limit) == bytes)
        #expect(try compression.decompress(file: file, limit: limit, sizeHint: 10) == bytes)
        #expect(try compression.decompress(file: file, limit: ByteCount(size), sizeHint: size) == bytes)
        #expect(Compression(sniffing: try bench.read("packed")) == compression)
    }

    @Test(arguments: packing, [0, 1, 1_100_001])
    func theToolReadsWhatWasWritten(compression: Compression, size: Int) throws {
        let bench = try Workbench()
        let bytes = sampleBytes(size)
        let packed = try compression.compress(bytes)
        try bench.write(packed, to: "packed")
        try bench.run("\(tool(compression)) -dc < packed > plain")
        #expect(try bench.read("plain") == bytes)
        #expect(try compression.compress(bytes) == packed)
    }

    @Test func readsXZOfManyBlocksAndJoinedFiles() throws {
        let bench = try Workbench()
        let bytes = sampleBytes(500_000)
        try bench.write(bytes, to: "plain")
        try bench.run("xz -c -T2 --block-size=100000 plain > a; xz -c plain > b; cat a b > packed.xz")
        let file = bench.path.appending("packed.xz")
        #expect(try Compression.xz.decompress(file: file, limit: limit) == bytes + bytes)
    }

    @Test(arguments: [0, 1, 100_000, 500_000])
    func xzInBlocksIsReadByTheToolAndByUs(size: Int) throws {
        let bench = try Workbench()
        let bytes = sampleBytes(size)
        let packed = try Compression.xz.compress(bytes, level: 0, blockSize: 100_000)
        try bench.write(packed, to: "packed.xz")
        try bench.run("xz -dc packed.xz > plain")
        #expect(try bench.read("plain") == bytes)
        #expect(try Compression.xz.decompress(packed, name: "packed", limit: limit) == bytes)
        #expect(try Compression.xz.compress(bytes, level: 0, blockSize: 100_000) == packed)
    }

    @Test func damageInAnyBlockOrItsIndexIsAnError() throws {
        let bench = try Workbench()
        let bytes = sampleBytes(500_000)
        try bench.write(bytes, to: "plain")
        try bench.run("xz -c -T2 --block-size=100000 plain > packed.xz")
        let packed = try bench.read("packed.xz")
        #expect(try Compression.xz.decompress(packed, name: "Packages", limit: limit) == bytes)
        for position in stride(from: 0, to: packed.count, by: max(packed.count / 97, 1)) {
            var damaged = packed
            damaged[position] ^= 0x10
            #expect(throws: ArchiveError.self, "byte \(position)") {
                try Compression.xz.decompress(damaged, name: "Packages", limit: limit)
            }
        }
        #expect(throws: ArchiveError("Packages", .overLimit(ByteCount(499_999)))) {
            try Compression.xz.decompress(packed, name: "Packages", limit: ByteCount(499_999))
        }
    }

    @Test func readsZstandardOfUnknownSizeAndJoinedFrames() throws {
        let bench = try Workbench()
        let bytes = sampleBytes(1_500_000)
        try bench.write(bytes, to: "plain")
        try bench.run("cat plain | zstd -q -c > a; cat a a > packed.zst")
        let file = bench.path.appending("packed.zst")
        #expect(try Compression.zstd.decompress(file: file, limit: limit) == bytes + bytes)
    }

    @Test func gzipCarriesNoTimeAndNoName() throws {
        let packed = try Compression.gzip.compress(Array("hello".utf8))
        // RFC 1952, 2.3: no flags, no time, "slowest algorithm".
        #expect(Array(packed[3...8]) == [0, 0, 0, 0, 0, 2])
    }

    @Test(arguments: packing, [1, 9, 1000])
    func aFileThatIsCutOffIsAnErrorNamingIt(compression: Compression, missing: Int) throws {
        let packed = try compression.compress(sampleBytes(300_000))
        let error = try #require(throws: ArchiveError.self) {
            try compression.decompress(Array(packed.dropLast(missing)), name: "Packages", limit: limit)
        }
        #expect(error.name == "Packages")
        // A gzip file without its end has some other eight bytes where the check sum should be.
        #expect(error.reason == .truncated || compression == .gzip)
    }

    @Test(arguments: packing)
    func aFlippedBitIsAnError(compression: Compression) throws {
        let packed = try compression.compress(sampleBytes(300_000))
        for position in [30, packed.count / 2, packed.count - 6] {
            var damaged = packed
            damaged[position] ^= 0x10
            #expect(throws: ArchiveError.self) { try compression.decompress(damaged, name: "Packages", limit: limit) }
        }
    }

    @Test(arguments: packing)
    func somethingElseIsAnError(compression: Compression) {
        #expect(throws: ArchiveError.self) {
            try compression.decompress(Array("<html>a portal's page</html>".utf8), name: "Packages", limit: limit)
        }
        #expect(throws: ArchiveError.self) { try compression.decompress([], name: "Packages", limit: limit) }
    }

    @Test(arguments: Compression.allCases)
    func moreThanTheLimitIsAnError(compression: Compression) throws {
        let packed = try compression.compress(sampleBytes(300_000))
        for hint in [nil, 10, 299_999] {
            #expect(throws: ArchiveError("Packages", .overLimit(ByteCount(299_999)))) {
                try compression.decompress(packed, name: "Packages", limit: ByteCount(299_999), sizeHint: hint)
            }
        }
    }

    @Test func aMissingFileIsAnErrorNamingIt() {
        #expect(throws: ArchiveError("/nonexistent/Packages.xz", .file("read", .noSuchFileOrDirectory))) {
            try Compression.xz.decompress(file: "/nonexistent/Packages.xz", limit: limit)
        }
    }

    @Test(arguments: [
        ("Packages", Compression.none), ("Packages.gz", .gzip), ("a/Packages.xz", .xz), ("p.xml.bz2", .bzip2),
        ("data.tar.zst", .zstd),
        ("xz", .none),
    ])
    func isKnownByTheNamesEnd(name: String, compression: Compression) {
        #expect(Compression(fileName: name) == compression)
    }
}

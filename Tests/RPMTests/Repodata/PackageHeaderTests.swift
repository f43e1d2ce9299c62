import Archives
import Primitives
import SystemPackage
import Testing

@testable import RPM

/// What is made of the headers of package files, held against what createrepo_c makes of the same files.
@Suite(.enabled(if: BuiltRepository.canBeMade)) struct PackageHeaderTests {
    /// The lines of an element, without the file's time and the payload's size, which nothing needs, and what differs in writing only.
    private func lines(_ element: [UInt8]) -> [String] {
        String(decoding: element, as: UTF8.self).replacing("&apos;", with: "'").replacing("&quot;", with: "\"")
            .split(separator: "\n")
            .map { String($0.drop { $0 == " " }) }
            .filter { !$0.hasPrefix("<time ") }
            .map { $0.hasPrefix("<size ") ? String($0.prefix { $0 != "a" }) : $0 }
            .map { $0.replacing("<packager></packager>", with: "<packager/>").replacing("<url></url>", with: "<url/>") }
            .sorted()
    }

    @Test func recordsAreThoseOfCreaterepo() throws {
        let built = try BuiltRepository(options: "--general-compress-type=gz")
        let metadata = FilePath("\(built.upstream)/repodata")
        func index(_ type: String) throws -> [UInt8] {
            let name = try #require(try Files.list(metadata).first { $0.hasSuffix("-\(type).xml.gz") })
            return try Compression.gzip.decompress(file: metadata.appending(name), limit: ByteCount(1 << 26))
        }
        let records = try RepodataRecords(primary: index("primary"), source: "upstream")
        let lists = try FileListRecords(index("filelists"), source: "upstream")
        let stated = try records.stated
        #expect(!stated.isEmpty)
        for (location, size, digest) in stated {
            let path = FilePath("\(built.upstream)/\(location)")
            let header = try PackageHeader(reading: Files.read(path), source: location)
            let ours = try RepodataPackage(header: header, path: location, size: size, digest: digest)
            let theirs = try #require(
                try records.package(at: location, placedAt: location, size: size, digest: digest, fileLists: [lists]))
            #expect(lines(ours.primary) == lines(theirs.primary))
            #expect(lines(try #require(ours.fileList)) == lines(try #require(theirs.fileList)))
            #expect(
                [ours.name, ours.version, ours.architecture] == [theirs.name, theirs.version, theirs.architecture])
        }
    }

    @Test func anythingElseIsRefusedAndNothingHangs() throws {
        let built = try BuiltRepository()
        let name = try #require(try Files.list(FilePath(built.upstream)).first { $0.hasSuffix(".rpm") })
        let bytes = try Files.read(FilePath("\(built.upstream)/\(name)"))
        let whole = try PackageHeader(reading: bytes, source: name)
        for length in [0, 1, 95, 96, 97, 200, whole.range.lowerBound + 15, whole.range.upperBound - 1] {
            #expect(throws: PackageFileError.self) { try PackageHeader(reading: Array(bytes[..<length]), source: name) }
        }
        _ = try PackageHeader(reading: Array(bytes[..<whole.range.upperBound]), source: name)
        var random = SplitMix64(seed: 1)
        for _ in 0..<2000 {
            var damaged = Array(bytes[..<whole.range.upperBound])
            for _ in 0..<8 {
                damaged[Int.random(in: 96..<damaged.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let header = try? PackageHeader(reading: damaged, source: name) else { continue }
            _ = try? RepodataPackage(header: header, path: "x.rpm", size: ByteCount(1), digest: Digest(of: damaged))
        }
    }
}

import Primitives
import SystemPackage
import Testing

@testable import Archives

/// A packed tar archive, whose members pass as a stream: what is written is read again, real tools read it too, and what is not whole
/// or not ours is refused with its place.
@Suite(.timeLimit(.minutes(5))) struct PackedTarTests {
    private let bench: Workbench
    private static let members: [(name: String, bytes: [UInt8])] = [
        ("first", Array("kldload\n".utf8)), ("blobs/empty", []), ("blobs/even", sampleBytes(512)),
        ("blobs/large", sampleBytes(3_000_001)), ("deep/last", Array("end".utf8)),
    ]

    init() throws { bench = try Workbench() }

    private func write(_ name: String, _ members: [(name: String, bytes: [UInt8])] = members) throws -> FilePath {
        let path = bench.path.appending(name)
        let descriptor = try FileDescriptor.open(
            path, .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
        let size = try descriptor.closeAfter {
            try PackedTarWriter.write(to: descriptor, name: name) { archive in
                for member in members { try archive.add(member.bytes, as: member.name) }
            }
        }
        #expect(try FileStatus(at: path)?.size == size)
        return path
    }

    private func read(_ path: FilePath) throws -> [(name: String, bytes: [UInt8])] {
        var found: [(name: String, bytes: [UInt8])] = []
        let descriptor = try FileDescriptor.open(path, .readOnly)
        try descriptor.closeAfter {
            try PackedTarReader.read(from: descriptor, name: "FILE") { member in
                var bytes: [UInt8] = []
                try member.forEachPiece { bytes += $0 }
                found.append((member.path, bytes))
            }
        }
        return found
    }

    private func refusal(of bytes: [UInt8]) throws -> PackedTarError? {
        try bench.write(bytes, to: "bad")
        do { _ = try read(bench.path.appending("bad")) } catch let error as PackedTarError { return error }
        return nil
    }

    @Test func whatIsWrittenIsReadAgain() throws {
        let found = try read(try write("one"))
        #expect(found.map(\.name) == Self.members.map(\.name))
        #expect(found.map(\.bytes) == Self.members.map(\.bytes))
    }

    @Test func membersNeedNotBeRead() throws {
        var sizes: [Int64] = []
        let descriptor = try FileDescriptor.open(try write("one"), .readOnly)
        try descriptor.closeAfter {
            try PackedTarReader.read(from: descriptor, name: "FILE") { sizes.append($0.size) }
        }
        #expect(sizes == Self.members.map { Int64($0.bytes.count) })
    }

    @Test func theSameMembersGiveTheSameBytes() throws {
        #expect(try Files.read(try write("one")) == Files.read(try write("two")))
    }

    @Test func tarReadsIt() throws {
        _ = try write("one")
        try bench.run("mkdir out; zstd -q -d -c one | tar -C out -xf -; zstd -q -t one")
        for member in Self.members { #expect(try bench.read("out/\(member.name)") == member.bytes) }
    }

    @Test func aFileThatIsCutAnywhereIsRefusedWithItsPlace() throws {
        let whole = try Files.read(try write("one"))
        for count in [1, 3, 5, 100, 40_000, whole.count / 2, whole.count - 5, whole.count - 1] {
            let error = try #require(try refusal(of: Array(whole.prefix(count))), "cut at \(count)")
            if count >= 4 {
                #expect(error.reason == .cut(at: Int64(count)), "cut at \(count): \(error)")
            } else {
                #expect(error.reason == .foreign(Array(whole.prefix(count))))
            }
        }
    }

    @Test func aFlippedByteIsFound() throws {
        let whole = try Files.read(try write("one"))
        for place in [6, 200, whole.count / 2, whole.count - 2] {
            var bytes = whole
            bytes[place] ^= 0x10
            let error = try #require(try refusal(of: bytes), "flipped at \(place)")
            switch error.reason {
            case .damaged, .odd, .cut: break
            case .foreign: Issue.record("\(place): \(error)")
            }
        }
    }

    @Test func whatIsNotOursIsRefusedWithWhatWasSeen() throws {
        #expect("\(try #require(try refusal(of: [])))" == "FILE is empty")
        let text = try #require(try refusal(of: Array("#!/bin/sh\nexit\n".utf8)))
        #expect("\(text)" == "FILE is not packed with zstd: it begins with the bytes 23 21 2f 62")
        // Packed, and no archive; an archive of a folder; more behind the end.
        try bench.write(sampleBytes(5000), to: "noise")
        try bench.run("zstd -q noise; mkdir tree; : > tree/x; tar -cf - tree | zstd -q > folder")
        #expect(try refusal(of: bench.read("noise.zst"))?.reason == .odd(at: 0, "there is no header of a tar archive"))
        #expect(try refusal(of: bench.read("folder"))?.what.contains("tree/ is no plain file") == true)
        let twice = try Files.read(try write("one")) + Files.read(try write("one"))
        #expect(try refusal(of: twice)?.what.contains("more behind the end") == true)
    }

    @Test func aSizeBeyondAHeaderIsReadFromThePaxRecord() throws {
        // 9 GB are announced, and not written.
        var announced: Int64?
        let path = bench.path.appending("large")
        let descriptor = try FileDescriptor.open(path, .readWrite, options: [.create], permissions: [.ownerReadWrite])
        try descriptor.closeAfter {
            _ = try PackedTarWriter.write(to: descriptor, name: "large") { archive in
                try? archive.add(as: "hole", size: 9_000_000_000) { put in
                    try [UInt8](repeating: 0, count: 100_000).withUnsafeBytes(put)
                }
            }
            try descriptor.seek(offset: 0, from: .start)
            #expect(throws: PackedTarError.self) {
                try PackedTarReader.read(from: descriptor, name: "FILE") { announced = $0.size }
            }
        }
        #expect(announced == 9_000_000_000)
    }

    @Test func aFullDiskIsSaid() throws {
        let descriptor = try FileDescriptor.open("/dev/full", .writeOnly)
        try descriptor.closeAfter {
            let error = #expect(throws: ArchiveError.self) {
                _ = try PackedTarWriter.write(to: descriptor, name: "FILE") { archive in
                    for _ in 0..<20 { try archive.add(sampleBytes(1_000_000), as: "x") }
                }
            }
            #expect(error?.reason == .file("write", .noSpace))
        }
    }
}

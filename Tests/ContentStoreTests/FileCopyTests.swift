import Primitives
import SystemPackage
import Testing

@testable import ContentStore

/// Copies of files with holes in them.
@Suite struct FileCopyTests {
    @Test func holesStayHoles() throws {
        let folder = try PrivateFolder()
        let (source, copy) = (folder.path.appending("source"), folder.path.appending("copy"))
        let file = try FileDescriptor.open(source, .writeOnly, options: [.create], permissions: [.ownerReadWrite])
        try file.closeAfter {
            try file.resize(to: 64 << 20)
            try file.writeAll(toAbsoluteOffset: 1 << 20, "one".utf8)
            try file.writeAll(toAbsoluteOffset: 40 << 20, "two".utf8)
        }
        try FileCopy.copy(source, to: copy, permissions: 0o600)
        #expect(try Files.digest(copy) == Files.digest(source))
        let status = try #require(try FileStatus(at: copy))
        #expect(status.size == 64 << 20 && status.allocated < 1 << 20 && status.permissions == 0o600)
    }

    @Test(arguments: [0, 1, 4096, 5_000_000])
    func allBytesAreThere(size: Int) throws {
        let folder = try PrivateFolder()
        let (source, copy) = (folder.path.appending("source"), folder.path.appending("copy"))
        try Files.write((0..<size).map { UInt8(truncatingIfNeeded: $0 / 7) }, to: source)
        try FileCopy.copy(source, to: copy)
        #expect(try Files.read(copy) == Files.read(source))
    }
}

private import Glibc
internal import Primitives
package import SystemPackage

/// An open binary package, deb(5): an ar archive with the members debian-binary, control.tar and data.tar.
package struct DebFile: ~Copyable {
    /// A member of the ar archive: where in the file its bytes are.
    private struct Member {
        let name: String
        let offset: Int64
        let size: Int64
    }

    private let name: String
    private let descriptor: FileDescriptor
    private let control: Member
    private let data: Member

    /// Opens the package at `path` and looks for its members; nothing is unpacked yet.
    ///
    /// - Throws: `ArchiveError` where the file can't be read or is no package of format 2.x.
    package init(_ path: FilePath) throws(ArchiveError) {
        let opened: FileDescriptor
        do {
            opened = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        } catch {
            throw ArchiveError(path.string, .file("open", error as? Errno ?? .ioError))
        }
        let found: (control: Member, data: Member)
        do throws(ArchiveError) {
            found = try Self.members(of: opened, path.string)
        } catch {
            try? opened.close()
            throw error
        }
        name = path.string
        descriptor = opened
        control = found.control
        data = found.data
    }

    deinit { try? descriptor.close() }

    /// The control paragraph: the bytes of the file `control` in the package's control archive.
    package func controlParagraph() throws(ArchiveError) -> [UInt8] {
        guard let bytes = try controlFile(named: "control") else {
            throw ArchiveError(name, .notAPackage("its control archive has no control file"))
        }
        return bytes
    }

    /// The bytes of a file in the control archive ("conffiles", "postinst", "md5sums"), nil where there is none.
    package func controlFile(named file: String) throws(ArchiveError) -> [UInt8]? {
        let reader = try open(control)
        while let entry = try reader.nextEntry() {
            let path = entry.displayPath
            guard case .file(let size) = entry.kind, path == "./" + file || path == file else { continue }
            guard size < 64 << 20 else { throw ArchiveError(name, .overLimit(ByteCount(64 << 20))) }
            return try content(reader, size)
        }
        return nil
    }

    /// Calls `body` with each file, folder and link that the package would install, in the archive's order. `body` may
    /// read the entry's content through the second argument, once, while it runs.
    package func forEachEntry<Failure: Error>(
        _ body: (ArchiveEntry, borrowing EntryContent) throws(Failure) -> Void
    ) throws {
        let reader = try open(data)
        while let entry = try reader.nextEntry() { try body(entry, EntryContent(reader: reader)) }
    }

    /// The reader of the package's data archive.
    func openData() throws(ArchiveError) -> ArchiveReader { try open(data) }

    private func open(_ member: Member) throws(ArchiveError) -> ArchiveReader {
        let range = FileRange(name: name, descriptor: descriptor, offset: member.offset, size: member.size)
        let reader = try ArchiveReader(name: name)
        if member.name.hasSuffix(".xz") {
            try reader.openTar(try XZSource(name: name, source: range))
        } else {
            try reader.openTar(range)
        }
        return reader
    }

    private func content(_ reader: ArchiveReader, _ size: Int64) throws(ArchiveError) -> [UInt8] {
        var failure: ArchiveError?
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, count in
            do throws(ArchiveError) {
                count = try reader.readData(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard bytes.count == Int(size) else { throw ArchiveError(name, .truncated) }
        return bytes
    }

    /// Finds the control and data members by the headers of ar(5): a magic of 8 bytes, then for each member 60 bytes of
    /// header and its content, padded to an even length.
    private static func members(
        of descriptor: FileDescriptor, _ name: String
    ) throws(ArchiveError) -> (control: Member, data: Member) {
        let header = UnsafeMutableRawBufferPointer.allocate(byteCount: 60, alignment: 8)
        defer { header.deallocate() }
        func text(_ range: Range<Int>) -> String {
            let bytes = header[range]
            let end = bytes.lastIndex { $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? range.lowerBound
            return String(decoding: header[range.lowerBound..<end], as: UTF8.self)
        }
        func read(_ count: Int, at offset: Int64) throws(ArchiveError) -> Bool {
            let got = try readAll(
                descriptor, name, offset, UnsafeMutableRawBufferPointer(rebasing: header[..<count]))
            if got == 0 { return false }
            guard got == count else { throw ArchiveError(name, .truncated) }
            return true
        }
        let total: Int64
        do { total = try descriptor.seek(offset: 0, from: .end) } catch {
            throw ArchiveError(name, .file("read", error as? Errno ?? .ioError))
        }
        guard try read(8, at: 0), text(0..<8) == "!<arch>\n" else {
            throw ArchiveError(name, .notAPackage("it does not begin as an ar archive"))
        }
        var offset: Int64 = 8
        var control: Member?
        var isFirst = true
        while offset < total, try read(60, at: offset) {
            guard header[58] == UInt8(ascii: "`"), header[59] == UInt8(ascii: "\n"), let size = Int64(text(48..<58)),
                size >= 0
            else { throw ArchiveError(name, .corrupt("the header of its member at byte \(offset) is none of ar's")) }
            var memberName = text(0..<16)
            if memberName.hasSuffix("/") { memberName.removeLast() }
            let member = Member(name: memberName, offset: offset + 60, size: size)
            guard member.offset + size <= total else { throw ArchiveError(name, .truncated) }
            if isFirst {
                guard memberName == "debian-binary", size >= 4, size < 60, try read(Int(size), at: member.offset),
                    text(0..<2) == "2."
                else { throw ArchiveError(name, .notAPackage("it is not of format 2.x")) }
                isFirst = false
            } else if memberName.hasPrefix("control.tar") {
                control = member
            } else if memberName.hasPrefix("data.tar") {
                guard let control else { throw ArchiveError(name, .notAPackage("data.tar stands before control.tar")) }
                return (control, member)
            }
            offset = member.offset + size + size % 2
        }
        if isFirst { throw ArchiveError(name, .truncated) }
        throw ArchiveError(name, .notAPackage(control == nil ? "it has no control.tar" : "it has no data.tar"))
    }
}

/// Reads the content of the entry that is at hand.
package struct EntryContent: ~Copyable {
    fileprivate let reader: ArchiveReader

    /// Fills `buffer` with the next bytes; fewer than fit only at the end of the entry.
    package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        try reader.readData(into: buffer)
    }
}

/// A part of a file, in pieces.
private final class FileRange: ArchiveSource {
    private let name: String
    private let descriptor: FileDescriptor
    private var offset: Int64
    private var left: Int64
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)

    init(name: String, descriptor: FileDescriptor, offset: Int64, size: Int64) {
        self.name = name
        self.descriptor = descriptor
        self.offset = offset
        left = size
    }

    deinit { buffer.deallocate() }

    func next() throws(ArchiveError) -> UnsafeRawBufferPointer {
        let wanted = Int(min(left, Int64(buffer.count)))
        let room = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
        guard try readAll(descriptor, name, offset, room) == wanted else { throw ArchiveError(name, .truncated) }
        offset += Int64(wanted)
        left -= Int64(wanted)
        return UnsafeRawBufferPointer(room)
    }
}

/// What another source gives, decoded by liblzma with several threads: dpkg-deb writes large members in blocks.
private final class XZSource: ArchiveSource {
    private let decoder: XZDecoder
    private let source: any ArchiveSource
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    private var input = UnsafeRawBufferPointer(start: nil, count: 0)
    private var isLast = false
    private var isFinished = false

    init(name: String, source: any ArchiveSource) throws(ArchiveError) {
        decoder = try XZDecoder(name: name)
        self.source = source
    }

    deinit { buffer.deallocate() }

    func next() throws(ArchiveError) -> UnsafeRawBufferPointer {
        var produced = 0
        while !isFinished, produced < buffer.count {
            if input.isEmpty, !isLast {
                input = try source.next()
                isLast = input.isEmpty
            }
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[produced...])
            let result = decoder.decode(input, isLast: isLast, into: room)
            input = UnsafeRawBufferPointer(rebasing: input[result.consumed...])
            produced += result.produced
            switch result.step {
            case .more: continue
            case .finished: isFinished = true
            case .failed(let error): throw error
            }
        }
        return UnsafeRawBufferPointer(rebasing: buffer[..<produced])
    }
}

/// Reads at `offset` until `buffer` is full or the file ends; how many bytes it got.
private func readAll(
    _ descriptor: FileDescriptor, _ name: String, _ offset: Int64, _ buffer: UnsafeMutableRawBufferPointer
) throws(ArchiveError) -> Int {
    var got = 0
    do {
        while got < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[got...])
            let count = try descriptor.read(fromAbsoluteOffset: offset + Int64(got), into: rest)
            if count == 0 { break }
            got += count
        }
    } catch {
        throw ArchiveError(name, .file("read", error as? Errno ?? .ioError))
    }
    return got
}

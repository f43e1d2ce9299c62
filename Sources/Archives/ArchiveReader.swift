private import CArchive
private import Glibc
internal import SystemPackage

/// What an `ArchiveReader` reads from, piece by piece.
protocol ArchiveSource: AnyObject {
    /// The next bytes, valid until the next call; empty at the end.
    func next() throws(ArchiveError) -> UnsafeRawBufferPointer
}

/// libarchive reading a tar archive, or a single compressed stream.
final class ArchiveReader {
    private let archive: OpaquePointer
    private let name: String
    /// What the callback of an open archive refers to.
    private var feed: Feed?

    /// The source, and the error it had: libarchive only carries numbers through a callback.
    private final class Feed {
        let source: any ArchiveSource
        var error: ArchiveError?

        init(_ source: any ArchiveSource) { self.source = source }
    }

    /// A reader; `name` is what errors call the archive.
    init(name: String) throws(ArchiveError) {
        guard let archive = archive_read_new() else { throw ArchiveError(name, .library("out of memory")) }
        self.archive = archive
        self.name = name
    }

    deinit { archive_read_free(archive) }

    /// Opens `bytes`, which must stay where they are, as one gzip or bzip2 stream; false where nothing is in it.
    func openRaw(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) -> Bool {
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_format_raw(archive)
        archive_read_support_format_empty(archive)
        guard archive_read_open_memory(archive, bytes.baseAddress, bytes.count) == ARCHIVE_OK else { throw failure() }
        var entry: OpaquePointer?
        return try header(&entry)
    }

    /// Opens a tar archive, compressed in any way that deb(5) knows or knew.
    func openTar(_ source: any ArchiveSource) throws(ArchiveError) {
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_lzma(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_empty(archive)
        let feed = Feed(source)
        self.feed = feed
        let result = archive_read_open2(
            archive, Unmanaged.passUnretained(feed).toOpaque(), nil,
            { _, client, buffer in
                guard let client, let buffer else { return -1 }
                let feed = Unmanaged<Feed>.fromOpaque(client).takeUnretainedValue()
                do throws(ArchiveError) {
                    let bytes = try feed.source.next()
                    buffer.pointee = bytes.baseAddress
                    return bytes.count
                } catch {
                    feed.error = error
                    return -1
                }
            }, nil, nil)
        guard result == ARCHIVE_OK else { throw failure() }
    }

    /// Opens the uncompressed tar archive at `path`; what is not asked for is passed over without being read.
    func openTar(at path: FilePath) throws(ArchiveError) {
        archive_read_support_format_tar(archive)
        archive_read_support_format_empty(archive)
        guard path.withPlatformString({ archive_read_open_filename(archive, $0, 65_536) }) == ARCHIVE_OK else {
            throw failure()
        }
    }

    /// Opens the content of the RPM package at `path`, compressed in any way that rpm knows or knew. Owners, file capabilities and
    /// what is no file, folder or link stand in the package's header, and are not seen.
    func openRPM(at path: FilePath) throws(ArchiveError) {
        archive_read_support_filter_rpm(archive)
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_lzma(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_format_cpio(archive)
        archive_read_support_format_empty(archive)
        guard path.withPlatformString({ archive_read_open_filename(archive, $0, 65_536) }) == ARCHIVE_OK else {
            throw failure()
        }
    }

    /// Opens the file at `path` as whatever archive of several members it is, packed in whatever way: tar, cpio, ar, ISO 9660. Throws
    /// where it is none.
    func openAny(at path: FilePath) throws(ArchiveError) {
        archive_read_support_filter_all(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_cpio(archive)
        archive_read_support_format_ar(archive)
        archive_read_support_format_iso9660(archive)
        guard path.withPlatformString({ archive_read_open_filename(archive, $0, 65_536) }) == ARCHIVE_OK else {
            throw failure()
        }
    }

    /// The next member; nil after the last one.
    func nextEntry() throws(ArchiveError) -> ArchiveEntry? {
        var raw: OpaquePointer?
        guard try header(&raw), let entry = raw else { return nil }
        guard let path = archive_entry_pathname(entry) else {
            throw ArchiveError(name, .unsafeName("a member without a name"))
        }
        let pathBytes = bytes(path)
        let display = String(decoding: pathBytes, as: UTF8.self)
        let kind: ArchiveEntry.Kind
        if let target = archive_entry_hardlink(entry) {
            kind = .hardLink(bytes(target))
        } else {
            switch archive_entry_filetype(entry) {
            case 0o100000: kind = .file(size: archive_entry_size(entry))
            case 0o040000: kind = .directory
            case 0o120000: kind = .symbolicLink(archive_entry_symlink(entry).map(bytes) ?? [])
            case 0o020000:
                kind = .characterDevice(
                    major: UInt32(archive_entry_rdevmajor(entry)), minor: UInt32(archive_entry_rdevminor(entry)))
            case 0o060000:
                kind = .blockDevice(
                    major: UInt32(archive_entry_rdevmajor(entry)), minor: UInt32(archive_entry_rdevminor(entry)))
            case 0o010000: kind = .fifo
            default: throw ArchiveError(name, .unsupported("\(display) is of an unknown kind"))
            }
        }
        return ArchiveEntry(
            path: pathBytes, kind: kind, permissions: UInt16(archive_entry_perm(entry) & 0o7777),
            user: UInt64(clamping: archive_entry_uid(entry)), group: UInt64(clamping: archive_entry_gid(entry)),
            modified: Int64(archive_entry_mtime(entry)), attributes: attributes(of: entry))
    }

    /// Fills `buffer` with the current member's next bytes; fewer than its size only at the member's end.
    func readData(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw failure() }
        return count
    }

    private func header(_ entry: inout OpaquePointer?) throws(ArchiveError) -> Bool {
        switch archive_read_next_header(archive, &entry) {
        // A warning is a name that the C locale can't show; its bytes are there all the same.
        case ARCHIVE_OK, ARCHIVE_WARN: return true
        case ARCHIVE_EOF: return false
        default: throw failure()
        }
    }

    private func attributes(of entry: OpaquePointer) -> [ArchiveEntry.Attribute] {
        var result: [ArchiveEntry.Attribute] = []
        archive_entry_xattr_reset(entry)
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK {
            guard let name else { continue }
            let content = Array(UnsafeRawBufferPointer(start: value, count: size))
            result.append(ArchiveEntry.Attribute(name: String(cString: name), value: content))
        }
        return result.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// A name as it stands, also where it is no UTF-8.
    private func bytes(_ text: UnsafePointer<CChar>) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    private func failure() -> ArchiveError {
        if let error = feed?.error { return error }
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "libarchive can't read it"
        // libarchive has no error number for an early end.
        let isCutOff = text.contains("runcated")
        return ArchiveError(name, isCutOff ? .truncated : .corrupt(text))
    }
}

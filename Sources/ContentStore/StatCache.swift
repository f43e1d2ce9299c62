package import Primitives
private import Synchronization
package import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// Digests of files that need not be read again: by path, as long as size, inode and both times are what they were.
///
/// A file changed less than two seconds before it was hashed is not remembered: it could change again without its times
/// showing it.
package final class StatCache: Sendable {
    private struct Entry {
        var size: Int64
        var inode: UInt64
        var modified: Int64
        var changed: Int64
        var digest: Digest
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var isChanged = false
    }

    private static let header = Array("kldload stat cache 2\0".utf8)
    private static let fixedSize = 64
    private static let settlingTime: Int64 = 2_000_000_000

    private let file: FilePath
    private let state: Mutex<State>

    /// Reads the cache at `file`; one that is missing, damaged or of another version is an empty one.
    package init(file: FilePath) {
        self.file = file
        state = Mutex(State(entries: (try? Files.read(file)).map(Self.parse) ?? [:]))
    }

    /// The digest of the regular file at `path`, whose status the caller has just taken. Throws `FileError` where the
    /// file has to be read and can't be.
    package func digest(of path: FilePath, status: FileStatus) throws(FileError) -> Digest {
        let name = path.string
        if let entry = state.withLock({ $0.entries[name] }), entry.size == status.size, entry.inode == status.inode,
            entry.modified == status.modified, entry.changed == status.changed
        {
            return entry.digest
        }
        let digest = try Files.digest(path).digest
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let age = Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec) - max(status.modified, status.changed)
        if age > Self.settlingTime {
            let entry = Entry(
                size: status.size, inode: status.inode, modified: status.modified, changed: status.changed,
                digest: digest)
            state.withLock {
                $0.entries[name] = entry
                $0.isChanged = true
            }
        }
        return digest
    }

    /// Writes the cache where it changed.
    package func save() throws(FileError) {
        let (entries, isChanged) = state.withLock { ($0.entries, $0.isChanged) }
        guard isChanged else { return }
        var bytes: [UInt8] = []
        for (path, entry) in entries {
            withUnsafeBytes(of: (entry.size, entry.inode, entry.modified, entry.changed)) { bytes += $0 }
            bytes += entry.digest.bytes
            bytes += path.utf8
            bytes.append(0)
        }
        try Files.write(Self.header + Digest(of: bytes).bytes + bytes, to: file)
        state.withLock { $0.isChanged = false }
    }

    private static func parse(_ bytes: [UInt8]) -> [String: Entry] {
        // A wrong digest from here would be believed for as long as its file does not change.
        var position = header.count + 32
        guard bytes.count >= position, bytes.starts(with: header),
            Digest(bytes: bytes[header.count..<position]) == Digest(of: bytes[position...])
        else { return [:] }
        var entries: [String: Entry] = [:]
        return bytes.withUnsafeBytes { buffer in
            while position + fixedSize < buffer.count {
                func number<T>(_ offset: Int, as type: T.Type) -> T {
                    buffer.loadUnaligned(fromByteOffset: position + offset, as: T.self)
                }
                let start = position + fixedSize
                guard let end = buffer[start...].firstIndex(of: 0),
                    let digest = Digest(bytes: buffer[(position + 32)..<start])
                else { return [:] }
                let path = String(decoding: UnsafeRawBufferPointer(rebasing: buffer[start..<end]), as: UTF8.self)
                entries[path] = Entry(
                    size: number(0, as: Int64.self), inode: number(8, as: UInt64.self),
                    modified: number(16, as: Int64.self),
                    changed: number(24, as: Int64.self), digest: digest)
                position = end + 1
            }
            return entries
        }
    }
}

import Archives
import BuildGraph
import ContentStore
import Locking
import Primitives
import SystemPackage

/// Reads a cache file once, from its beginning to its end, into a store.
struct CacheReading {
    /// How much room there is for it.
    struct Limits {
        /// What the store may have; nil: as much as it likes.
        let store: ByteCount?
        /// On the disk of the store, which lies in this folder.
        let free: ByteCount
        let folder: String
    }

    /// What was read.
    struct Content {
        let list: CacheFile
        fileprivate(set) var lock: [UInt8] = []
        /// Records that can be read, each under its own key.
        fileprivate(set) var runs: [StepRecord] = []
        /// Blobs that came in, and their size.
        fileprivate(set) var taken = 0
        fileprivate(set) var size = ByteCount.zero
        /// Blobs that the store had.
        fileprivate(set) var known = 0
    }

    /// What errors call the file.
    let name: String
    let store: ContentStore
    let limits: Limits

    /// The most that the list, a lock, a key or a record may have.
    private static let textLimit: Int64 = 256_000_000

    /// Reads the file that `descriptor` is at the beginning of. Throws `ForeignCache`, `NoRoomForCache` and, where something came in
    /// before, `ImportStopped`.
    func read(_ descriptor: FileDescriptor) throws -> Content {
        var content: Content?
        var expected: [String] = []
        var position = 0
        do {
            try PackedTarReader.read(from: descriptor, name: name) { member in
                guard let list = content?.list else {
                    let list = try self.list(member)
                    expected =
                        [CacheFile.lockName] + list.keys.map(CacheFile.name) + list.blobs.map(CacheFile.name)
                        + list.runs.map(CacheFile.name)
                    content = Content(list: list)
                    return
                }
                guard position < expected.count, member.path == expected[position] else {
                    let wanted = position < expected.count ? expected[position] : "the end"
                    throw PackedTarError(
                        name, .odd(at: member.offset, "there is \(member.path), where its list has \(wanted)"))
                }
                let place = position - 1 - list.keys.count
                position += 1
                if place < -list.keys.count {
                    let bytes = try text(member)
                    guard Digest(of: bytes) == list.lock else { throw damaged(member) }
                    _ = try LockReader.read(bytes, file: "\(name):/deploy.lock")
                    content?.lock = bytes
                } else if place >= 0, place < list.blobs.count {
                    try take(list.blobs[place], member, &content)
                } else if place >= list.blobs.count {
                    let record = StepRecord(serialized: String(decoding: try text(member), as: UTF8.self))
                    guard let record, record.key == list.runs[place - list.blobs.count] else { throw damaged(member) }
                    content?.runs.append(record)
                }
            }
            guard let content, position == expected.count else {
                let wanted = position < expected.count ? expected[position] : CacheFile.listName
                throw ForeignCache(name: name, seen: "it ends before \(wanted)")
            }
            return content
        } catch let error as any UserError {
            guard content != nil || error is PackedTarError else { throw error }
            throw ImportStopped(cause: error, content: content)
        }
    }

    private func list(_ member: PackedTarReader.Member) throws -> CacheFile {
        guard member.path == CacheFile.listName else {
            throw ForeignCache(name: name, seen: "its first member is \(member.path)")
        }
        guard let list = CacheFile(String(decoding: try text(member), as: UTF8.self)) else {
            throw ForeignCache(name: name, seen: "its list is not of the version that this deploy reads")
        }
        if let limit = limits.store, list.size > limit {
            throw NoRoomForCache(
                name: name, needed: list.size, room: "the store may have \(limit) (store.max-size, DEPLOY_CACHE_SIZE)")
        }
        let missing = list.blobs.reduce(ByteCount.zero) { store.mayHave($1) ? $0 : $0 + $1.size }
        guard missing <= limits.free else {
            throw NoRoomForCache(name: name, needed: missing, room: "\(limits.folder) has \(limits.free) left")
        }
        return list
    }

    private func take(_ blob: Blob, _ member: PackedTarReader.Member, _ content: inout Content?) throws {
        guard member.size == blob.size.bytes else { throw damaged(member) }
        if store.mayHave(blob) {
            content?.known += 1
            return
        }
        guard try store.insert(blob, from: member.forEachPiece) else { throw damaged(member) }
        content?.taken += 1
        content?.size += blob.size
    }

    private func text(_ member: PackedTarReader.Member) throws -> [UInt8] {
        guard member.size <= Self.textLimit else {
            throw PackedTarError(name, .odd(at: member.offset, "\(member.path) has \(member.size) bytes"))
        }
        var bytes: [UInt8] = []
        try member.forEachPiece { bytes += $0 }
        return bytes
    }

    private func damaged(_ member: PackedTarReader.Member) -> PackedTarError {
        PackedTarError(name, .odd(at: member.offset, "\(member.path) has other bytes than its name and the list say"))
    }
}

/// The file or stream that a cache file is read from.
struct CacheInput {
    private let path: FilePath?

    /// Nil for standard input.
    init(_ path: FilePath?) { self.path = path }

    /// Opens it for `body`, with what errors call it.
    func read<T>(_ body: (FileDescriptor, String) throws -> T) throws -> T {
        guard let path else { return try body(.standardInput, "standard input") }
        guard let kind = try FileStatus(at: path, followsLinks: true)?.kind else {
            throw FileError("read", path, .noSuchFileOrDirectory)
        }
        guard kind == .regular else { throw ForeignCache(name: path.string, seen: "it is no file") }
        let descriptor: FileDescriptor
        do {
            descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        } catch {
            throw FileError("read", path, error as? Errno ?? .ioError)
        }
        return try descriptor.closeAfter { try body(descriptor, path.string) }
    }
}

/// A file that `deploy cache export` did not write, or not this version's.
struct ForeignCache: UserError {
    let name: String
    /// "its first member is etc/passwd"
    let seen: String
    var what: String { "\(name) is no cache file: \(seen)" }
    var hint: String? { "`deploy cache export` writes them" }
}

/// A cache file that the store has no room for.
struct NoRoomForCache: UserError {
    let name: String
    let needed: ByteCount
    let room: String
    var what: String { "\(name) would bring \(needed) into the store, and \(room)" }
    var details: [String] { ["nothing was taken"] }
}

/// An import that ended before its file did.
struct ImportStopped: UserError {
    let cause: any UserError
    /// What was read until then; nil where that is nothing.
    let content: CacheReading.Content?

    var what: String { cause.what }
    var details: [String] {
        guard let content else { return cause.details }
        let there = content.taken + content.known
        let verb = there == 1 ? "is" : "are"
        return cause.details + [
            "\(there) of \(content.list.blobs.count.counted("blob")) \(verb) in the store, each as its digest says"
        ]
    }
    var hint: String? {
        if let hint = cause.hint { return hint }
        if case .foreign = (cause as? PackedTarError)?.reason { return "`deploy cache export` writes cache files" }
        return "import the whole file: what is there already is passed over"
    }
}

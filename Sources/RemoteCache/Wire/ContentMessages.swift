import ContentStore
import Primitives

// Messages of build/bazel/remote/execution/v2/remote_execution.proto that describe content: files, folders, trees.

/// `Digest`: the address of a blob.
struct DigestMessage: ProtobufMessage, Hashable {
    var hash = ""
    var size: Int64 = 0

    init() {}

    init(_ blob: Blob) {
        hash = blob.digest.hex
        size = blob.size.bytes
    }

    /// Of bytes that are hashed now.
    init(of bytes: [UInt8]) { self.init(Blob(of: bytes)) }

    /// Nil where the hash is none of SHA-256, or the size none of anything.
    var blob: Blob? {
        guard size >= 0, let digest = Digest(hex: hash) else { return nil }
        return Blob(digest, size: ByteCount(size))
    }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, hash)
        writer.add(2, size)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: hash = try field.string()
        case 2: size = try field.integer()
        default: break
        }
    }
}

/// `FileNode`
struct FileNodeMessage: ProtobufMessage {
    var name = ""
    var digest = DigestMessage()
    var isExecutable = false

    init() {}

    init(_ name: String, _ digest: DigestMessage, isExecutable: Bool) {
        (self.name, self.digest, self.isExecutable) = (name, digest, isExecutable)
    }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, name)
        writer.add(2, digest)
        writer.add(4, isExecutable)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: name = try field.string()
        case 2: digest = try field.message()
        case 4: isExecutable = try field.bool()
        default: break
        }
    }
}

/// `DirectoryNode`
struct DirectoryNodeMessage: ProtobufMessage {
    var name = ""
    /// Of the Directory message.
    var digest = DigestMessage()

    init() {}

    init(_ name: String, _ digest: DigestMessage) { (self.name, self.digest) = (name, digest) }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, name)
        writer.add(2, digest)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: name = try field.string()
        case 2: digest = try field.message()
        default: break
        }
    }
}

/// `SymlinkNode`, and with the path in place of the name `OutputSymlink`
struct SymlinkNodeMessage: ProtobufMessage {
    var name = ""
    var target = ""

    init() {}

    init(_ name: String, target: String) { (self.name, self.target) = (name, target) }

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, name)
        writer.add(2, target)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: name = try field.string()
        case 2: target = try field.string()
        default: break
        }
    }
}

/// `Directory`: one folder. Canonical when each list is sorted by the bytes of the names.
struct DirectoryMessage: ProtobufMessage {
    var files: [FileNodeMessage] = []
    var directories: [DirectoryNodeMessage] = []
    var symlinks: [SymlinkNodeMessage] = []

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, files)
        writer.add(2, directories)
        writer.add(3, symlinks)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: files.append(try field.message())
        case 2: directories.append(try field.message())
        case 3: symlinks.append(try field.message())
        default: break
        }
    }
}

/// `Tree`: a folder with all below it in one message.
struct TreeMessage: ProtobufMessage {
    var root = DirectoryMessage()
    var children: [DirectoryMessage] = []

    func write(to writer: inout ProtobufWriter) {
        writer.add(1, root)
        writer.add(2, children)
    }

    mutating func read(_ field: ProtobufField) throws(ProtobufError) {
        switch field.number {
        case 1: root = try field.message()
        case 2: children.append(try field.message())
        default: break
        }
    }
}

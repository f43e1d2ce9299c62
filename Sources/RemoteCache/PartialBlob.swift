import Archives
import ContentStore
import Primitives
import Synchronization
import SystemPackage

/// A blob that arrives: a file, and the digest of what is in it so far. One call at a time writes to it.
final class PartialBlob: Sendable {
    let path: FilePath
    private let descriptor: FileDescriptor
    private let state: Mutex<State>

    private struct State: ~Copyable {
        var hasher = SHA256Hasher()
        var size: Int64 = 0
        /// Where what comes is packed.
        var unpacker: ZstdUnpacker?

        mutating func write(_ bytes: UnsafeRawBufferPointer, to descriptor: FileDescriptor, of blob: Blob) throws {
            guard size + Int64(bytes.count) <= blob.size.bytes else { throw CallFailure.otherBytes(blob) }
            hasher.update(bytes)
            size += Int64(try descriptor.writeAll(bytes))
        }
    }

    /// Of what a packed piece becomes at once, in bytes.
    private static let piece = 1 << 18

    /// A new file at `path`.
    init(_ path: FilePath) throws {
        self.path = path
        descriptor = try FileDescriptor.open(
            path, .readWrite, options: [.create, .truncate, .closeOnExec], permissions: [.ownerReadWrite])
        state = Mutex(State())
    }

    deinit { try? descriptor.close() }  // whoever takes the file has checked its digest

    /// In bytes.
    var size: Int64 { state.withLock { $0.size } }

    /// What is appended from now on is a stream of its own, packed with zstd or as it is.
    func begin(isPacked: Bool) throws {
        try state.withLock { state in
            state.unpacker = isPacked ? ZstdUnpacker() : nil
            if isPacked, state.unpacker == nil { throw CallFailure.noMemory }
        }
    }

    /// Throws where that makes more than `blob` has, or can't be unpacked.
    func append(_ bytes: ArraySlice<UInt8>, of blob: Blob) throws {
        try state.withLock { state in
            try bytes.withUnsafeBytes { bytes in
                guard let unpacker = state.unpacker else { return try state.write(bytes, to: descriptor, of: blob) }
                try withUnsafeTemporaryAllocation(byteCount: Self.piece, alignment: 16) { room in
                    var position = 0
                    var count = room.count
                    while position < bytes.count || count == room.count {
                        do {
                            count = try unpacker.unpack(bytes, from: &position, into: room)
                        } catch {
                            throw CallFailure.otherBytes(blob)
                        }
                        try state.write(UnsafeRawBufferPointer(rebasing: room[..<count]), to: descriptor, of: blob)
                    }
                }
            }
        }
    }

    /// Throws where it is not `blob`, and then has nothing in it any more.
    func finish(_ blob: Blob) throws {
        try state.withLock { state in
            guard state.size >= blob.size.bytes else {
                throw CallFailure(.unavailable, "the answer ends \(ByteCount(blob.size.bytes - state.size)) too early")
            }
            var hasher = SHA256Hasher()
            swap(&hasher, &state.hasher)
            guard hasher.finalize() == blob.digest else {
                state.size = 0
                try descriptor.seek(offset: 0, from: .start)
                try descriptor.resize(to: 0)
                throw CallFailure.otherBytes(blob)
            }
        }
    }
}

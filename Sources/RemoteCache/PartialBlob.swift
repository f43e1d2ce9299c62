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
    }

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

    func append(_ bytes: ArraySlice<UInt8>, of blob: Blob) throws {
        try state.withLock { state in
            guard state.size + Int64(bytes.count) <= blob.size.bytes else { throw CallFailure.otherBytes(blob) }
            try bytes.withUnsafeBytes { bytes in
                state.hasher.update(bytes)
                _ = try descriptor.writeAll(bytes)
            }
            state.size += Int64(bytes.count)
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

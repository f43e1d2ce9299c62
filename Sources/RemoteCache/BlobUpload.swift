import ContentStore
import Primitives
import Synchronization
import SystemPackage

/// A blob on its way to a server: the messages of one call of ByteStream.Write, made as they are asked for.
final class BlobUpload: Sendable {
    /// How much of a blob goes into a message: servers take 4 MiB, buffers on the way like less.
    private static let piece: Int64 = 1 << 20

    /// Of all messages with what stands before each, in bytes.
    let length: Int64
    /// Of the file, in bytes.
    let size: Int64
    private let path: FilePath
    private let resource: String
    private let descriptor: FileDescriptor
    private let position = Atomic<Int64>(0)

    /// The blob that is the file at `path`, or is packed there, for an instance whose resources are called `prefix` and more.
    init(_ blob: Blob, from path: FilePath, isPacked: Bool, below prefix: String) throws {
        self.path = path
        // A name that no other upload has, in the form of a UUID (RFC 9562, 4).
        let hex = Digest(of: (0..<32).map { _ in UInt8.random(in: 0 ... .max) }).hex
        var rest = hex[...]
        let name = [8, 4, 4, 4, 12].map { count in
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }.joined(separator: "-")
        resource = "\(prefix)uploads/\(name)/\(blob.resource(isPacked: isPacked))"
        descriptor = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        let size = isPacked ? try descriptor.seek(offset: 0, from: .end) : blob.size.bytes
        self.size = size
        let starts = stride(from: Int64(0), to: max(size, 1), by: Int64.Stride(Self.piece))
        length = starts.reduce(0) { [resource] sum, start in
            let (message, count) = Self.head(at: start, of: size, resource)
            return sum + CallBuffer.length(of: message.length(withData: count))
        }
    }

    deinit { try? descriptor.close() }  // it was only read

    /// The message for what is at `start`, without its data, and how much that is.
    private static func head(at start: Int64, of size: Int64, _ resource: String) -> (message: WriteRequest, count: Int)
    {
        let end = min(start + piece, size)
        let message = WriteRequest(
            resource: start == 0 ? resource : "", offset: start, isLast: end == size)
        return (message, Int(end - start))
    }

    /// The next message, encoded; nil after the last. Throws where the file ends too early.
    func next() throws -> [UInt8]? {
        let start = position.load(ordering: .relaxed)
        guard start < max(size, 1) else { return nil }
        var (message, room) = Self.head(at: start, of: size, resource)
        message.data = try [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
            while count < room {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
                let read = try descriptor.read(fromAbsoluteOffset: start + Int64(count), into: rest)
                guard read > 0 else { throw FileError("read to the end", path, .ioError) }
                count += read
            }
        }
        position.store(start + max(Int64(room), 1), ordering: .relaxed)
        return message.encoded
    }
}

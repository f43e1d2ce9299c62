package import Primitives
import SystemPackage

/// Blobs that pass by, of which none is ever in memory as a whole.
extension ContentStore {
    /// Hands the bytes of `blob` to `body`, piece by piece, on this thread. Throws `FileError`, and `DamagedBlob` once all were handed
    /// over and their digest is another; then the blob is removed.
    package func forEachPiece(of blob: Blob, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let path = path(of: blob.digest)
        var hasher = SHA256Hasher()
        let descriptor = try wrapped("read", path) {
            try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .noFollow])
        }
        try descriptor.closeAfter {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
            defer { buffer.deallocate() }
            while true {
                let count = try wrapped("read", path) { try descriptor.read(into: buffer) }
                if count == 0 { break }
                let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
                hasher.update(piece)
                try body(piece)
            }
        }
        guard hasher.finalize() == blob.digest else {
            remove(blob.digest)
            throw DamagedBlob(digest: blob.digest)
        }
    }

    /// Whether a blob of this name and size is there: no bytes are looked at.
    package func mayHave(_ blob: Blob) -> Bool { contains(blob) }

    /// Takes in what `content` hands over, piece by piece, on this thread, if it is `blob`; false where it is something else, of which
    /// nothing stays. Throws what `content` throws, and `FileError`.
    package func insert(
        _ blob: Blob, from content: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws -> Bool {
        let path = workArea.newFile()
        do {
            var hasher = SHA256Hasher()
            let descriptor = try wrapped("write", path) {
                try FileDescriptor.open(
                    path, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: [.ownerReadWrite, .groupRead, .otherRead])
            }
            try descriptor.closeAfter {
                try content { piece in
                    hasher.update(piece)
                    _ = try wrapped("write", path) { try descriptor.writeAll(piece) }
                }
            }
            guard hasher.finalize() == blob.digest else {
                try Files.remove(path)
                return false
            }
            _ = try take(path, knownAs: blob)
            return true
        } catch {
            try? Files.remove(path)
            throw error
        }
    }

    private func wrapped<T>(_ operation: String, _ path: FilePath, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as Errno { throw FileError(operation, path, error) }
    }
}

/// A blob whose bytes are not what it is called after.
package struct DamagedBlob: UserError {
    /// What it is called after.
    package let digest: Digest
    package var what: String { "the store had a damaged file under the digest \(digest.hex); it was removed" }
    package var hint: String? { "`deploy build` fetches or makes it again" }
}

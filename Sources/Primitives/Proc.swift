package import SystemPackage

/// The file system `/proc`, whose files have no size and no end to seek to (proc(5)).
package struct Proc: Sendable {
    /// `/proc`, or a folder that stands for it in tests.
    package let root: FilePath

    package init(_ root: FilePath = "/proc") { self.root = root }

    /// The text of the file at `path` below the root.
    package func text(_ path: String) throws(FileError) -> String {
        let file = root.appending(path)
        do {
            let descriptor = try FileDescriptor.open(file, .readOnly, options: .closeOnExec)
            return try descriptor.closeAfter {
                var bytes: [UInt8] = []
                while true {
                    let piece = try [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
                        count = try descriptor.read(into: UnsafeMutableRawBufferPointer(buffer))
                    }
                    if piece.isEmpty { return String(decoding: bytes, as: UTF8.self) }
                    bytes += piece
                }
            }
        } catch {
            throw FileError("read", file, error as? Errno ?? .ioError)
        }
    }

    /// Whether there is anything at `path` below the root: "4711" for a process.
    package func exists(_ path: String) -> Bool { Files.exists(root.appending(path)) }
    /// Where the link at `path` below the root leads: "pid:[4026531836]" for "self/ns/pid". Throws `FileError` where
    /// there is none.
    package func link(_ path: String) throws(FileError) -> String { try Files.readLink(root.appending(path)) }
}

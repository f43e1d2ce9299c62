import Primitives
import Synchronization
import SystemPackage

#if canImport(Glibc)
private import Glibc
#endif

/// A socket of the local host (unix(7)) that waits for QEMU to connect, once.
final class LocalListener: Sendable {
    private let path: FilePath
    private let descriptor: FileDescriptor

    /// Listens at `path`, which must be short: unix(7) allows 107 bytes.
    init(_ path: FilePath) throws(MachineError) {
        self.path = path
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw .socket(operation: "make", path: path, errno: Errno(rawValue: errno)) }
        descriptor = FileDescriptor(rawValue: number)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.string.utf8CString)
        guard bytes.count <= MemoryLayout.size(ofValue: address.sun_path) else {
            throw .socket(operation: "make", path: path, errno: .fileNameTooLong)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.lazy.map { UInt8(bitPattern: $0) }) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0, listen(number, 1) == 0 else {
            throw .socket(operation: "listen on", path: path, errno: Errno(rawValue: errno))
        }
    }

    deinit { try? descriptor.close() }

    /// The connection, when it comes. Throws `MachineError.socket` after `stop`.
    func connection() async throws -> LocalConnection {
        try await withTaskCancellationHandler {
            try await BlockingWork.run { [self] in
                while true {
                    let number = accept(descriptor.rawValue, nil, nil)
                    if number >= 0 {
                        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
                        return LocalConnection(FileDescriptor(rawValue: number), path: path)
                    }
                    if errno != EINTR {
                        throw MachineError.socket(operation: "accept on", path: path, errno: Errno(rawValue: errno))
                    }
                }
            }
        } onCancel: {
            stop()
        }
    }

    /// Ends the waiting of `connection`, now and later.
    func stop() { _ = shutdown(descriptor.rawValue, Int32(SHUT_RDWR)) }
}

/// One end of a connection with QEMU.
final class LocalConnection: Sendable {
    private let descriptor: FileDescriptor
    private let path: FilePath

    fileprivate init(_ descriptor: FileDescriptor, path: FilePath) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { try? descriptor.close() }

    /// Gives `body` what comes, until the other end is closed. An error is such an end.
    func receive(_ body: @escaping @Sendable ([UInt8]) -> Void) async {
        // The work does not throw; running it might only where a thread could.
        try? await BlockingWork.run { [self] in
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while let count = try? buffer.withUnsafeMutableBytes({ try descriptor.read(into: $0) }), count > 0 {
                body(Array(buffer[..<count]))
            }
        }
    }

    /// Sends all of `bytes`. Throws `MachineError.socket`.
    func send(_ bytes: [UInt8]) async throws { try await BlockingWork.run { [self] in try sendLine(bytes) } }

    /// Sends what is too short to wait for: the socket's buffer takes it.
    func sendLine(_ bytes: [UInt8]) throws(MachineError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // The other end may be gone, which is an error here and no reason for a signal.
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor.rawValue, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw .socket(operation: "write to", path: path, errno: Errno(rawValue: errno))
            }
        }
    }
}

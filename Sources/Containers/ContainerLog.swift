import Primitives
import SystemPackage

/// Takes what comes out of a container: tells podman's words from the script's, writes these to the log, and passes them
/// on line by line.
///
/// Used by one task. Writing to the log blocks for as long as the kernel takes to copy a few kilobytes.
final class ContainerLog {
    enum Start {
        case started
        /// The container never ran; this is what podman said instead.
        case silent([String])
    }

    private let path: FilePath
    private let descriptor: FileDescriptor
    private let startLine: [UInt8]
    private let onLine: (String) -> Void
    private var lines = LineSplitter()
    private var hasStarted = false
    /// What came before the line that says that the container runs; podman says little.
    private var preface: [UInt8] = []
    private static let longestPreface = 1 << 20

    /// Opens the log at `path` to append to it.
    init(path: FilePath, startLine: String, onLine: @escaping (String) -> Void) throws(FileError) {
        self.path = path
        self.startLine = Array((startLine + "\n").utf8)
        self.onLine = onLine
        do {
            descriptor = try FileDescriptor.open(
                path, .writeOnly, options: [.create, .append, .closeOnExec],
                permissions: [.ownerReadWrite, .groupRead, .otherRead])
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
    }

    deinit { try? descriptor.close() }

    func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        if hasStarted { return try write(bytes) }
        guard preface.count < Self.longestPreface else { return }
        preface += bytes
        guard let start = startOfScript() else { return }
        hasStarted = true
        let rest = Array(preface[start...])
        preface = []
        do { try rest.withUnsafeBytes { try write($0) } } catch {
            throw (error as? FileError) ?? FileError("write", path, .ioError)
        }
    }

    /// Ends the last line. Where the container never ran, podman's words go to the log after all.
    func finish() throws(FileError) -> Start {
        guard !hasStarted else {
            lines.finish(onLine: onLine)
            return .started
        }
        do {
            try descriptor.writeAll(preface)
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
        return .silent(ChildProgram.lines(String(decoding: preface, as: UTF8.self)))
    }

    /// Where in `preface` the script's output begins; nil as long as the start line has not come.
    private func startOfScript() -> Int? {
        var line = 0
        while let end = preface[line...].firstIndex(of: 0x0A) {
            if preface[line...end].elementsEqual(startLine) { return end + 1 }
            line = end + 1
        }
        return nil
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        do {
            try descriptor.writeAll(bytes)
        } catch {
            throw FileError("write", path, error as? Errno ?? .ioError)
        }
        lines.append(bytes, onLine: onLine)
    }
}

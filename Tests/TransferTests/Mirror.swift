import Glibc
import Synchronization
import SystemPackage

/// What one test sees of the running `misbehaving-mirror.py`, which all tests share.
final class Mirror: Sendable {
    struct Counters {
        let connections: Int
        let requests: Int
        /// Bytes of files; the pages of errors do not count.
        let bytes: Int
        /// The user agents seen, and "encoding" if one asked for an encoding.
        let agents: [String]
    }

    struct DoesNotAnswer: Error {}

    private static let running = Result { try MirrorProcess() }
    private static let tests = Atomic(0)

    private let process: MirrorProcess
    private let test = tests.add(1, ordering: .relaxed).newValue

    init() throws { process = try Self.running.get() }

    func url(_ behaviour: String, _ file: TestFile) -> String { address(0, behaviour, file) }

    /// The same mirror under the address of another host.
    func otherURL(_ behaviour: String, _ file: TestFile) -> String { address(1, behaviour, file) }

    private func address(_ host: Int, _ behaviour: String, _ file: TestFile) -> String {
        "http://127.0.0.1:\(process.ports[host])/\(test)/\(behaviour)/\(file.size)/\(file.seed)"
    }

    func counters() throws -> Counters {
        let words = try process.answer(to: "\(test)")
        let numbers = words.prefix(3).compactMap { Int($0) }
        guard numbers.count == 3 else { throw DoesNotAnswer() }
        return Counters(
            connections: numbers[0], requests: numbers[1], bytes: numbers[2], agents: Array(words.dropFirst(3)))
    }
}

/// The process, which ends with this one because its standard input does.
private struct MirrorProcess: Sendable {
    private let input: FileDescriptor
    private let output: FileDescriptor
    private let asking: AskingLock
    let ports: [String]

    /// One question at a time.
    private final class AskingLock: Sendable { let mutex = Mutex(()) }

    init() throws {
        let script = FilePath(#filePath).removingLastComponent().appending("misbehaving-mirror.py")
        let (childInput, input) = try FileDescriptor.pipe()
        let (output, childOutput) = try FileDescriptor.pipe()
        for end in [childInput, input, output, childOutput] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, childInput.rawValue, 0)
        posix_spawn_file_actions_adddup2(&actions, childOutput.rawValue, 1)
        let words = ["python3", "-I", script.string]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { word in word.withCString { strdup($0) } } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let code = posix_spawnp(&process, "python3", &actions, nil, &arguments, environ)
        try childInput.close()
        try childOutput.close()
        guard code == 0 else { throw Errno(rawValue: code) }
        (self.input, self.output, asking) = (input, output, AskingLock())
        ports = try Self.line(output)
        guard ports.count == 2 else { throw Mirror.DoesNotAnswer() }
    }

    func answer(to question: String) throws -> [String] {
        try asking.mutex.withLock { _ in
            try input.writeAll("\(question)\n".utf8)
            return try Self.line(output)
        }
    }

    /// The words of the next line.
    private static func line(_ descriptor: FileDescriptor) throws -> [String] {
        var bytes: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            guard try withUnsafeMutableBytes(of: &byte, { try descriptor.read(into: $0) }) == 1 else {
                throw Mirror.DoesNotAnswer()
            }
            if byte == UInt8(ascii: "\n") {
                return bytes.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            }
            bytes.append(byte)
        }
    }
}

import BuildGraph
import Primitives
import Synchronization
import SystemPackage

/// Containers that are closures: they read what is mounted, and write into the output folder.
final class FakeContainers: ContainerRunner {
    /// What a container does; it returns its exit status. The second argument takes lines of output.
    typealias Body = @Sendable (ContainerCommand, @Sendable (String) -> Void) async throws -> Int32

    private struct State {
        var runs: [String] = []
        var running: Set<String> = []
        var mostAtOnce = 0
        var together: Set<Set<String>> = []
        var stopped: [String] = []
    }

    private let state = Mutex(State())
    private let bodies: Mutex<[String: Body]>

    init() { bodies = Mutex([:]) }

    /// Has the container called `name` (a step's name with `-` for `/`) do this.
    func set(_ name: String, _ body: @escaping Body) { bodies.withLock { $0[name] = body } }

    /// The names of the containers that ran, in the order of their starts, since the last time this was asked.
    func takeRuns() -> [String] {
        state.withLock { state in
            defer { state.runs = [] }
            return state.runs
        }
    }

    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
    var running: Set<String> { state.withLock { $0.running } }
    var stopped: [String] { state.withLock { $0.stopped } }
    func ranTogether(_ a: String, _ b: String) -> Bool {
        state.withLock { $0.together.contains { $0.isSuperset(of: [a, b]) } }
    }

    func run(_ command: ContainerCommand, onLine: @escaping @Sendable (String) -> Void) async throws -> Int32 {
        state.withLock { state in
            state.runs.append(command.name)
            state.running.insert(command.name)
            state.mostAtOnce = max(state.mostAtOnce, state.running.count)
            state.together.insert(state.running)
        }
        defer { state.withLock { _ = $0.running.remove(command.name) } }
        let log = StepLog(path: command.log)
        let body = bodies.withLock { $0[command.name] } ?? FakeContainers.copyInputs
        do {
            return try await body(command) { line in
                log.write(line)
                onLine(line)
            }
        } catch is CancellationError {
            state.withLock { $0.stopped.append(command.name) }
            throw CancellationError()
        }
    }

    func shell(_ command: ContainerCommand) async throws -> Int32 {
        state.withLock { $0.runs.append("shell " + command.name) }
        return try await bodies.withLock { $0["shell"] }?(command) { _ in } ?? 0
    }

    /// Writes to /out/file the script, the arguments, and all that is mounted, in order.
    static let copyInputs: Body = { command, _ in
        try Files.write(described(command), to: command.output.appending("file"))
        return 0
    }

    static func described(_ command: ContainerCommand) throws -> [UInt8] {
        var bytes = command.script + command.arguments.joined(separator: " ").utf8
        for (name, path) in command.mounts.sorted(by: { $0.key < $1.key }) {
            bytes += "\n\(name)=".utf8 + (try content(path))
        }
        return bytes
    }

    static func content(_ path: FilePath) throws -> [UInt8] {
        switch try FileStatus(at: path)?.kind {
        case .directory:
            try Files.list(path).reduce(into: []) { bytes, name in
                bytes += "[\(name):".utf8 + (try content(path.appending(name))) + "]".utf8
            }
        case .regular: try Files.read(path)
        default: []
        }
    }
}

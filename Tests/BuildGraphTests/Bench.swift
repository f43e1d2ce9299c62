import Primitives
import Synchronization
import SystemPackage

@testable import BuildGraph
@testable import ContentStore

#if canImport(Glibc)
import Glibc
#endif

/// A store, records and fake containers in a folder of their own, removed when the test has ended.
final class Bench: Sendable {
    let root: FilePath
    let containers = FakeContainers()
    private let seen = Mutex<[BuildEvent]>([])
    private let clock = Mutex<Int64>(1000)

    init() throws {
        // In memory where that can be: records are synced to the disk, which is what would take the time.
        let parent = Files.exists("/dev/shm") ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/build-graph.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw FileError("make", "/tmp/build-graph", Errno(rawValue: errno)) }
        root = FilePath(platformString: template)
    }

    deinit { try? Files.remove(root) }

    /// The store as a process that has just started sees it: it has hashed nothing.
    func store() throws -> ContentStore { try ContentStore(root: root.appending("store")) }
    func records() throws -> RecordFolder { try RecordFolder(root: root.appending("records")) }

    func engine(
        cores: Int = 4, architecture: String = "amd64", store: (any ArtifactStore)? = nil,
        records: (any RecordStore)? = nil, executor: (any StepExecutor)? = nil
    ) throws -> BuildEngine {
        BuildEngine(
            store: try store ?? self.store(), records: try records ?? self.records(), containers: containers,
            executor: executor, logFolder: root.appending("logs"),
            cores: cores, architecture: architecture,
            now: {
                self.clock.withLock {
                    $0 += 10; return $0
                }
            },
            events: { event in self.seen.withLock { $0.append(event) } })
    }

    /// Builds all steps, or those that `targets` name, as a new process would.
    @discardableResult
    func build(_ steps: [Step], _ targets: [String] = [], cores: Int = 4, all: Bool = false) async throws -> BuildReport
    {
        let graph = try StepGraph(steps)
        return try await engine(cores: cores).build(try graph.resolve(targets: targets), in: graph, rebuildsAll: all)
    }

    func explain(_ steps: [Step], _ name: StepName) async throws -> StepExplanation? {
        let graph = try StepGraph(steps)
        let standing = try await engine().standing(of: Set(graph.order), in: graph)
        return await Explainer(store: try store(), records: try records(), now: 5000).explain(name, standing: standing)
    }

    func takeEvents() -> [BuildEvent] {
        seen.withLock { events in
            defer { events = [] }
            return events
        }
    }

    func file(_ name: String, _ text: String) throws -> FilePath {
        let path = root.appending("user").pushing(FilePath(name))
        try Files.createDirectory(path.removingLastComponent())
        try Files.write(text.utf8, to: path)
        return path
    }

    func fileInput(_ name: String, _ text: String) throws -> StepInput {
        .file(try file(name, text), Blob(of: Array(text.utf8)), shownAs: name)
    }

    func folderInput(_ name: String) throws -> StepInput {
        let path = root.appending("user").appending(name)
        return .folder(
            path, try FileTree(scanning: path, cache: StatCache(file: root.appending("stat-cache"))), shownAs: name)
    }

    /// What a step made, as text.
    func text(_ report: BuildReport, _ step: StepName, _ output: String = "file") throws -> String {
        guard let artifact = report.records[step]?.outputs[output] else { return "no \(output)" }
        return String(decoding: try Files.read(try store().path(of: artifact.digest)), as: UTF8.self)
    }

    var leftWorkFolders: [String] { (try? Files.list(root.pushing("store/work"))) ?? ["no folder"] }
}

extension Stage {
    static let first = Stage(number: 1, name: "base", title: "the base")
    static let second = Stage(number: 2, name: "image", title: "the image")
}

extension Step {
    /// A container step that makes `/out/file`.
    static func container(
        _ name: StepName, stage: Stage = .first, script: String = "cat", arguments: [String] = [],
        environment: [String: String] = [:],
        inputs: [String: StepInput] = [:], outputs: [String: ArtifactKind] = ["file": .file], cores: Int = 1,
        exclusive: String? = nil
    ) -> Step {
        Step(
            name, stage: stage, title: "makes \(name)", inputs: inputs,
            action: .container(
                image: .registry("example.org/base@sha256:00"), script: Array(script.utf8), arguments: arguments,
                environment: environment),
            outputs: outputs, cores: cores, exclusive: exclusive)
    }

    static func native(
        _ name: StepName, version: Int = 1, inputs: [String: StepInput] = [:],
        outputs: [String: ArtifactKind] = ["file": .file],
        run: @escaping @Sendable (StepContext) async throws -> StepResult
    ) -> Step {
        Step(
            name, stage: .first, title: "makes \(name)", inputs: inputs,
            action: .native(identifier: "test", version: version, run: run), outputs: outputs)
    }
}

extension StepInput {
    static func text(_ text: String) -> StepInput { .literal(Array(text.utf8)) }
}

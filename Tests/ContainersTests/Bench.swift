import BuildGraph
import Primitives
import Subprocess
import Synchronization
import SystemPackage
import Testing

@testable import Containers

/// A place for one test: a folder, a root file system with bash made of this host's files, and what was heard.
struct Bench: Sendable {
    let folder: FilePath
    let image: ContainerImage
    let podman: Podman
    private let heard = Heard()

    /// The name of the step, which the container's ends in.
    var purpose: String { folder.lastComponent?.string ?? "test" }
    var output: FilePath { folder.appending("output") }
    var log: FilePath { folder.appending("log") }
    var lines: [String] { heard.lines.withLock { $0 } }
    var notices: [String] { heard.notices.withLock { $0 } }

    private final class Heard: Sendable {
        let lines = Mutex<[String]>([])
        let notices = Mutex<[String]>([])
    }

    static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
    ]

    static func withFolder<T>(_ body: (FilePath) async throws -> T) async throws -> T {
        let folder = FilePath("/tmp/containers-test-\(UInt64.random(in: 0 ... .max))")
        try Files.createDirectory(folder)
        do {
            let result = try await body(folder)
            try Files.remove(folder)
            return result
        } catch {
            try Files.remove(folder)
            throw error
        }
    }

    /// Does `body` in a bench that knows how containers are started here, unless it is to find that out.
    static func with(trial: Bool = false, _ body: (Bench) async throws -> Void) async throws {
        let archive = try #require(TestRoot.archive)
        try await withFolder { folder in
            try Files.createDirectory(folder.appending("output"))
            try Files.createDirectory(folder.appending("state"))
            if !trial {
                let record = try Files.read(archive.removingLastComponent().appending("runtime"))
                try Files.write(record, to: folder.appending("state/runtime"))
            }
            try await body(
                Bench(
                    folder: folder, image: .rootFilesystem(digest: try Files.digest(archive).digest, archive: archive)))
        }
    }

    private init(folder: FilePath, image: ContainerImage) {
        self.folder = folder
        self.image = image
        podman = Podman(
            environment: Self.environment, state: folder.appending("state"),
            onNotice: { [heard] notice in heard.notices.withLock { $0.append(notice) } })
    }

    /// One more, as a later run of the program has it.
    func anotherPodman() -> Podman {
        Podman(
            environment: Self.environment, state: folder.appending("state"),
            onNotice: { [heard] notice in heard.notices.withLock { $0.append(notice) } })
    }

    func run(
        _ script: String, arguments: [String] = [], environment: [String: String] = [:],
        mounts: [String: FilePath] = [:],
        image: ContainerImage? = nil, with other: Podman? = nil, onLine: (@Sendable (String) -> Void)? = nil
    ) async throws -> Int32 {
        let command = ContainerCommand(
            name: purpose, image: image ?? self.image, script: Array(script.utf8), arguments: arguments,
            environment: environment, mounts: mounts, output: output, log: log)
        return try await (other ?? podman).run(command) { [heard] line in
            heard.lines.withLock { $0.append(line) }
            onLine?(line)
        }
    }

    func emptyRoot(holding text: String) async throws -> FilePath {
        try await Self.shell(
            #"mkdir "$1/empty"; echo "$2" > "$1/empty/x"; tar -C "$1/empty" -cf "$1/empty.tar" ."#, folder, text)
        return folder.appending("empty.tar")
    }

    /// No container of this bench, no file but the record, and no mount of its folder.
    func expectNothingLeft(sourceLocation: Testing.SourceLocation = #_sourceLocation) async throws {
        let state = folder.appending("state")
        let names = Files.exists(state) ? try Files.list(state) : []
        #expect(names.filter { $0 != "runtime" } == [], sourceLocation: sourceLocation)
        let mounts = try Proc().text("self/mountinfo")
        #expect(!mounts.contains(folder.string), sourceLocation: sourceLocation)
        // Other tests of this process run containers at the same time: ours are told by the name of the step.
        let listed = try await podman.client.call(PodmanArguments.listContainers)
        #expect(listed.status == 0, sourceLocation: sourceLocation)
        #expect(!listed.text.contains(purpose), sourceLocation: sourceLocation)
    }

    static func shell(_ script: String, _ folder: FilePath, _ more: String...) async throws {
        let result = try await Subprocess.run(
            .name("bash"), arguments: Arguments(["-c", script, "bash", folder.string] + more), output: .discarded,
            error: .string(limit: 65_536))
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
    }
}

/// Makes the root file system that a suite's containers start from, and takes its image away afterwards.
struct TestRoot: SuiteTrait, TestScoping {
    @TaskLocal static var archive: FilePath?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        try await Bench.withFolder { folder in
            try await Bench.shell(
                """
                set -euo pipefail
                mkdir "$1/root"
                cd "$1/root"
                mkdir -p bin dev proc sys tmp usr/lib/locale
                cp -r /usr/lib/locale/C.utf8 usr/lib/locale/
                for program in bash cat chmod cp cut id mknod seq sleep stat tail touch true; do
                    path=$(type -P $program)
                    cp "$path" bin/
                    ldd "$path" | grep -o '/[^ ]*' | while read -r library; do cp -n --parents -L "$library" . ; done
                done
                tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf ../root.tar .
                """, folder)
            let archive = folder.appending("root.tar")
            let podman = Podman(environment: Bench.environment, state: folder)
            let image = ContainerImage.rootFilesystem(digest: try Files.digest(archive).digest, archive: archive)
            _ = try await podman.probe(image)
            try await Self.$archive.withValue(archive) { try await function() }
            _ = try await podman.client.call(["rmi", try await podman.provide(image)])
        }
    }
}

extension Trait where Self == TestRoot {
    /// A root file system with bash and a few programs of this host.
    static var testRoot: Self { TestRoot() }
}

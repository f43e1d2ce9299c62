import BuildGraph
import Primitives
import SystemPackage
import Testing

@testable import Containers

@Suite(.tags(.podman), .serialized, .timeLimit(.minutes(10)), .testRoot) struct PodmanTests {
    @Test func `outputs appear, inputs are there and read-only, and the exit status is the script's`() async throws {
        try await Bench.with { bench in
            let input = bench.folder.appending("in,put")
            try Files.createDirectory(input)
            try Files.write("hello\n".utf8, to: input.appending("file"))
            let status = try await bench.run(
                """
                cat /in/data/file > /out/copy
                if touch /in/data/x; then exit 99; fi
                printf '%s|' "$@" "$0" "$LANG$GREETING" "$PWD" "$(id -u)" "$TZ" "$HOME" >> /out/copy
                exit 125
                """, arguments: ["a b", ""], environment: ["GREETING": "hi"], mounts: ["data": input])
            #expect(status == 125)
            #expect(
                try Files.readText(bench.output.appending("copy")) == "hello\na b||/in/script|hi|/|0|UTC|/root|")
            try await bench.expectNothingLeft()
        }
    }

    /// The root's mode would come into what a container packs, and podman's ways of storing images give it different ones.
    @Test
    func
        `there is no network, no host name of the host, a temporary folder that runs programs, and a root of one mode`()
        async throws
    {
        try await Bench.with { bench in
            let status = try await bench.run(
                """
                set -eu
                cat /proc/net/dev | tail -n +3 | cut -d: -f1
                cat /proc/sys/kernel/hostname
                stat --format %a /
                cp /bin/true /tmp/t && /tmp/t
                (exec 3<>/dev/tcp/192.0.2.1/80) 2>/dev/null && exit 3
                [ ! -t 0 ] && [ -z "$(cat)" ]
                mknod /node c 1 3
                """)
            #expect(status == 0)
            #expect(bench.lines.map { $0.filter { $0 != " " } } == ["lo", "kldload", "555"])
        }
    }

    @Test func `the log has both streams in order, without a word of podman's`() async throws {
        try await Bench.with { bench in
            let status = try await bench.run(
                "for i in $(seq 2000); do echo out $i; echo err $i >&2; done; printf 'no end'")
            #expect(status == 0)
            let expected = (1...2000).flatMap { ["out \($0)", "err \($0)"] } + ["no end"]
            // Compared first: 4000 lines would be shown otherwise.
            let logIsRight = try Files.readText(bench.log) == expected.joined(separator: "\n")
            let linesAreRight = bench.lines == expected
            #expect(logIsRight)
            #expect(linesAreRight)
        }
    }

    @Test func `the limits are those of the choice, and no higher than the host's`() async throws {
        try await Bench.with(trial: true) { bench in
            let choice = try await bench.podman.probe(bench.image)
            #expect(try await bench.run("ulimit -Sn; ulimit -Hn; ulimit -u") == 0)
            let limits = try #require(choice.limits)
            #expect(bench.lines == ["\(limits.openFiles)", "\(limits.openFiles)", "\(limits.processes)"])
            #expect(bench.notices == [choice.explanation])
        }
    }

    @Test func `the trial is remembered, and made again where what is remembered does not work`() async throws {
        try await Bench.with(trial: true) { bench in
            #expect(try await bench.run("true") == 0)
            let record = bench.folder.appending("state/runtime")
            let good = try Files.readText(record)
            let next = bench.anotherPodman()
            #expect(try await bench.run("true", with: next) == 0)
            #expect(bench.notices.count == 1)

            let lines = good.split(separator: "\n", omittingEmptySubsequences: false)
            let bad = lines.map { $0.hasPrefix("runtime ") ? "runtime /no/such/runtime" : String($0) }
            try Files.write(bad.joined(separator: "\n").utf8, to: record)
            #expect(try await bench.run("echo again", with: bench.anotherPodman()) == 0)
            #expect(bench.lines == ["again"])
            #expect(bench.notices.count == 2)
            #expect(try Files.readText(record) == good)
        }
    }

    @Test func `a container that is killed from outside ends with 128 and the signal`() async throws {
        try await Bench.with { bench in
            let (lines, continuation) = AsyncStream.makeStream(of: String.self)
            let task = Task {
                defer { continuation.finish() }
                return try await bench.run("echo ready; sleep 1000", onLine: { continuation.yield($0) })
            }
            for await line in lines where line == "ready" { break }
            let listed = try await bench.podman.client.call(PodmanArguments.listContainers)
            let name = try #require(
                listed.lines.first { $0.contains(bench.purpose) }?.split(separator: "\t").first,
                "\(listed)")
            let killed = try await bench.podman.client.call(["kill", "--signal", "KILL", String(name)])
            #expect(killed.status == 0)
            #expect(try await task.value == 137)
            try await bench.expectNothingLeft()
        }
    }

    @Test func `two containers run at once`() async throws {
        try await Bench.with { bench in
            let meeting = bench.folder.appending("meeting")
            try Files.createDirectory(meeting)
            let script = """
                touch /in/script.$1 2>/dev/null || true
                touch "/out/$1"
                for i in $(seq 200); do [ -e "/out/$2" ] && exit 0; sleep 0.05; done
                exit 1
                """
            let statuses = try await withThrowingTaskGroup(of: Int32.self) { group in
                for pair in [["a", "b"], ["b", "a"]] {
                    group.addTask { try await bench.run(script, arguments: pair) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == [0, 0])
            try await bench.expectNothingLeft()
        }
    }

    @Test func `cancelling a running container removes it, before the call returns`() async throws {
        try await Bench.with { bench in
            let (lines, continuation) = AsyncStream.makeStream(of: String.self)
            let task = Task {
                defer { continuation.finish() }
                return try await bench.run(
                    "trap '' TERM INT; echo ready; sleep 1000", onLine: { continuation.yield($0) })
            }
            for await line in lines where line == "ready" { break }
            let start = ContinuousClock.now
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(ContinuousClock.now - start < .seconds(10))
            try await bench.expectNothingLeft()
        }
    }

    @Test(arguments: [0, 40, 80, 120, 160, 240])
    func `cancelling a container that is being made leaves nothing`(milliseconds: Int) async throws {
        try await Bench.with { bench in
            _ = try await bench.podman.probe(bench.image)
            let task = Task { try await bench.run("sleep 1000") }
            try await Task.sleep(for: .milliseconds(milliseconds))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            try await bench.expectNothingLeft()
        }
    }

    @Test func `what a killed process left is removed, what a living one runs is not`() async throws {
        try await Bench.with { bench in
            let image = try await bench.podman.provide(bench.image)
            let choice = try await bench.podman.probe(bench.image)
            let me = try ContainerOwner.current()
            let dead = ContainerOwner(
                processID: (1 << 22) + 7, startTime: 1, bootID: me.bootID, nameSpace: me.nameSpace)
            var names: [String] = []
            for owner in [dead, me] {
                let name = PodmanArguments.containerName(
                    process: owner.processID, unique: .random(in: 0 ... .max), purpose: "left")
                names.append(name)
                var arguments = PodmanArguments.trial(name: name, image: image, owner: owner.label, choice: choice)
                arguments[arguments.count - 1] = "sleep 1000"
                if let run = arguments.firstIndex(of: "run") { arguments.insert("--detach", at: run + 1) }
                #expect(try await bench.podman.client.call(arguments).status == 0)
                try Files.createDirectory(bench.folder.appending("state").appending(name))
            }
            #expect(try await bench.podman.removeLeftovers() >= 1)
            let left = try await bench.podman.client.call(PodmanArguments.listContainers).text
            #expect(!left.contains(names[0]))
            #expect(left.contains(names[1]))
            #expect(!Files.exists(bench.folder.appending("state").appending(names[0])))
            #expect(Files.exists(bench.folder.appending("state").appending(names[1])))
            try await bench.podman.removeContainers([names[1]])
            try Files.remove(bench.folder.appending("state").appending(names[1]))
            try await bench.expectNothingLeft()
        }
    }

    @Test func `an image is imported once, however many ask for it`() async throws {
        try await Bench.with { bench in
            let archive = try await bench.emptyRoot(holding: "\(UInt64.random(in: 0 ... .max))")
            let image = ContainerImage.rootFilesystem(digest: try Files.digest(archive).digest, archive: archive)
            let podman = bench.podman
            let references = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<4 { group.addTask { try await podman.provide(image) } }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            let reference = try #require(references.first)
            #expect(references.count == 1)
            #expect(try await podman.client.call(PodmanArguments.imageExists(reference)).status == 0)
            #expect(try await podman.client.call(["rmi", reference]).status == 0)
            try await bench.expectNothingLeft()
        }
    }

    @Test func `an archive that is none is an error with its name`() async throws {
        try await Bench.with { bench in
            let archive = bench.folder.appending("broken.tar")
            try Files.write(Array(repeating: UInt8(7), count: 5000), to: archive)
            let image = ContainerImage.rootFilesystem(digest: Digest(of: "broken".utf8), archive: archive)
            let error = await #expect(throws: ContainerError.self) { try await bench.podman.provide(image) }
            #expect(error?.what == "podman could not import the root file system \(archive)")
            #expect(error?.details.isEmpty == false)
            try await bench.expectNothingLeft()
        }
    }

    @Test func `an image without bash does not start, and podman's words are in the error and the log`() async throws {
        try await Bench.with { bench in
            _ = try await bench.podman.probe(bench.image)
            let archive = try await bench.emptyRoot(holding: "nothing")
            let image = ContainerImage.rootFilesystem(digest: try Files.digest(archive).digest, archive: archive)
            let error = await #expect(throws: ContainerError.self) { try await bench.run("true", image: image) }
            #expect(error?.what.hasPrefix("podman could not start the container \(bench.purpose) ") == true)
            #expect(error?.details.contains { $0.contains("/bin/bash") } == true)
            #expect(try Files.readText(bench.log).contains("/bin/bash"))
            try await bench.expectNothingLeft()
            let reference = try await bench.podman.provide(image)
            #expect(try await bench.podman.client.call(["rmi", reference]).status == 0)
        }
    }
}

@Suite struct PodmanFailureTests {
    @Test(arguments: ["debian:13", "r.example/debian@sha256:12", "@sha256:\(String(repeating: "a", count: 64))"])
    func `an image that is not named by digest is a wrong request`(reference: String) async throws {
        let podman = Podman(environment: [:], state: "/nonexistent")
        let error = await #expect(throws: ContainerError.self) {
            try await podman.provide(.registry(reference: reference))
        }
        #expect(error?.isUsageError == true)
        #expect(error?.what.contains(reference) == true)
    }

    @Test(arguments: ["podman-that-is-not-there", "/nonexistent/podman"])
    func `a host without podman is told so`(executable: String) async throws {
        let podman = Podman(executable: executable, environment: ["PATH": "/usr/bin"], state: "/nonexistent")
        let error = await #expect(throws: ContainerError.self) { try await podman.version() }
        #expect(error?.what.hasPrefix("\(executable) is not installed") == true)
    }

    @Test func `where no runtime works, each says why, once`() async throws {
        try await Bench.withFolder { folder in
            let fake = folder.appending("podman")
            try Files.write(
                """
                #!/bin/sh
                case "$*" in
                    *OCIRuntime*) echo crun ;;
                    "image exists "*) exit 0 ;;
                    *" run "*) echo 'Error: OCI runtime error: no luck' >&2; exit 126 ;;
                esac

                """.utf8, to: fake, permissions: [.ownerReadWriteExecute])
            let podman = Podman(
                executable: fake.string, environment: ["PATH": "/usr/bin:/bin"], state: folder.appending("state"))
            let image = ContainerImage.registry(reference: "r.example/x@sha256:\(String(repeating: "a", count: 64))")
            let error = await #expect(throws: ContainerError.self) { try await podman.probe(image) }
            #expect(error?.details.first?.hasPrefix("crun, nofile ") == true)
            #expect(error?.details.allSatisfy { $0.hasSuffix(": no luck") } == true)
            #expect(error?.hint != nil)
            #expect(!Files.exists(folder.appending("state/runtime")))
        }
    }

    @Test func `images that are not kept are removed, other people's are not touched`() async throws {
        try await Bench.withFolder { folder in
            let keep = Digest(of: "keep".utf8)
            let (old, inUse) = (Digest(of: "old".utf8).hex.prefix(32), Digest(of: "in use".utf8).hex.prefix(32))
            let fake = folder.appending("podman")
            try Files.write(
                """
                #!/bin/sh
                case "$1" in
                    images)
                        echo localhost/kldload/rootfs:\(keep.hex.prefix(32))
                        echo localhost/kldload/rootfs:\(old)
                        echo localhost/kldload/rootfs:\(inUse)
                        echo localhost/kldload/rootfs:mine
                        echo docker.example/precious:1 ;;
                    rmi) echo "$2" >> \(folder)/removed; [ "$2" != localhost/kldload/rootfs:\(inUse) ] ;;
                esac

                """.utf8, to: fake, permissions: [.ownerReadWriteExecute])
            let podman = Podman(executable: fake.string, environment: ["PATH": "/usr/bin:/bin"], state: folder)
            #expect(try await podman.removeImages(keeping: [keep]) == 1)
            #expect(
                try Files.readText(folder.appending("removed"))
                    == "localhost/kldload/rootfs:\(old)\nlocalhost/kldload/rootfs:\(inUse)\n")
        }
    }
}

import BuildGraph
import SystemPackage
import Testing

@testable import Containers

@Suite struct PodmanArgumentsTests {
    private let choice = RuntimeChoice(
        runtime: "runc", name: "runc", limits: ResourceLimits(openFiles: 1024, processes: 512), cgroups: true,
        addedCapabilities: ["MKNOD"])

    private func command(
        arguments: [String] = [], environment: [String: String] = [:], mounts: [String: String] = [:]
    ) -> ContainerCommand {
        ContainerCommand(
            name: "live/root", image: .registry(reference: "r"), script: [], arguments: arguments,
            environment: environment,
            mounts: mounts.mapValues { .init($0) }, output: "/store/out", log: "/logs/l")
    }

    private let common = [
        "run", "--rm", "--name", "n", "--label", "kldload.owner=o", "--network", "none", "--no-hosts",
        "--http-proxy=false",
        "--pull", "never", "--log-driver", "none", "--hostname", "kldload", "--user", "0:0", "--workdir", "/",
        "--passwd=false", "--image-volume", "ignore", "--no-healthcheck",
        "--tmpfs", "/tmp:rw,exec,nosuid,nodev,mode=1777,notmpcopyup", "--security-opt", "label=disable",
    ]

    @Test func `a run is spelled out in full`() {
        let list = PodmanArguments.run(
            command(arguments: ["a b", ""], environment: ["Z": "1", "TZ": "CET"], mounts: ["b": "/x", "a": "/y"]),
            name: "n", image: "i", script: "/s", owner: "o", choice: choice)
        #expect(
            list == ["--log-level", "error", "--runtime", "runc"] + common + [
                "--cap-add", "MKNOD", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=512:512",
                "--env", "HOME=/root", "--env", "LC_ALL=C.UTF-8",
                "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "--env", "TERM=dumb", "--env", "TZ=CET", "--env", "Z=1",
                "--mount", "type=bind,src=/y,dst=/in/a,ro", "--mount", "type=bind,src=/x,dst=/in/b,ro",
                "--mount", "type=bind,src=/s,dst=/in/script,ro", "--mount", "type=bind,src=/store/out,dst=/out",
                "--entrypoint", "/bin/bash", "i", "-c",
                #"echo "kldload-started $0" && exec 2>&1 && chmod 0555 / && exec /bin/bash /in/script "$@""#, "n",
                "a b", "",
            ])
    }

    @Test func `podman's defaults are left where nothing was chosen, and a cgroup can be done without`() {
        let plain = RuntimeChoice(runtime: nil, name: "crun", limits: nil, cgroups: false, addedCapabilities: [])
        let list = PodmanArguments.trial(name: "n", image: "i", owner: "o", choice: plain)
        #expect(list.starts(with: ["--log-level", "error"] + common + ["--cgroups=disabled", "--env", "HOME=/root"]))
        #expect(!list.contains("--ulimit"))
        #expect(!list.contains("--runtime"))
    }

    @Test func `a shell gets the terminal only where there is one, and the mounts of the step`() {
        let step = command(arguments: ["x"], mounts: ["a": "/y"])
        func list(_ terminal: String?) -> [String] {
            PodmanArguments.shell(
                step, name: "n", image: "i", script: "/s", owner: "o", choice: choice, terminal: terminal)
        }
        #expect(list("xterm").contains("--tty"))
        #expect(list("xterm").contains("TERM=xterm"))
        #expect(list("xterm").suffix(2) == ["n", "x"])
        #expect(!list(nil).contains("--tty"))
        for arguments in [list("xterm"), list(nil)] {
            #expect(arguments.contains("--interactive"))
            #expect(arguments.contains("type=bind,src=/y,dst=/in/a,ro"))
            #expect(arguments.contains("type=bind,src=/s,dst=/in/script,ro"))
        }
    }

    @Test(arguments: [
        ("/a,b", #"type=bind,"src=/a,b",dst=/in/m,ro"#),
        (#"/a"b"#, #"type=bind,"src=/a""b",dst=/in/m,ro"#),
        ("/a b:c", "type=bind,src=/a b:c,dst=/in/m,ro"),
    ])
    func `a path with a comma or a quote survives podman's CSV`(path: String, expected: String) {
        let list = PodmanArguments.run(
            command(mounts: ["m": path]), name: "n", image: "i", script: "/s", owner: "o", choice: choice)
        #expect(list.contains(expected))
    }

    @Test func `a container's name tells its process, and holds only what podman allows`() {
        let name = PodmanArguments.containerName(process: 42, unique: 0xBEEF, purpose: "live/zfs module é")
        #expect(name == "kldload-42-0000beef-live-zfs-module--")
        #expect(PodmanArguments.process(ofContainer: name) == 42)
        #expect(PodmanArguments.process(ofContainer: "kldload-trial") == nil)
        // Somebody's own, called like the project.
        #expect(PodmanArguments.process(ofContainer: "kldload-2026-notes") == nil)
        #expect(PodmanArguments.process(ofContainer: "kldload-1-postgres-data") == nil)
        #expect(PodmanArguments.isImported("localhost/kldload/rootfs:0123456789abcdef0123456789abcdef"))
        #expect(!PodmanArguments.isImported("localhost/kldload/rootfs:mine"))
        #expect(PodmanArguments.process(ofContainer: "postgres") == nil)
    }
}

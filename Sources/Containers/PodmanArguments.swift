package import BuildGraph
package import SystemPackage

/// The argument lists that podman gets (podman(1), podman-run(1)). Pure: nothing here looks at the host.
package enum PodmanArguments {
    /// The label that names the process a container belongs to.
    package static let ownerLabel = "kldload.owner"
    /// What the names of all our containers begin with.
    package static let namePrefix = "kldload-"
    /// The repository that imported root file systems get.
    package static let repository = "localhost/kldload/rootfs"

    /// The line that a container writes before its script, so that what podman says and what the script says are told
    /// apart, and a script's own exit status 125 from podman's.
    package static func startLine(_ name: String) -> String { "kldload-started \(name)" }

    /// `podman run` for `command` in a container called `name`, its script lying at `script` on the host.
    package static func run(
        _ command: ContainerCommand, name: String, image: String, script: FilePath, owner: String, choice: RuntimeChoice
    ) -> [String] {
        // stdout and stderr become one in the container: podman carries them in two pipes, and loses their order. Which mode the root has
        // depends on how podman stores images (overlay 0555, vfs 0755), and what packs the root would have it in the archive.
        let start = #"echo "kldload-started $0" && exec 2>&1 && chmod 0555 / && exec /bin/bash /in/script "$@""#
        return container(name: name, owner: owner, choice: choice)
            + variables(command.environment)
            + mounts(command, script: script)
            + ["--entrypoint", "/bin/bash", image, "-c", start, name]
            + command.arguments
    }

    /// `podman run` for an interactive shell in the same container. `terminal` is what TERM gets, nil where
    /// standard input is none.
    package static func shell(
        _ command: ContainerCommand, name: String, image: String, script: FilePath, owner: String,
        choice: RuntimeChoice,
        terminal: String?
    ) -> [String] {
        let start = #"echo "the step's command is: bash /in/script${*:+ ${*@Q}}"; exec /bin/bash -i"#
        var values = command.environment
        if let terminal { values["TERM"] = terminal }
        return container(name: name, owner: owner, choice: choice)
            + ["--interactive"] + (terminal == nil ? [] : ["--tty"])
            + variables(values)
            + mounts(command, script: script)
            + ["--entrypoint", "/bin/bash", image]
            + (terminal == nil ? ["-s"] : ["-c", start, name] + command.arguments)
    }

    /// `podman run` for the trial: as a real container, doing nothing.
    package static func trial(name: String, image: String, owner: String, choice: RuntimeChoice) -> [String] {
        container(name: name, owner: owner, choice: choice) + variables([:])
            + ["--entrypoint", "/bin/bash", image, "-c", "exit 0"]
    }

    /// What all containers have in common.
    private static func container(name: String, owner: String, choice: RuntimeChoice) -> [String] {
        var list = ["--log-level", "error"]
        if let runtime = choice.runtime { list += ["--runtime", runtime] }
        list += ["run", "--rm", "--name", name, "--label", "\(ownerLabel)=\(owner)"]
        list += ["--network", "none", "--no-hosts", "--http-proxy=false", "--pull", "never", "--log-driver", "none"]
        list += ["--hostname", "kldload", "--user", "0:0", "--workdir", "/"]
        // podman would lay a file over /etc/passwd of a root that has none yet.
        list += ["--passwd=false", "--image-volume", "ignore", "--no-healthcheck"]
        // podman's own options for it say noexec, and copy into it what the image has there.
        list += ["--tmpfs", "/tmp:rw,exec,nosuid,nodev,mode=1777,notmpcopyup"]
        list += ["--security-opt", "label=disable"]
        for capability in choice.addedCapabilities { list += ["--cap-add", capability] }
        if let limits = choice.limits {
            list += ["--ulimit", "nofile=\(limits.openFiles):\(limits.openFiles)"]
            list += ["--ulimit", "nproc=\(limits.processes):\(limits.processes)"]
        }
        if !choice.cgroups { list.append("--cgroups=disabled") }
        return list
    }

    private static func variables(_ given: [String: String]) -> [String] {
        ContainerCommand.environment.merging(given) { $1 }.sorted { $0.key < $1.key }.flatMap {
            ["--env", "\($0.key)=\($0.value)"]
        }
    }

    private static func mounts(_ command: ContainerCommand, script: FilePath) -> [String] {
        command.mounts.sorted { $0.key < $1.key }.flatMap { bind($0.value, at: "/in/\($0.key)", writable: false) }
            + bind(script, at: "/in/script", writable: false)
            + bind(command.output, at: "/out", writable: true)
    }

    /// `--mount` reads its value as a line of CSV (RFC 4180): what holds a comma or a quote is quoted.
    private static func bind(_ source: FilePath, at target: String, writable: Bool) -> [String] {
        func field(_ text: String) -> String {
            guard text.contains(where: { $0 == "," || $0 == "\"" }) else { return text }
            return "\"" + text.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
        }
        let fields = ["type=bind", field("src=\(source)"), field("dst=\(target)")] + (writable ? [] : ["ro"])
        return ["--mount", fields.joined(separator: ",")]
    }

    /// The name of a container: the process that owns it, something unique, and what it is for. podman allows letters, digits,
    /// `_`, `.` and `-`.
    package static func containerName(process: Int, unique: UInt32, purpose: String) -> String {
        let digits = String(unique, radix: 16)
        let safe = purpose.map { $0.isASCII && ($0.isLetter || $0.isNumber || "_.-".contains($0)) ? $0 : "-" }
        return
            "\(namePrefix)\(process)-\(String(repeating: "0", count: 8 - digits.count))\(digits)-\(String(safe.prefix(80)))"
    }

    /// The process in a name that `containerName` made; nil for one that somebody else thought of.
    package static func process(ofContainer name: String) -> Int? {
        guard name.hasPrefix(namePrefix) else { return nil }
        let parts = name.dropFirst(namePrefix.count).split(
            separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, isHex(parts[1], count: 8) else { return nil }
        return Int(parts[0])
    }

    /// Whether an image of this name was imported by us: `repository` and the first digits of a digest.
    package static func isImported(_ reference: String) -> Bool {
        reference.hasPrefix("\(repository):") && isHex(reference.dropFirst(repository.count + 1), count: 32)
    }

    private static func isHex(_ text: Substring, count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// `podman rm`: ends and removes containers at once; a name that no container has is no error.
    package static func remove(_ names: [String]) -> [String] {
        ["rm", "--force", "--ignore", "--time", "0"] + names
    }

    /// `podman image exists`: its exit status is 0 where the image is there, 1 where it is not.
    package static func imageExists(_ reference: String) -> [String] { ["image", "exists", reference] }

    /// `podman import`: makes the tar archive at `archive` an image of one layer, called `reference`.
    package static func `import`(_ archive: FilePath, as reference: String) -> [String] {
        ["import", "--quiet", archive.string, reference]
    }

    /// `podman pull`: `reference` names the image by digest, "registry.example/debian@sha256:…".
    package static func pull(_ reference: String) -> [String] { ["pull", "--quiet", reference] }

    /// All containers of ours, also those that podman itself knows only half of: a line each with name, a tab, and the
    /// owner's label.
    package static let listContainers = [
        "ps", "--all", "--external", "--no-trunc", "--filter", "name=^\(namePrefix)",
        "--format", "{{.Names}}\t{{index .Labels \"\(ownerLabel)\"}}",
    ]

    /// All images that were imported by us: a line each, "localhost/kldload/rootfs:" and 32 digits.
    package static let listImages = [
        "images", "--filter", "reference=\(repository)", "--format", "{{.Repository}}:{{.Tag}}",
    ]

    /// Prints podman's version: "4.9.3".
    package static let version = ["version", "--format", "{{.Client.Version}}"]
    /// Prints the OCI runtime that podman takes when nothing names one: "crun".
    package static let defaultRuntime = ["info", "--format", "{{.Host.OCIRuntime.Name}}"]
    /// Prints the folder of podman's images and containers, see `StorageSpace`.
    package static let storage = ["info", "--format", "{{.Store.GraphRoot}}"]
}

package import Primitives
package import SystemPackage

/// What root file system a container starts from.
package enum ContainerImage: Hashable, Sendable {
    /// A tar archive in the content store, imported on first use. `digest` is that of the archive's bytes.
    case rootFilesystem(digest: Digest, archive: FilePath)
    /// An image in a registry, "registry.example/debian@sha256:…", pulled on first use.
    case registry(reference: String)
}

/// A command in a container: always without network, in a file system of its own that is thrown away.
///
/// The script runs as root under `bash`, with `/in/<name>` (read-only) for every mount, `/out` to write outputs to,
/// and `/tmp`. Nothing else of the host is visible.
package struct ContainerCommand: Sendable {
    /// What is in the environment of every container unless the command says otherwise.
    package static let environment = [
        "HOME": "/root", "LC_ALL": "C.UTF-8", "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM": "dumb", "TZ": "UTC",
    ]

    /// Unique among running containers; the container is called after it.
    package var name: String
    /// What the container starts from.
    package var image: ContainerImage
    /// A bash script, mounted at /in/script and run as `bash /in/script ARGUMENTS…`.
    package var script: [UInt8]
    /// What the script gets as `$1`, `$2` and so on.
    package var arguments: [String]
    /// Variables beyond those that every container has, or instead of them.
    package var environment: [String: String]
    /// Host folders and files by the name they get under `/in`.
    package var mounts: [String: FilePath]
    /// The host folder that is `/out` in the container; exists already and is empty.
    package var output: FilePath
    /// Where stdout and stderr go, both, in order; created or appended to.
    package var log: FilePath

    package init(
        name: String, image: ContainerImage, script: [UInt8], arguments: [String] = [],
        environment: [String: String] = [:],
        mounts: [String: FilePath], output: FilePath, log: FilePath
    ) {
        self.name = name
        self.image = image
        self.script = script
        self.arguments = arguments
        self.environment = environment
        self.mounts = mounts
        self.output = output
        self.log = log
    }
}

/// Something that runs containers: podman, or a fake in tests.
package protocol ContainerRunner: Sendable {
    /// Runs `command` to its end and returns its exit status; a signalled end is 128 + signal.
    ///
    /// Throws `CancellationError` after killing and removing the container when the task is cancelled, and an error of
    /// its own where the container could not be started at all. `onLine` gets each line of output as it comes.
    func run(_ command: ContainerCommand, onLine: @escaping @Sendable (String) -> Void) async throws -> Int32
    /// An interactive shell in just this container, on the terminal of this process.
    func shell(_ command: ContainerCommand) async throws -> Int32
}

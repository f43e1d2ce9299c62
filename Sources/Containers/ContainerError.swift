package import Primitives
package import SystemPackage

/// Why a container could not be run at all. What a command does *in* a container is no error here: it is an exit status.
package enum ContainerError: UserError {
    /// There is no such program on PATH.
    case podmanMissing(executable: String)
    /// podman cannot be run, or a command of it that must work did not: what was wanted, and what it said.
    case podmanFailed(action: String, messages: [String])
    /// No runtime starts a container on this host: each that was tried, with its own words.
    case noRuntimeWorks(attempts: [RuntimeAttempt])
    /// podman did not start this container, with settings that worked in the trial run.
    case notStarted(container: String, runtime: String, messages: [String])
    /// podman was ended by a signal while the container ran.
    case interrupted(container: String, signal: Int32)
    /// An archive could not be made an image. `storage` says where podman keeps its images, where it could be asked.
    case importFailed(archive: FilePath, messages: [String], storage: StorageSpace?)
    case pullFailed(reference: String, messages: [String], storage: StorageSpace?)
    /// An image of a registry that podman does not have, and must not fetch.
    case imageNotHere(String)
    /// A reference to an image that does not say which bytes are meant.
    case referenceWithoutDigest(String)
    /// Containers that are still there after podman was told to remove them.
    case notRemoved(containers: [String], messages: [String])

    package var what: String {
        switch self {
        case .podmanMissing(let executable):
            "\(executable) is not installed: the steps of a build run in containers, and it makes them"
        case .podmanFailed(let action, _):
            "podman cannot \(action)"
        case .noRuntimeWorks(let attempts):
            attempts.isEmpty
                ? "there is no OCI runtime (runc or crun) on this host, so podman cannot start a container"
                : "podman cannot start a container on this host with any OCI runtime there is"
        case .notStarted(let container, let runtime, _):
            "podman could not start the container \(container) (runtime \(runtime))"
        case .interrupted(let container, let signal):
            "podman was killed by signal \(signal) while the container \(container) ran"
        case .importFailed(let archive, _, _):
            "podman could not import the root file system \(archive)"
        case .pullFailed(let reference, _, _):
            "podman could not pull the image \(reference)"
        case .imageNotHere(let reference):
            "podman does not have the image \(reference), and --offline fetches nothing"
        case .referenceWithoutDigest(let reference):
            "the image \"\(reference)\" is not named by digest, so it can be another one tomorrow"
        case .notRemoved(let containers, _):
            "containers could not be removed: \(containers.joined(separator: ", "))"
        }
    }

    package var details: [String] {
        switch self {
        case .podmanMissing, .interrupted, .referenceWithoutDigest, .imageNotHere: []
        case .podmanFailed(_, let messages), .notStarted(_, _, let messages), .notRemoved(_, let messages): messages
        case .noRuntimeWorks(let attempts): attempts.map { "\($0.settings): \($0.message)" }
        case .importFailed(_, let messages, let storage), .pullFailed(_, let messages, let storage):
            messages + (storage.map { ["podman's storage is \($0.folder), \($0.free) free"] } ?? [])
        }
    }

    package var hint: String? {
        switch self {
        case .podmanMissing: "apt-get install podman runc"
        case .podmanFailed: "`podman info` should work; when it does, build again"
        case .noRuntimeWorks:
            "install another runtime (apt-get install runc), or run on a host where `podman run` works"
        case .notStarted, .interrupted: "build again; the step is run anew"
        case .importFailed(_, _, let storage):
            storage.flatMap { $0.isTooSmall ? Self.fullDisk($0) : nil }
        case .pullFailed(_, _, let storage):
            storage.flatMap { $0.isTooSmall ? Self.fullDisk($0) : nil }
                ?? "`podman login` where the registry wants to know who asks; or let the build make its own image"
        case .imageNotHere:
            "bring it: `podman save` where it is, `podman load` here; or let the build make its own image"
        case .referenceWithoutDigest:
            "write name@sha256:… ; `podman image inspect --format '{{.RepoDigests}}' NAME` shows the digest"
        case .notRemoved(let containers, _):
            "podman rm -f \(containers.joined(separator: " "))"
        }
    }

    package var isUsageError: Bool {
        if case .referenceWithoutDigest = self { true } else { false }
    }

    private static func fullDisk(_ storage: StorageSpace) -> String {
        "make room on the disk that holds \(storage.folder): `podman system prune`, or set graphroot in storage.conf(5)"
    }
}

/// How much room there is where podman keeps its images.
package struct StorageSpace: Hashable, Sendable {
    /// podman's graph root: "/var/lib/containers/storage".
    package let folder: FilePath
    /// What a user may still write there.
    package let free: ByteCount
    /// What the operation needed, at least.
    package let needed: ByteCount

    var isTooSmall: Bool { free < needed }
}

/// A trial run that failed: with what settings, and what podman or the runtime said.
package struct RuntimeAttempt: Hashable, Sendable {
    /// The settings that were tried.
    package let choice: RuntimeChoice
    /// podman's last line, without the words it puts before every error; or that it gave no answer in time.
    package let message: String

    /// "crun, nofile 20000, nproc 32768".
    package var settings: String { choice.settings }
}
